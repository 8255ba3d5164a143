//! `jwt`: keys, key sets and tokens that are made, and what `inspect` says of them.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::command::Folder;

const ALGORITHMS: [&str; 13] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "HS256",
    "HS384", "HS512", "EdDSA",
];

/// The same P-384 key: private as SEC 1 has it, public, and in a certificate.
const P384: &[u8] = include_bytes!("keys/p384.pem");
const P384_PUBLIC: &[u8] = include_bytes!("keys/p384.pub.pem");
const P384_CERTIFICATE: &[u8] = include_bytes!("keys/p384.crt.pem");

/// Two rules with inline keys: that of `key.pem`, and none that anybody has.
struct Shop(Folder);

// === impl Shop ===

impl Shop {
    fn new() -> Self {
        let folder = Folder::with(&[]);
        keygen(&folder, "ES256", "key.pem");
        let keys = folder.run(&["jwt", "jwks", "key.pem"]).text;
        let rule = json!({
            "issuer": "joe", "jwks": keys, "audiences": ["https://shop/"], "requiredClaims": ["shop.id"],
            "fromHeaders": [{"name": "X-Token"}],
        });
        let configuration = json!({ "jwtRules": [rule] });
        write(&folder, "jwt.json", &configuration.to_string());
        Self(folder)
    }

