use schemars::schema_for;
use serde_json::json;

use super::*;

#[crate::config]
#[derive(Debug, Clone, PartialEq)]
struct Limits {
    bytes: u32,
    #[serde(default)]
    note: String,
    #[serde(default)]
    inner: Inner,
}

#[crate::config]
#[derive(Debug, Clone, Default, PartialEq)]
struct Inner {
    #[serde(default)]
    a: u32,
    #[serde(default)]
    b: u32,
}

fn read(json: &Json) -> Result<PerRoute<Limits>, String> {
    PerRoute::read(json.to_string().as_bytes()).map_err(|error| error.to_string())
}

fn bytes(limits: &PerRoute<Limits>, route: &str, host: &str) -> u32 {
    let found = limits.find(|property| {
        let value = if property == XDS_ROUTE_NAME {
            route
        } else {
            host
        };
        Ok(Some(Value::from(value.as_bytes().to_vec())))
    });
    found.unwrap().bytes
}

#[test]
fn the_route_comes_first_then_the_host_then_the_longest_ending() {
    let limits = read(&json!({
        "bytes": 1,
        "routes": {"upload": {"bytes": 2}},
        "hosts": {
            "Files.example.com": {"bytes": 3},
            "*.example.com": {"bytes": 4},
            "*.deep.example.com": {"bytes": 5},
            "[::1]": {"bytes": 6},
        },
    }));
    let limits = limits.unwrap();
    for (route, host, expected) in [
        ("upload", "files.example.com", 2),
        ("Upload", "files.example.com", 3),
        ("", "FILES.example.com:8443", 3),
        ("", "a.example.com", 4),
        ("", "a.b.example.com", 4),
        ("", "a.deep.example.com", 5),
        ("", "[::1]:80", 6),
        ("", "example.com", 1),
        ("", ".example.com", 1),
        ("", "", 1),
    ] {
        assert_eq!(bytes(&limits, route, host), expected, "{route} {host}");
    }
    assert_eq!(limits.elsewhere().bytes, 1);
}

#[test]
fn what_is_not_said_stays_and_null_takes_a_field_away() {
    let limits = read(&json!({
        "bytes": 1,
        "note": "all",
        "inner": {"a": 1, "b": 2},
        "routes": {"one": {"inner": {"b": 3}}, "two": {"note": null}},
    }));
    let limits = limits.unwrap();
    let one = limits.routes.get("one").unwrap();
    assert_eq!((one.bytes, one.note.as_str()), (1, "all"));
    assert_eq!(one.inner, Inner { a: 1, b: 3 });
    assert_eq!(limits.routes.get("two").unwrap().note, "");
}

#[test]
fn what_does_not_fit_is_refused_at_its_place() {
    let error = |mut json: Json, bytes: &str| {
        json.as_object_mut()
            .unwrap()
            .insert("bytes".to_owned(), serde_json::from_str(bytes).unwrap());
        read(&json).unwrap_err()
    };
    for (json, expected) in [
        (
            json!({"routes": {"a/b": {"bytes": "x"}}}),
            "at /routes/a~1b/bytes: invalid type: string",
        ),
        (
            json!({"routes": {"a": {"size": 1}}}),
            "at /routes/a/size: unknown field `size`",
        ),
        (
            json!({"routes": {"a": {"bytes": null}}}),
            "at /routes/a: missing field `bytes`",
        ),
        (
            json!({"routes": {"a": 1}}),
            "at /routes/a: invalid type: integer `1`",
        ),
        (
            json!({"routes": {"": {}}}),
            "at /routes/: a route has a name",
        ),
        (json!({"hosts": []}), "at /hosts: expected a mapping"),
        (
            json!({"hosts": {"a:80": {}}}),
            "at /hosts/a:80: expected a host without a port",
        ),
        (json!({"hosts": {"*": {}}}), "at /hosts/*: expected a host"),
        (
            json!({"hosts": {"*.": {}}}),
            "at /hosts/*.: expected a host",
        ),
        (
            json!({"hosts": {"a.*": {}}}),
            "at /hosts/a.*: expected a host",
        ),
        (
            json!({"hosts": {"a": {}, "A": {}}}),
            "at /hosts/a: this host is there twice",
        ),
        (
            json!({"hosts": {"*.a": {}, "*.A": {}}}),
            "at /hosts/*.a: this host is there twice",
        ),
        (json!({"route": {}}), "at /route: unknown field `route`"),
    ] {
        let error = error(json, "1");
        assert!(error.starts_with(expected), "{error}");
    }
    let error = error(json!({"routes": {"a": {"bytes": 1}}}), "-1");
    assert!(error.starts_with("at /bytes: invalid value"), "{error}");
}

#[test]
fn something_else_can_be_made_of_each() {
    let limits = read(&json!({
        "bytes": 1,
        "routes": {"a": {"bytes": 2}},
        "hosts": {"b": {"bytes": 3}, "*.c": {"bytes": 4}},
    }));
    let limits = limits.unwrap();
    let doubled = limits
        .clone()
        .try_map(|limits| Ok(limits.bytes * 2))
        .unwrap();
    assert_eq!(doubled.elsewhere(), &2);
    assert_eq!(doubled.endings, [(".c".to_owned(), 8)]);
    let refused = |refused: u32| {
        let make = |limits: Limits| match limits.bytes == refused {
            true => Err(ConfigError::new("/bytes", "no")),
            false => Ok(()),
        };
        limits.clone().try_map(make).unwrap_err().to_string()
    };
    let refusals = [1, 2, 3, 4].map(refused);
    let expected = [
        "at /bytes: no",
        "at /routes/a/bytes: no",
        "at /hosts/b/bytes: no",
        "at /hosts/*.c/bytes: no",
    ];
    assert_eq!(refusals, expected);
}

#[test]
fn its_schema_has_the_fields_and_what_may_be_otherwise() {
    let schema = schema_for!(PerRoute<Limits>).to_value();
    let at = |pointer: &str| schema.pointer(pointer).cloned().unwrap_or_default();
    assert_eq!(at("/required"), json!(["bytes"]));
    assert_eq!(at("/additionalProperties"), json!(false));
    let patch = "/properties/routes/additionalProperties";
    assert_eq!(at(&format!("{patch}/required")), Json::Null);
    assert_eq!(at(&format!("{patch}/additionalProperties")), json!(false));
    assert_eq!(
        at(&format!("{patch}/properties/bytes")),
        at("/properties/bytes")
    );
    assert_eq!(
        at(&format!("{patch}/properties/note/anyOf/1/type")),
        json!("null")
    );
    assert_eq!(at(&format!("{patch}/properties/inner")), json!(true));
    assert_eq!(at("/properties/hosts/additionalProperties"), at(patch));
}
