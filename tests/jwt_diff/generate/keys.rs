//! Key sets with the same `kid` twice, members missing, keys of other uses and keys that cannot be read, and tokens of
//! any algorithm and `kid`.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::super::case::{Case, Request, Setup};
use super::super::keyring::Keyring;
use super::super::token::{Draft, ISSUER};
use super::super::written::jwks;
use super::tokens::{ALGORITHMS, CHANGES};
use super::{REQUESTS, maybe, once_in, pick};

const KEYS: [&str; 10] = [
    "rsa",
    "rsa-other",
    "rsa-1024",
    "rsa-e3",
    "p256",
    "p256-other",
    "p384",
    "p521",
    "ed25519",
    "secret",
];
const KIDS: [&str; 4] = ["a", "b", "A", ""];

pub(super) fn setup(random: &mut Rng, keys: &Keyring) -> anyhow::Result<Setup> {
    // The first one is good, so that the set is.
    let mut set = vec![json!({"key": pick(random, &KEYS), "kid": "a"})];
    for _ in 0..random.u8(1..5) {
        set.insert(random.usize(..=set.len()), entry(random, keys)?);
    }
    let rule = json!({"issuer": ISSUER, "jwks": jwks(&json!(set), keys)?});
    let mut setup = Setup::new("keys", vec![rule]);
    for number in 0..REQUESTS {
        let token = draft(random, &set).token(keys)?;
        let value = [b"Bearer ".as_slice(), &token].concat();
        setup.cases.push(Case {
            rule: "key sets, generated".to_owned(),
            name: format!("number {number}"),
            request: Request::default().header("authorization", value),
        });
    }
    Ok(setup)
}

fn entry(random: &mut Rng, keys: &Keyring) -> anyhow::Result<Value> {
    let name = *pick(random, &KEYS);
    let mut members = Map::new();
    members.insert("key".to_owned(), json!(name));
    if once_in(random, 2) {
        members.insert("kid".to_owned(), json!(pick(random, &KIDS)));
    }
    if once_in(random, 3) {
        members.insert("alg".to_owned(), json!(pick(random, &ALGORITHMS)));
    }
    let further = [
        ("use", json!("enc")),
        ("use", json!("sig")),
        ("key_ops", json!(["encrypt"])),
        ("kid", json!(7)),
        ("kid", json!(null)),
        ("alg", json!("RSXYZ")),
        ("alg", json!("")),
        ("alg", json!(1)),
        ("crv", json!("P-256")),
        ("crv", json!("")),
        ("crv", json!(null)),
        ("kty", json!("EC")),
        ("kty", json!("ec")),
        ("kty", json!(null)),
        ("e", json!("AQAB")),
        ("e", json!("Aw")),
        ("e", json!("BQ")),
        ("n", json!("AQ")),
        ("x", json!("AA")),
        ("x", json!("")),
        ("k", json!("")),
        ("k", json!("a+b")),
        ("d", json!("AA")),
        ("x5c", json!(["AA"])),
    ];
    if let Some((name, value)) = maybe(random, 3, &further) {
        members.insert((*name).to_owned(), value.clone());
    }
    // Numbers with zeros before them.
    if once_in(random, 8)
        && let Some(x) = keys.get(name)?.jwk().get("x").and_then(Value::as_str)
    {
        members.insert("x".to_owned(), json!(format!("AAAA{x}")));
    }
    Ok(Value::Object(members))
}

// Signed by one of the set, mostly.
fn draft(random: &mut Rng, set: &[Value]) -> Draft {
    let of_set = pick(random, set).get("key").and_then(Value::as_str);
    let key = match once_in(random, 6) {
        true => Some(*pick(random, &KEYS)),
        false => of_set,
    };
    let mut draft = Draft {
        key: key.map(str::to_owned),
        kid: maybe(random, 2, &KIDS).map(|kid| (*kid).to_owned()),
        alg: maybe(random, 3, &ALGORITHMS).map(|alg| (*alg).to_owned()),
        ..Draft::default()
    };
    // Half of the algorithms that do not fit the key are signed as if they did, as far as that is possible.
    if draft.alg.is_some() && once_in(random, 3) {
        draft.sign = Some((*pick(random, &ALGORITHMS)).to_owned());
    }
    // PSS over SHA-512 has no room in 1024 bits.
    if key == Some("rsa-1024") {
        draft.sign = Some("RS256".to_owned());
    }
    draft.change.extend(maybe(random, 4, &CHANGES));
    draft
}