    /// A token that is good but for these arguments, which come last.
    fn token(&self, arguments: &[&str]) -> String {
        let good = ["jwt", "sign", "--key", "key.pem"];
        let good = [
            &good[..],
            &["--claims", r#"{"iss":"joe","aud":"shop","shop":{"id":7}}"#],
        ]
        .concat();
        self.0.run(&[&good, arguments].concat()).text
    }

    #[track_caller]
    fn says(&self, token: &str, code: i32, parts: &[&str]) -> String {
        let inspect = ["jwt", "inspect", token, "--configuration", "jwt.json"];
        let seen = self.0.run(&inspect);
        seen.has(code, parts);
        seen.text
    }
}

fn keygen(folder: &Folder, algorithm: &str, file: &str) {
    let seen = folder.run(&["jwt", "keygen", "--algorithm", algorithm, "--out", file]);
    seen.has(0, &[&format!("host-runner jwt jwks {file}")]);
}

fn write(folder: &Folder, name: &str, text: &str) {
    fs::write(folder.path().join(name), text).unwrap();
}

fn keys(text: &str) -> Vec<Value> {
    let set: Value = serde_json::from_str(text).unwrap();
    set.pointer("/keys")
        .and_then(Value::as_array)
        .cloned()
        .unwrap()
}

#[test]
fn a_token_of_every_algorithm_passes_with_its_own_key() {
    for algorithm in ALGORITHMS {
        let folder = Folder::with(&[]);
        keygen(&folder, algorithm, "key.pem");
        let sign = ["jwt", "sign", "--key", "key.pem", "--algorithm", algorithm];
        let token = folder.run(&[&sign[..], &["--kid", "key", "--issuer", "joe"]].concat());
        let jwks = folder.run(&["jwt", "jwks", "key.pem", "--secret"]);
        let rule = json!({ "issuer": "joe", "jwks": jwks.text });
        let configuration = json!({ "jwtRules": [rule], "compat": "strict" });
        write(&folder, "jwt.json", &configuration.to_string());
        let token = token.text.trim();
        let seen = folder.run(&["jwt", "inspect", token, "--configuration", "jwt.json"]);
        seen.has(
            0,
            &[
                "passes: jwt.valid by jwtRules[0]",
                "key `key`, ",
                ": verifies",
            ],
        );
        assert!(
            seen.text.contains(&format!("\"alg\":\"{algorithm}\"")),
            "{}",
            seen.text
        );
    }
}

#[test]
fn a_new_key_is_for_its_owner_alone_and_replaces_nothing() {
    let folder = Folder::with(&[]);
    keygen(&folder, "EdDSA", "key.pem");
    let path = folder.path().join("key.pem");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let key = fs::read_to_string(&path).unwrap();
    assert!(key.starts_with("-----BEGIN PRIVATE KEY-----\n"), "{key}");
    let again = ["jwt", "keygen", "--algorithm", "ES256", "--out", "key.pem"];
    folder
        .run(&again)
        .has(2, &["cannot make the key file `key.pem`", "exists"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), key);
    let printed = folder.run(&["jwt", "keygen", "--algorithm", "ES384", "--out", "-"]);
    printed.has(0, &["-----END PRIVATE KEY-----\n"]);
}

#[test]
fn a_key_set_has_public_members_only() {
    let folder = Folder::with(&[]);
    for (algorithm, file) in [("RS256", "r.pem"), ("ES512", "e.pem"), ("EdDSA", "o.pem")] {
        keygen(&folder, algorithm, file);
    }
    let seen = folder.run(&["jwt", "jwks", "r.pem", "e.pem", "o.pem", "--secret"]);
    let names = |key: &Value| {
        let members = key.as_object().unwrap();
        members.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    let members: Vec<String> = keys(&seen.text).iter().map(names).collect();
    // An RSA key is for six algorithms, so it names none.
    let expected = [
        "e kid kty n use",
        "alg crv kid kty use x y",
        "alg crv kid kty use x",
    ];
    assert_eq!(members, expected);
}

#[test]
fn a_secret_comes_out_only_when_it_is_asked_for() {
    let folder = Folder::with(&[]);
    keygen(&folder, "HS384", "s");
    let secret = fs::read_to_string(folder.path().join("s")).unwrap();
    let seen = folder.run(&["jwt", "jwks", "s"]);
    seen.has(2, &["in the key file `s`", "`--secret`"]);
    assert!(!seen.text.contains(secret.trim()), "{}", seen.text);
    let [key] = &keys(&folder.run(&["jwt", "jwks", "s", "--secret"]).text)[..] else {
        panic!("one key")
    };
    assert_eq!(key.pointer("/k").unwrap(), secret.trim());
}

#[test]
fn public_keys_and_certificates_give_what_the_private_key_gives() {
    let folder = Folder::with(&[
        ("a.pem", P384),
        ("b.pem", P384_PUBLIC),
        ("c.pem", P384_CERTIFICATE),
    ]);
    let seen = folder.run(&["jwt", "jwks", "a.pem", "b.pem", "c.pem"]);
    let keys = keys(&seen.text);
    let member = |name: &str| {
        let members = keys.iter().map(|key| key.get(name).unwrap());
        members.filter_map(Value::as_str).collect::<Vec<_>>()
    };
    assert_eq!(member("kid"), ["a", "b", "c"]);
    assert_eq!(member("alg"), ["ES384"; 3]);
    let x = "HqywupioGheYW0tEGRUE-5UdhwSSUne8ZQCx46sCAcVPo1u5Idv1WyH_M5U1TjGJ";
    assert_eq!(member("x"), [x; 3]);
    let named = ["jwt", "jwks", "a.pem", "b.pem", "--thumbprint"];
    folder
        .run(&named)
        .has(2, &["`b.pem`: a second key with the `kid`"]);
}

#[test]
fn claims_come_from_everywhere_and_the_particular_wins() {
    let shop = Shop::new();
    let claims = [
        "--claim",
        "n=1",
        "--claim",
        "admin=true",
        "--claim",
        "t=now-10m",
    ];
    let names = ["--subject", "you", "--audience", "shop", "--audience", "x"];
    let token = shop.token(&[&claims[..], &names].concat());
    let seen = shop.says(token.trim(), 0, &["passes"]);
    let line = seen.lines().find_map(|line| line.strip_prefix("claims "));
    let found: Value = serde_json::from_str(line.unwrap()).unwrap();
    let time = |name: &str| found.get(name).and_then(Value::as_u64).unwrap();
    let expected = json!({
        "n": 1, "admin": true, "t": time("iat") - 600, "sub": "you", "aud": ["shop", "x"], "iss": "joe",
        "shop": {"id": 7}, "iat": time("iat"), "exp": time("iat") + 3600,
    });
    assert_eq!(found, expected);
    let never = shop.token(&["--claim", "exp=now+5m", "--expires-in", "never"]);
    shop.says(never.trim(), 0, &["no `nbf` nor `exp`"]);
    let own = shop.token(&["--claim", "exp=now+10d"]);
    shop.says(own.trim(), 0, &["days)"]);
}

#[test]
fn a_token_that_passes_says_what_the_upstream_gets() {
    let shop = Shop::new();
    let token = shop.token(&[]);
    let seen = shop.says(
        token.trim(),
        0,
        &[
            "token in the header `x-token`\n",
            "ok  audience   one of `shop`, found \"shop\"",
            "ok  claims     there are `shop.id`",
            "key `key`, EC on P-256: verifies",
            "the upstream does not get x-token",
            "signature  64 bytes",
        ],
    );
    let signature = token.trim().rsplit('.').next().unwrap();
    assert!(!seen.contains(signature), "{seen}");
}

#[test]
fn a_token_that_is_refused_says_why() {
    let shop = Shop::new();
    keygen(&shop.0, "ES256", "other.pem");
    for (arguments, refusal) in [
        (&["--expires-in", "-1h"][..], "NO  time       `exp`"),
        (
            &["--claim", "nbf=now+1h"],
            "Jwt not yet valid (jwt.not_yet_valid)",
        ),
        (
            &["--audience", "mall"],
            "NO  audience   one of `shop`, found \"mall\"",
        ),
        (
            &["--issuer", "jack"],
            "NO  issuer     `joe`, found \"jack\"",
        ),
        (
            &["--claim", "shop=null"],
            "NO  claims     there are `shop.id`",
        ),
        (
            &["--claim", "aud=1"],
            "NO  form       three parts: Jwt payload [aud]",
        ),
        (
            &["--kid", "old"],
            "key `key`, EC on P-256: the token names another `kid`",
        ),
    ] {
        let seen = shop.says(shop.token(arguments).trim(), 1, &[refusal, "refused: jwt."]);
        assert_eq!(seen.matches("\n  NO ").count(), 1, "{seen}");
    }
    let forged = ["jwt", "sign", "--key", "other.pem", "--issuer", "joe"];
    let forged = shop.0.run(
        &[
            &forged[..],
            &["--audience", "shop", "--claim", "shop={\"id\":7}"],
        ]
        .concat(),
    );
    let refused = [
        "key `key`, EC on P-256: Jwt verification fails",
        "  401 Jwt verification fails",
    ];
    shop.says(forged.text.trim(), 1, &refused);
    let mall = shop.token(&["--audience", "mall"]);
    shop.says(
        mall.trim(),
        1,
        &[
            "refused: jwt.bad_audience by jwtRules[0]",
            "  403 Audiences in Jwt",
        ],
    );
    shop.says("a.b", 1, &["  401 Jwt is not in the form of"]);
}

#[test]
fn what_a_token_says_does_not_steer_the_terminal() {
    let shop = Shop::new();
    let token = shop.token(&["--issuer", "j\u{f6}e\u{9b}31m\u{202e}"]);
    let seen = shop.says(token.trim(), 1, &["j\u{f6}e\\u{9b}31m"]);
    assert!(!seen.contains(['\u{9b}', '\u{202e}']), "{seen}");
}

#[test]
fn the_time_can_be_another_one() {
    let shop = Shop::new();
    let token = shop.token(&["--claim", "exp=1700000000"]);
    let at = |now: &str, code: i32, part: &str| {
        let inspect = [
            "jwt",
            "inspect",
            token.trim(),
            "--configuration",
            "jwt.json",
        ];
        shop.0
            .run(&[&inspect[..], &["--now", now]].concat())
            .has(code, &[part]);
    };
    // A leeway of 60 seconds (rule J27).
    at("1700000060", 0, "2023-11-14T22:13:20Z (1m ago)");
    at("2023-11-14T22:14:21Z", 1, "Jwt is expired (jwt.expired)");
}

#[test]
fn a_token_is_read_from_standard_input() {
    let shop = Shop::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_host-runner"));
    command.args(["jwt", "inspect", "-", "--configuration", "jwt.json"]);
    command
        .current_dir(shop.0.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let token = format!("Bearer {}", shop.token(&[]));
    child
        .stdin
        .take()
        .unwrap()
        .write_all(token.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let seen = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(seen.contains("passes: jwt.valid"), "{seen}");
}

const RESOURCE: &str = "\
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: a, namespace: foo}
spec:
  selector: {matchLabels: {app: x}}
  jwtRules: [{issuer: joe, jwksUri: 'https://joe.example/keys'}]
";

#[test]
fn istio_resources_apply_to_the_workload_that_is_named() {
    let shop = Shop::new();
    write(&shop.0, "a.yaml", RESOURCE);
    let token = shop.token(&[]);
    let inspect = |more: &[&str]| {
        let fixed = ["jwt", "inspect", token.trim(), "--configuration", "a.yaml"];
        shop.0.run(&[&fixed[..], more].concat())
    };
    let workload = ["--namespace", "foo", "--label", "app=x"];
    inspect(&[]).has(
        2,
        &["a.yaml: no RequestAuthentication", "namespace `default`"],
    );
    let missing = [
        "the keys are not there",
        "https://joe.example/keys",
        "`--jwks FILE`",
    ];
    inspect(&workload).has(2, &missing);
    let keys = shop.0.run(&["jwt", "jwks", "key.pem"]).text;
    write(&shop.0, "keys.json", &keys);
    let given = [&workload[..], &["--jwks", "keys.json"]].concat();
    inspect(&given).has(0, &["token in the header `authorization`, after `Bearer `"]);
    write(
        &shop.0,
        "a.yaml",
        &RESOURCE.replace("issuer: joe", "issuer: [joe]"),
    );
    inspect(&workload).has(2, &["a.yaml:6:", "/spec/jwtRules/0/issuer", "^"]);
}

#[test]
fn mistakes_are_named_with_their_place() {
    let shop = Shop::new();
    write(&shop.0, "bad.json", "{\"jwtRules\": [{\"issuer\": 1}]}");
    write(&shop.0, "empty.pem", "");
    let run = |arguments: &str, parts: &[&str]| {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        shop.0
            .run(&[&["jwt"], &arguments[..]].concat())
            .has(2, parts);
    };
    run("keygen --algorithm none", &["'none'", "RS256", "EdDSA"]);
    run(
        "keygen --algorithm ES256 --out no/key.pem",
        &["cannot make the key file `no/key.pem`"],
    );
    run("sign --key no.pem", &["cannot read the key `no.pem`"]);
    run(
        "sign --key empty.pem",
        &["in the key file `empty.pem`: expected a key in PEM"],
    );
    run(
        "sign --key jwt.json",
        &[
            "in the key file `jwt.json`",
            "expected a secret in base64url",
        ],
    );
    run(
        "sign --key key.pem --algorithm RS256",
        &["the key signs ES256, not `RS256`"],
    );
    run(
        "sign --key key.pem --algorithm ES384",
        &["the key signs ES256, not `ES384`"],
    );
    run(
        "sign --key key.pem --claim sub",
        &["`--claim sub`: expected `name=value`"],
    );
    run(
        "sign --key key.pem --claim t=now+1y",
        &["`--claim t=now+1y`: expected a time"],
    );
    run(
        "sign --key key.pem --claims no.json",
        &["cannot read the claims `no.json`"],
    );
    run(
        "sign --key key.pem --claims {",
        &["`--claims`: expected claims as a JSON object"],
    );
    run(
        "sign --key key.pem --expires-in soon",
        &["`--expires-in soon`: expected a time"],
    );
    run(
        "jwks key.pem key.pem",
        &["`key.pem`: a second key with the `kid` `key`"],
    );
    run("inspect a.b", &["--configuration <FILE>"]);
    run(
        "inspect a.b --configuration bad.json",
        &["bad.json:1:", "at /jwtRules/0/issuer", "^"],
    );
    run(
        "inspect a.b --configuration no.yaml",
        &["no.yaml", "cannot read it"],
    );
    run(
        "inspect a.b --configuration jwt.json --label a=b",
        &["are for Istio resources"],
    );
    run(
        "inspect a.b --configuration jwt.json --now soon",
        &["expected a time"],
    );
    run(
        "inspect a.b --configuration jwt.json --jwks bad.json",
        &["the key set `bad.json`: "],
    );
}
