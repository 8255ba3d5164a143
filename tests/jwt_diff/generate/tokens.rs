//! Tokens that are odd in their base64, their JSON, their claims or their signature.

use fastrand::Rng;
use serde_json::{Value, json};

use super::super::case::{Case, Request, Setup};
use super::super::keyring::Keyring;
use super::super::token::{Change, Draft, ISSUER};
use super::super::written::jwks;
use super::edits::edited;
use super::{REQUESTS, maybe, once_in, pick};

pub(super) const KEYS: [&str; 6] = ["rsa", "p256", "p384", "p521", "ed25519", "secret"];
pub(super) const ALGORITHMS: [&str; 13] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "HS256",
    "HS384", "HS512", "EdDSA",
];
/// `"alg":X`, as text.
const ODD_ALGORITHMS: [&str; 12] = [
    "\"none\"",
    "\"NONE\"",
    "\"\"",
    "\"rs256\"",
    "\"ES256K\"",
    "\"Ed25519\"",
    "\"RS256 \"",
    "null",
    "1",
    "[\"ES256\"]",
    "\"E\\u0053256\"",
    "{}",
];
/// Further members of a header.
const HEADER_MEMBERS: [&str; 16] = [
    "\"kid\":\"a\"",
    "\"kid\":\"\"",
    "\"kid\":null",
    "\"kid\":1",
    "\"kid\":[\"a\"]",
    "\"typ\":\"at+jwt\"",
    "\"typ\":1",
    "\"cty\":\"JWT\"",
    "\"crit\":[\"x\"],\"x\":1",
    "\"b64\":false,\"crit\":[\"b64\"]",
    "\"jku\":\"http://localhost/\"",
    "\"jwk\":{}",
    "\"x5c\":[]",
    "\"zip\":\"DEF\"",
    "\"\":\"\"",
    "\"alg\":\"ES256\"",
];
/// Values of any claim.
const VALUES: [&str; 48] = [
    "0",
    "1",
    "-0",
    "-1",
    "0.5",
    "1.5",
    "-0.5",
    "1e3",
    "1E+2",
    "1e-7",
    "1e999",
    "-1e999",
    "01",
    "+1",
    ".5",
    "1.",
    "1e",
    "0x10",
    "9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "1.8446744073709552e19",
    "1e20",
    "4294967296",
    "<<now+3600>>",
    "<<now-3600>>",
    "<<now+20>>",
    "<<now-20>>",
    "<<now-100>>",
    "<<now+100>>",
    "<<now+3600>>.5",
    "\"<<now+3600>>\"",
    "\"\"",
    "\"a\"",
    "'a'",
    "\"a b  c \"",
    "\" \"",
    "\"\\u0000\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"",
    "\"é\"",
    "\"<<x:ff>>\"",
    "null",
    "true",
    "false",
    "[]",
    "[\"a\",1]",
    "{\"a\":{\"b\":[1,2]}}",
];
pub(super) const CLAIMS: [&str; 12] = [
    "iss",
    "sub",
    "jti",
    "aud",
    "exp",
    "nbf",
    "iat",
    "scope",
    "permission",
    "groups",
    "n",
    "x",
];
/// A whole document, from its members `<<m>>`.
const DOCUMENTS: [&str; 24] = [
    "{<<m>>,}",
    " {<<m>>} ",
    "{<<m>>}\n",
    "<<x:ef>><<x:bb>><<x:bf>>{<<m>>}",
    "[{<<m>>}]",
    "{<<m>>}x",
    "{<<m>>}{}",
    "{<<m>>",
    "/**/{<<m>>}",
    "{<<m>>}//",
    "{<<m>>,'q':'r'}",
    "{<<m>>,q:1}",
    "{<<m>>,\"q\":NaN}",
    "{<<m>>,\"q\":Infinity}",
    "{<<m>>,\"q\":1,\"q\":1}",
    "{<<m>>,\"o\":{\"q\":1,\"q\":1}}",
    "{<<m>>,\"q\":<<98*[>><<98*]>>}",
    "{<<m>>,\"q\":<<99*[>><<99*]>>}",
    "{<<m>>,\"q\":<<100*[>><<100*]>>}",
    "{<<m>>,\"q\":\"\t\"}",
    "{<<m>>,\"q\":\"\\x\"}",
    "{<<m>>,,}",
    "{<<m>>;}",
    "{\"q\":\"\\/\",<<m>>}",
];
/// The whole token.
const COMPACTS: [&str; 20] = [
    ".<<h>>.<<p>>.<<s>>",
    "<<h>>..<<p>>.<<s>>",
    "<<h>>.<<p>>.<<s>>.",
    "<<h>>.<<p>>.",
    "<<h>>.<<p>>",
    "<<h>>.<<p>>.<<s>>.x",
    "<<h>>.<<p>>.<<s>>=",
    "<<h>>.<<p>>.<<s>>==",
    "<<h>>.<<p>>.<<s>>====",
    "<<h>>=.<<p>>.<<s>>",
    "<<h>>.<<p>>=.<<s>>",
    "<<h>>.<<p>>.+<<s>>",
    "<<h>>.<<p>>.<<s>>/",
    "<<h>>.<<p>>.<<s>>,x=1",
    "<<h>>.<<p>>.<<s>> ",
    "<<h>>. <<p>>.<<s>>",
    "<<h>>.<<p>>.<<s>>A",
    "<<h>>.<<s>>.<<p>>",
    "...",
    "<<h>>.<<p>>.<<s>>\t",
];
/// The first or second part.
const PARTS: [&str; 6] = ["<<x>>=", "<<x>>==", "<<x>> ", "<<x>>A", "A<<x>>", "<<x>>+"];
pub(super) const CHANGES: [Change; 10] = [
    Change::FlipFirst,
    Change::FlipLast,
    Change::Truncate,
    Change::Append,
    Change::Prepend,
    Change::PadHalves,
    Change::SwapHalves,
    Change::Der,
    Change::Zero,
    Change::HighS,
];

