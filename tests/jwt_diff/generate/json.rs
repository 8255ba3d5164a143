//! JSON as it is, as Envoy's lax reader takes it, and as neither does: what becomes of each claim in a header and in the
//! payload for later filters.

use fastrand::Rng;
use serde_json::json;

use super::super::case::{Case, Request, Setup};
use super::super::keyring::Keyring;
use super::super::token::Draft;
use super::super::written::jwks;
use super::edits::edited;
use super::{REQUESTS, maybe, once_in, pick};

const NAMES: [&str; 5] = ["n", "x", "scope", "exp", "a b"];
const STRINGS: [&str; 24] = [
    "a",
    "a b",
    "",
    "é",
    "😀",
    "\\n",
    "\\u0041",
    "\\ud83d\\ude00",
    "\\ud83d",
    "\\u0000",
    "\\/",
    "\\\"",
    "\\'",
    "'",
    "\t",
    "\u{1}",
    "\u{7f}",
    "\\x",
    "\\u12",
    "<<x:ff>>",
    "<<x:c0>><<x:80>>",
    "//",
    "\\b",
    "\u{2028}",
];
const EDITS: [&str; 40] = [
    "{", "}", "[", "]", ":", ",", "\"", "'", "\\", " ", "\t", "\n", "\r", "0", "1", "9", "-", "+",
    ".", "e", "E", "a", "u", "n", "null", "true", "false", "NaN", "Infinity", "/", "*", "#", "_",
    "$", "\u{1}", "\u{c}", "\u{a0}", "\u{feff}", "é", "\u{85}",
];

pub(super) fn setup(random: &mut Rng, keys: &Keyring) -> anyhow::Result<Setup> {
    let outputs = ["n", "x", "scope", "n.x", "x.n"];
    let outputs = outputs
        .map(|claim| json!({"header": format!("x-{}", claim.replace('.', "-")), "claim": claim}));
    // Of any issuer, so that more than the issuer is looked at.
    let rule = json!({"issuer": "", "jwks": jwks(&json!(["ed25519"]), keys)?, "outputClaimToHeaders": outputs});
    let mut setup = Setup::new("JSON", vec![rule]);
    for number in 0..REQUESTS {
        let draft = Draft {
            key: Some("ed25519".to_owned()),
            payload: Some(text(random)),
            header: once_in(random, 6).then(|| header(random)),
            ..Draft::default()
        };
        let value = [b"Bearer ".as_slice(), &draft.token(keys)?].concat();
        setup.cases.push(Case {
            rule: "JSON, generated".to_owned(),
            name: format!("number {number}"),
            request: Request::default().header("authorization", value),
        });
    }
    Ok(setup)
}

fn header(random: &mut Rng) -> String {
    let edited = edited(random, b"{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}", &EDITS);
    String::from_utf8_lossy(&edited).into_owned()
}

// Half of them as the grammar has them.
fn text(random: &mut Rng) -> String {
    let text = object(random, 0);
    if once_in(random, 2) || text.contains("<<") {
        return text;
    }
    let edited = edited(random, text.as_bytes(), &EDITS);
    String::from_utf8_lossy(&edited)
        .replace("<<", "<")
        .replace(">>", ">")
}

fn object(random: &mut Rng, depth: u8) -> String {
    let members = (0..random.u8(..4)).map(|_| {
        let name = *pick(random, &NAMES);
        let name = match random.u8(..12) {
            0 => format!("'{name}'"),
            1 => name.to_owned(),
            _ => format!("\"{name}\""),
        };
        format!("{name}:{}", value(random, depth))
    });
    let members = members.collect::<Vec<_>>().join(",");
    format!(
        "{{{members}{}}}",
        maybe(random, 12, &[",", " ", ",,"])
            .copied()
            .unwrap_or_default()
    )
}

fn value(random: &mut Rng, depth: u8) -> String {
    match random.u8(..12) {
        0 if depth < 3 => object(random, depth + 1),
        1 if depth < 3 => {
            let items = (0..random.u8(..3)).map(|_| value(random, depth + 1));
            let items = items.collect::<Vec<_>>().join(",");
            format!(
                "[{items}{}]",
                maybe(random, 12, &[",", " "]).copied().unwrap_or_default()
            )
        }
        2 => (*pick(
            random,
            &["true", "false", "null", "True", "nul", "NaN", "undefined"],
        ))
        .to_owned(),
        3..=5 => string(random),
        _ => number(random),
    }
}

fn string(random: &mut Rng) -> String {
    let quote = if once_in(random, 10) { "'" } else { "\"" };
    let pieces: String = (0..random.u8(..3))
        .map(|_| *pick(random, &STRINGS))
        .collect();
    format!("{quote}{pieces}{quote}")
}

fn number(random: &mut Rng) -> String {
    let digits = |random: &mut Rng, most: u8| {
        let count = random.u8(1..=most);
        (0..count)
            .map(|_| char::from(random.u8(b'0'..=b'9')))
            .collect::<String>()
    };
    let sign = *pick(random, &["", "", "", "-", "-", "+"]);
    let most = *pick(random, &[1, 3, 10, 16, 20, 22]);
    let mut whole = digits(random, most);
    if !once_in(random, 20) && whole.len() > 1 {
        let kept = whole.trim_start_matches('0');
        whole = if kept.is_empty() {
            "0".to_owned()
        } else {
            kept.to_owned()
        };
    }
    let fraction = match random.u8(..4) {
        0 => format!(".{}", digits(random, 9)),
        1 if once_in(random, 6) => ".".to_owned(),
        _ => String::new(),
    };
    let exponent = match random.u8(..5) {
        0 => format!(
            "{}{}{}",
            pick(random, &["e", "E"]),
            pick(random, &["", "+", "-"]),
            digits(random, 2)
        ),
        1 if once_in(random, 8) => {
            pick(random, &["e", "e400", "e-400", "e+308", "e-308", "e309"]).to_string()
        }
        _ => String::new(),
    };
    format!("{sign}{whole}{fraction}{exponent}")
}
