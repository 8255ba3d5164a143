//! Properties of random policies and requests.
//! The alphabets are small, so that random values meet each other often.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const TEXT: [&str; 12] = [
    "a", "b", "a*", "*b", "*", "ab", "a/b", "a/*", "*/b", "/a", "/a*", "default",
];
const BLOCKS: [&str; 5] = [
    "10.0.0.1",
    "10.0.0.0/8",
    "::/0",
    "0.0.0.0/0",
    "192.0.2.0/24",
];

/// A field, its negation, and whether its values are text, address blocks or ports.
const FIELDS: [(&str, &str, &[&str]); 9] = [
    ("principals", "notPrincipals", &TEXT),
    ("requestPrincipals", "notRequestPrincipals", &TEXT),
    ("namespaces", "notNamespaces", &TEXT),
    ("ipBlocks", "notIpBlocks", &BLOCKS),
    ("remoteIpBlocks", "notRemoteIpBlocks", &BLOCKS),
    ("hosts", "notHosts", &TEXT),
    ("ports", "notPorts", &["0", "80", "8080"]),
    ("methods", "notMethods", &TEXT),
    ("paths", "notPaths", &TEXT),
];

const KEYS: [(&str, &[&str]); 11] = [
    ("request.headers[x]", &TEXT),
    ("request.auth.principal", &TEXT),
    ("request.auth.audiences", &TEXT),
    ("request.auth.claims[a][b]", &TEXT),
    ("source.ip", &BLOCKS),
    ("remote.ip", &BLOCKS),
    ("destination.ip", &BLOCKS),
    ("destination.port", &["80", "8080"]),
    ("source.principal", &TEXT),
    ("source.namespace", &TEXT),
    ("connection.sni", &TEXT),
];

/// One field of a rule, with values or with the same values negated.
#[derive(Debug, Clone)]
struct Field {
    plain: Value,
    negated: Value,
}

fn field() -> impl Strategy<Value = Field> {
    prop_oneof![
        (0..FIELDS.len()).prop_flat_map(of_field),
        (0..KEYS.len()).prop_flat_map(of_key)
    ]
}

fn of_field(index: usize) -> impl Strategy<Value = Field> {
    let (name, not, values) = FIELDS[index];
    vec(select(values), 1..4).prop_map(move |values| {
        let entry = |name: &str| match index {
            0..5 => json!({"from": [{"source": {name: values}}]}),
            _ => json!({"to": [{"operation": {name: values}}]}),
        };
        Field {
            plain: entry(name),
            negated: entry(not),
        }
    })
}

fn of_key(index: usize) -> impl Strategy<Value = Field> {
    let (key, values) = KEYS[index];
    vec(select(values), 1..4).prop_map(move |values| Field {
        plain: json!({"when": [{"key": key, "values": values}]}),
        negated: json!({"when": [{"key": key, "notValues": values}]}),
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab*/]{0,3}",
        "/[ab]{0,2}",
        "spiffe://[ab/]{0,2}/ns/(default|a|b)/sa/[ab]",
        "\\PC{0,4}"
    ]
}

fn claims() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        text().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        Just(Value::Null)
    ];
    let value = leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            inner.prop_map(|value| json!({"b": value}))
        ]
    });
    let object = (value.clone(), value.clone(), value.clone(), value);
    object.prop_map(|(iss, sub, aud, a)| json!({"iss": iss, "sub": sub, "aud": aud, "a": a}))
}

fn address() -> impl Strategy<Value = IpAddr> {
    select(&["10.0.0.1", "10.9.9.9", "192.0.2.1", "2001:db8::1"][..]).prop_map(ip)
}