pub(super) fn setup(random: &mut Rng, keys: &Keyring) -> anyhow::Result<Setup> {
    let set = match random.bool() {
        true => json!(KEYS),
        false => {
            json!([{"key": "rsa", "kid": "a"}, {"key": "p256", "kid": "a", "alg": "ES256"}, {"key": "p384", "kid": "b"}, {"key": "ed25519", "alg": "EdDSA"}, "secret"])
        }
    };
    let rule = json!({"issuer": ISSUER, "jwks": jwks(&set, keys)?, "forwardOriginalToken": random.bool(),
        "outputClaimToHeaders": CLAIMS.map(|claim| json!({"header": format!("x-{claim}"), "claim": claim}))});
    let mut setup = Setup::new("tokens", vec![rule]);
    for number in 0..REQUESTS {
        let draft = draft(random);
        let mut token = draft.token(keys)?;
        if once_in(random, 10) {
            token = edited(
                random,
                &token,
                &[".", "=", " ", "+", "/", "-", "_", "A", "Q", "!", "\t", "~"],
            );
        }
        let value = [b"Bearer ".as_slice(), &token].concat();
        setup.cases.push(Case {
            rule: "tokens, generated".to_owned(),
            name: format!("number {number}"),
            request: Request::default().header("authorization", sendable(value)),
        });
    }
    Ok(setup)
}

// Line ends cannot be sent within a header.
fn sendable(mut value: Vec<u8>) -> Vec<u8> {
    value.retain(|byte| !b"\r\n\0".contains(byte));
    value
}

pub(super) fn draft(random: &mut Rng) -> Draft {
    let mut draft = Draft {
        key: Some((*pick(random, &KEYS)).to_owned()),
        ..Draft::default()
    };
    // One or two things are odd; with more, only the first would be seen.
    for _ in 0..random.u8(1..3) {
        match random.u8(..8) {
            0 => draft.alg = Some((*pick(random, &ALGORITHMS)).to_owned()),
            1 => draft.header = Some(header(random, &draft)),
            2..=3 => draft.payload = Some(payload(random)),
            4 => draft.change.push(*pick(random, &CHANGES)),
            5 => draft.compact = Some((*pick(random, &COMPACTS)).to_owned()),
            6 => draft.h = maybe(random, 2, &PARTS).map(|part| part.replace("<<x>>", "<<h>>")),
            _ => draft.p = maybe(random, 2, &PARTS).map(|part| part.replace("<<x>>", "<<p>>")),
        }
    }
    draft
}

fn header(random: &mut Rng, draft: &Draft) -> String {
    let usual = match draft.key.as_deref() {
        Some("rsa") => "\"RS256\"",
        Some("p384") => "\"ES384\"",
        Some("p521") => "\"ES512\"",
        Some("ed25519") => "\"EdDSA\"",
        Some("secret") => "\"HS256\"",
        _ => "\"ES256\"",
    };
    let algorithm = maybe(random, 3, &ODD_ALGORITHMS).copied().unwrap_or(usual);
    let mut members = format!("\"alg\":{algorithm}");
    while once_in(random, 2) {
        members = format!("{members},{}", pick(random, &HEADER_MEMBERS));
    }
    document(random, &members)
}

fn payload(random: &mut Rng) -> String {
    let mut members = format!("\"iss\":\"{ISSUER}\"");
    for _ in 0..random.u8(1..3) {
        let (name, value) = (*pick(random, &CLAIMS), *pick(random, &VALUES));
        if name != "iss" {
            members = format!("{members},\"{name}\":{value}");
        } else if once_in(random, 4) {
            members = format!("\"iss\":{value}");
        }
    }
    document(random, &members)
}

fn document(random: &mut Rng, members: &str) -> String {
    match maybe(random, 4, &DOCUMENTS) {
        Some(document) => document.replace("<<m>>", members),
        None => format!("{{{members}}}"),
    }
}

/// A value for a claim that is JSON.
pub(super) fn claim(random: &mut Rng) -> Value {
    let parsed = VALUES
        .iter()
        .filter_map(|value| serde_json::from_str(value).ok());
    let parsed: Vec<Value> = parsed.collect();
    pick(random, &parsed).clone()
}
