//! One to three rules with audiences, outputs and lists, and good tokens with any claims.

use fastrand::Rng;
use serde_json::{Value, json};

use super::super::case::{Case, Request, Setup};
use super::super::keyring::Keyring;
use super::super::token::{Draft, ISSUER};
use super::super::written::jwks;
use super::locations::OTHER;
use super::tokens::{CLAIMS, claim};
use super::{REQUESTS, maybe, once_in, pick};

const ISSUERS: [&str; 4] = [ISSUER, OTHER, "", "https://third.example"];
const AUDIENCES: [&str; 8] = [
    "a",
    "A",
    "https://a",
    "http://a/",
    "a/",
    "https://a//",
    "b",
    "https://",
];
const PATHS: [&str; 8] = ["sub", "n", "x", "x.a", "x.a.b", "groups", "n.a", "scope"];

pub(super) fn setup(random: &mut Rng, keys: &Keyring) -> anyhow::Result<Setup> {
    let count = random.usize(1..4);
    let mut issuers = ISSUERS;
    random.shuffle(&mut issuers);
    let known: Vec<&str> = issuers.into_iter().take(count).collect();
    let rules = known.iter().map(|issuer| rule(random, issuer, keys));
    let mut setup = Setup::new("rules", rules.collect::<anyhow::Result<_>>()?);
    for number in 0..REQUESTS {
        setup.cases.push(Case {
            rule: "rules, generated".to_owned(),
            name: format!("number {number}"),
            request: request(random, &known, keys)?,
        });
    }
    Ok(setup)
}

fn key_of(issuer: &str) -> &'static str {
    if issuer == OTHER { "ed25519" } else { "p256" }
}

fn rule(random: &mut Rng, issuer: &str, keys: &Keyring) -> anyhow::Result<Value> {
    let key = key_of(issuer);
    let mut rule = json!({"issuer": issuer, "jwks": jwks(&json!([key]), keys)?, "forwardOriginalToken": random.bool()});
    let Some(members) = rule.as_object_mut() else {
        return Ok(rule);
    };
    if once_in(random, 2) {
        let audiences: Vec<_> = AUDIENCES.iter().filter(|_| once_in(random, 3)).collect();
        members.insert("audiences".to_owned(), json!(audiences));
    }
    if once_in(random, 2) {
        members.insert(
            "outputPayloadToHeader".to_owned(),
            json!(pick(random, &["x-payload", "X-Payload-2"])),
        );
    }
    let mut outputs = Vec::new();
    for path in PATHS {
        if once_in(random, 2) {
            let header = format!("x-{}", pick(random, &["1", "2", "3", "4", "5"]));
            outputs.push(json!({"header": header, "claim": path}));
        }
    }
    members.insert("outputClaimToHeaders".to_owned(), json!(outputs));
    if once_in(random, 3) {
        members.insert("spaceDelimitedClaims".to_owned(), json!(["groups", "n"]));
    }
    Ok(rule)
}

fn request(random: &mut Rng, rules: &[&str], keys: &Keyring) -> anyhow::Result<Request> {
    let mut draft = Draft::default();
    let issuer = *match once_in(random, 4) {
        true => pick(random, &ISSUERS),
        false => pick(random, rules),
    };
    draft.claims.insert("iss".to_owned(), json!(issuer));
    let signer = if once_in(random, 6) { OTHER } else { issuer };
    draft.key = Some(key_of(signer).to_owned());
    if once_in(random, 2) {
        let mut audiences: Vec<_> = AUDIENCES.iter().filter(|_| once_in(random, 3)).collect();
        let value = match audiences.len() {
            1 => json!(audiences.pop()),
            _ => json!(audiences),
        };
        draft.claims.insert("aud".to_owned(), value);
    }
    for _ in 0..random.u8(..4) {
        let name = *pick(random, &CLAIMS);
        if !["iss", "aud"].contains(&name) {
            draft.claims.insert(name.to_owned(), claim(random));
        }
    }
    let mut request = Request::default();
    if !once_in(random, 10) {
        let value = [b"Bearer ".as_slice(), &draft.token(keys)?].concat();
        request = request.header("authorization", value);
    }
    // What a client has no right to say.
    if let Some(name) = maybe(random, 4, &["x-payload", "X-1", "x-2", "x-payload-2"]) {
        request = request.header(name, "spoofed");
    }
    if once_in(random, 8) {
        request.method = "POST".to_owned();
        request = request.header("content-type", "application/grpc");
        request = request.header("content-length", "0");
    }
    Ok(request)
}