fn connection() -> impl Strategy<Value = Connection> {
    let addresses = (
        address(),
        address(),
        address(),
        select(&[0_u16, 80, 8080][..]),
    );
    (addresses, vec(text(), 0..3), of(text())).prop_map(
        |((source, remote, destination, port), principals, sni)| Connection {
            source_ip: Some(source),
            remote_ip: Some(remote),
            destination_ip: Some(destination),
            destination_port: Some(port),
            principals: Some(principals),
            sni: sni.map(String::into_bytes),
        },
    )
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![text().prop_map(String::into_bytes), vec(any::<u8>(), 0..6)]
}

fn request() -> impl Strategy<Value = Ask> {
    let name = select(&[":method", ":path", ":authority", "x"][..]).prop_map(str::to_owned);
    (vec((name, bytes()), 0..6), of(claims()), connection()).prop_map(
        |(head, claims, connection)| Ask {
            head,
            claims,
            connection,
        },
    )
}

proptest! {
    #[test]
    fn negated_field_is_the_negation_of_the_field(field in field(), request in request()) {
        prop_assert_ne!(request.passes(&allow(&field.plain)), request.passes(&allow(&field.negated)));
    }

    #[test]
    fn deny_refuses_exactly_what_allow_admits(field in field(), request in request()) {
        prop_assert_ne!(request.passes(&allow(&field.plain)), request.passes(&policy("DENY", &field.plain)));
    }

    #[test]
    fn input_that_is_not_needed_changes_nothing(field in field(), request in request()) {
        let authorizer = allow(&field.plain);
        let needs = authorizer.needs();
        let lean = Ask { claims: request.claims.clone().filter(|_| needs.claims), ..request.clone() }.on(|c| {
            c.source_ip = c.source_ip.filter(|_| needs.source_ip);
            c.remote_ip = c.remote_ip.filter(|_| needs.remote_ip);
            c.destination_ip = c.destination_ip.filter(|_| needs.destination_ip);
            c.destination_port = c.destination_port.filter(|_| needs.destination_port);
            c.principals = c.principals.take().filter(|_| needs.principals);
            c.sni = c.sni.take().filter(|_| needs.sni);
        });
        prop_assert_eq!(request.judged_by(&authorizer), lean.judged_by(&authorizer));
    }

    #[test]
    fn what_nobody_knows_is_never_allowed(field in field(), request in request(), action in select(&["ALLOW", "DENY"][..])) {
        let blind = Ask { claims: Some(json!("not an object")), ..request }.on(|c| {
            (c.source_ip, c.remote_ip, c.destination_ip, c.destination_port) = (None, None, None, None);
        });
        for rule in [&field.plain, &field.negated] {
            let authorizer = policy(action, rule);
            let needs = authorizer.needs();
            if needs.claims || needs.source_ip || needs.remote_ip || needs.destination_ip || needs.destination_port {
                prop_assert!(!blind.passes(&authorizer));
            }
        }
    }

    #[test]
    fn any_text_is_a_policy_or_an_error(value in "\\PC{0,8}", key in "(request.headers|request.auth.claims|x)[\\[\\]a.]{0,6}") {
        for rule in [
            json!({"from": [{"source": {"principals": [value], "namespaces": [value], "requestPrincipals": [value]}}]}),
            json!({"from": [{"source": {"ipBlocks": [value]}}]}),
            json!({"to": [{"operation": {"hosts": [value], "paths": [value], "methods": [value]}}]}),
            json!({"to": [{"operation": {"ports": [value]}}]}),
            json!({"when": [{"key": key, "values": [value]}]}),
        ] {
            let config = json!({"policies": [{"name": "p", "namespace": "d", "rules": [rule]}]});
            if let Ok(authorizer) = Authorizer::from_json(config.to_string().as_bytes()) {
                let _ = get().header("a", &value).peer(&value).host(&value).claims(json!({"iss": value, "sub": value})).passes(&authorizer);
            }
        }
    }

    #[test]
    fn any_bytes_are_a_configuration_or_an_error(bytes in vec(any::<u8>(), 0..64)) {
        let _ = Authorizer::from_json(&bytes);
    }
}
