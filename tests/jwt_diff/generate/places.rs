//! One token in a query, a cookie or a header that is written oddly.

use fastrand::Rng;
use serde_json::json;

use super::super::case::{Case, Request, Setup};
use super::super::keyring::Keyring;
use super::super::token::{Draft, ISSUER};
use super::super::written::jwks;
use super::edits::edited;
use super::{REQUESTS, once_in, pick};

/// What is put into a query; `J` is where the token is.
const QUERIES: [&str; 18] = [
    "t=J",
    "a=1&t=J",
    "t=J&a=1",
    "a=%20&t=J&b",
    "t=&t=J",
    "t=J&t=",
    "&t=J",
    "t=J&&",
    "a=1;t=J",
    "t=J#x",
    "#t=J",
    "a?t=J",
    "?t=J",
    "t==J",
    "t=J=",
    "%74=J",
    "t%3dJ",
    "b=2&a=1&c=%26%3d&t=J",
];
const QUERY_EDITS: [&str; 20] = [
    "&", "=", "?", "#", "%", "%2", "%26", "%3D", "%23", "%00", "%0a", "%ff", "+", ";", "/", "t",
    "T", "t=", "&t=x", "%zz",
];
const COOKIES: [&str; 14] = [
    "t=J",
    "a=1; t=J",
    "t=J; a=1",
    "t=\"J\"",
    "t=; t=J",
    "t=J; t=",
    "a=1;t=J",
    " t=J ",
    "t = J",
    "t=J;",
    ";t=J",
    "a; t=J",
    "tt=J",
    "a=\"x; t=J\"",
];
const COOKIE_EDITS: [&str; 14] = [
    ";", "; ", "=", "\"", " ", "t", "t=", ",", "\\", "; t=x", "t=x; ", "\"\"", "%74", "T",
];
const HEADERS: [&str; 12] = [
    "A J", "A  J", "xA J", "A J,", "A J x", "AJ", "A", "A A J", "a J", "J", "A J; A J", "A\tJ",
];
const HEADER_EDITS: [&str; 16] = [
    "A ", "A", " ", ",", ";", "=", "!", ".", "-", "_", "\"", "\t", "a", "/", "+", "é",
];

pub(super) fn setup(random: &mut Rng, keys: &Keyring) -> anyhow::Result<Setup> {
    let rule = json!({"issuer": ISSUER, "jwks": jwks(&json!(["p256"]), keys)?, "forwardOriginalToken": once_in(random, 3),
        "fromHeaders": [{"name": "x-a", "prefix": "A "}, {"name": "x-b"}], "fromParams": ["t"], "fromCookies": ["t"],
        "outputPayloadToHeader": "x-payload"});
    let mut setup = Setup::new("places", vec![rule]);
    for number in 0..REQUESTS {
        let token = Draft::default().token(keys)?;
        let place = random.u8(..3);
        let (patterns, edits): (&[&str], &[&str]) = match place {
            0 => (&QUERIES, &QUERY_EDITS),
            1 => (&COOKIES, &COOKIE_EDITS),
            _ => (&HEADERS, &HEADER_EDITS),
        };
        let mut text = pick(random, patterns).as_bytes().to_vec();
        if !once_in(random, 3) {
            text = edited(random, &text, edits);
        }
        let text = with_token(&text, &token);
        let request = match place {
            0 => Request {
                path: [b"/p?".as_slice(), &text].concat(),
                ..Request::default()
            },
            1 => Request::default().header("cookie", text),
            _ => Request::default().header(if once_in(random, 3) { "x-b" } else { "x-a" }, text),
        };
        setup.cases.push(Case {
            rule: "places, generated".to_owned(),
            name: format!("number {number}"),
            request,
        });
    }
    Ok(setup)
}

fn with_token(text: &[u8], token: &[u8]) -> Vec<u8> {
    let parts: Vec<&[u8]> = text.split(|byte| *byte == b'J').collect();
    parts.join(token)
}
