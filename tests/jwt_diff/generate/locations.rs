//! Tokens in headers with prefixes, in parameters and in cookies, several at once, good and bad.

use fastrand::Rng;
use serde_json::{Value, json};

use super::super::case::{Case, Request, Setup};
use super::super::keyring::{Keyring, base64url};
use super::super::token::{Draft, ISSUER};
use super::super::written::jwks;
use super::{REQUESTS, maybe, once_in, pick};

/// The issuer of a second rule.
pub(super) const OTHER: &str = "https://other.example";

const HEADERS: [&str; 3] = ["authorization", "x-a", "x-b"];
const PREFIXES: [&str; 5] = ["", "Bearer ", "Bearer", "x=", "Token "];
const PARAMETERS: [&str; 3] = ["access_token", "t", "a b"];
const COOKIES: [&str; 2] = ["session", "t"];

pub(super) fn setup(random: &mut Rng, keys: &Keyring) -> anyhow::Result<Setup> {
    let mut rules = vec![rule(random, ISSUER, keys)?];
    // Half of the second rules look where the first one does.
    match random.u8(..4) {
        0 => {}
        1 => rules.push(rule(random, OTHER, keys)?),
        _ => rules.push(of_other_issuer(rules.first())),
    }
    let mut setup = Setup::new("locations", rules);
    for number in 0..REQUESTS {
        setup.cases.push(Case {
            rule: "locations, generated".to_owned(),
            name: format!("number {number}"),
            request: request(random, keys)?,
        });
    }
    Ok(setup)
}

fn rule(random: &mut Rng, issuer: &str, keys: &Keyring) -> anyhow::Result<Value> {
    let mut rule = json!({"issuer": issuer, "jwks": jwks(&json!(["p256"]), keys)?, "forwardOriginalToken": once_in(random, 3),
        "outputPayloadToHeader": if issuer == OTHER { "x-other" } else { "x-payload" }});
    let Some(members) = rule.as_object_mut() else {
        return Ok(rule);
    };
    if once_in(random, 2) {
        let mut headers = Vec::new();
        for name in HEADERS {
            if once_in(random, 2) {
                continue;
            }
            headers.push(json!({"name": name, "prefix": pick(random, &PREFIXES)}));
        }
        members.insert("fromHeaders".to_owned(), json!(headers));
    }
    if once_in(random, 2) {
        let names: Vec<_> = PARAMETERS.iter().filter(|_| random.bool()).collect();
        members.insert("fromParams".to_owned(), json!(names));
    }
    if once_in(random, 2) {
        let names: Vec<_> = COOKIES.iter().filter(|_| random.bool()).collect();
        members.insert("fromCookies".to_owned(), json!(names));
    }
    Ok(rule)
}

fn of_other_issuer(rule: Option<&Value>) -> Value {
    let mut rule = rule.cloned().unwrap_or_default();
    if let Some(members) = rule.as_object_mut() {
        members.insert("issuer".to_owned(), json!(OTHER));
        members.insert("outputPayloadToHeader".to_owned(), json!("x-other"));
    }
    rule
}

pub(super) fn request(random: &mut Rng, keys: &Keyring) -> anyhow::Result<Request> {
    let mut request = Request::default();
    let mut query = Vec::new();
    for _ in 0..random.u8(1..4) {
        let token = String::from_utf8_lossy(&token(random, keys)?).into_owned();
        match random.u8(..5) {
            0..=1 => {
                let name = *pick(random, &HEADERS);
                let before = *pick(
                    random,
                    &[
                        "",
                        "Bearer ",
                        "Bearer ",
                        "bearer ",
                        "Bearer",
                        "Basic Bearer ",
                        "x=",
                        "Bearer  ",
                        "Token Bearer !",
                        "Bearer\t",
                    ],
                );
                let after = *pick(random, &["", "", "", "", ",x=1", " ", ";", "\""]);
                request = request.header(name, format!("{before}{token}{after}"));
            }
            2..=3 => {
                let name = *pick(
                    random,
                    &[
                        "access_token",
                        "access_token",
                        "t",
                        "a%20b",
                        "a+b",
                        "access%5Ftoken",
                        "%74",
                        "T",
                    ],
                );
                query.push(format!("{name}={}", encoded(random, &token)));
            }
            _ => {
                let name = *pick(random, &COOKIES);
                let quote = *pick(random, &["", "", "\"", " "]);
                let before = *pick(random, &["", "other=1; ", "t=; ", ";"]);
                request = request.header("cookie", format!("{before}{name}={quote}{token}{quote}"));
            }
        }
    }
    let further = [
        "b=1",
        "flag",
        "b=%41",
        "b=a%2fb",
        "b=%26x",
        "",
        "access_token=",
        "z=%20",
        "b=+",
    ];
    query.extend(maybe(random, 2, &further).map(|pair| (*pair).to_owned()));
    random.shuffle(&mut query);
    if !query.is_empty() {
        request.path = format!("/p?{}", query.join("&")).into_bytes();
    }
    if once_in(random, 12) {
        request.method = "OPTIONS".to_owned();
        request = request.header("origin", "https://a.example");
        request = request.header("access-control-request-method", *pick(random, &["GET", ""]));
    }
    Ok(request)
}

fn encoded(random: &mut Rng, token: &str) -> String {
    match random.u8(..4) {
        0 => token.replace('.', "%2e"),
        1 => token.replace('.', "%2E").replacen('e', "%65", 1),
        _ => token.to_owned(),
    }
}

fn token(random: &mut Rng, keys: &Keyring) -> anyhow::Result<Vec<u8>> {
    let claims = |text: Value| text.as_object().cloned().unwrap_or_default();
    let draft = match random.u8(..10) {
        0..=3 => Draft::default(),
        4..=5 => Draft {
            claims: claims(json!({"iss": OTHER})),
            ..Draft::default()
        },
        6 => Draft {
            claims: claims(json!({"exp": 1})),
            ..Draft::default()
        },
        7 => Draft {
            key: Some("p256-other".to_owned()),
            ..Draft::default()
        },
        8 => Draft {
            claims: claims(json!({"iss": "https://nobody.example"})),
            ..Draft::default()
        },
        _ => return Ok(base64url(b"opaque").into_bytes()),
    };
    draft.token(keys)
}
