//! The upstream of a demonstration: it answers what it received, so that `curl` shows where a request went.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use serde_json::{Map, Value, json};

use super::{Received, Responder};

/// A responder that answers `host`, `subset` (null without one), the method, the path and the headers as indented
/// JSON.
#[must_use]
pub fn demo(host: &str, subset: Option<&str>) -> Responder {
    let place = json!({"host": host, "subset": subset});
    Arc::new(move |received| answer(&place, &received).into())
}

fn answer(place: &Value, received: &Received) -> Response<Bytes> {
    let body = json!({
        "host": place.get("host"),
        "subset": place.get("subset"),
        "method": received.method,
        "path": received.path,
        "headers": headers(received),
    });
    let mut response = Response::new(format!("{body:#}\n").into());
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

// A repeated header becomes one member, its values joined as RFC 9110 section 5.2 allows.
fn headers(received: &Received) -> Map<String, Value> {
    let mut members = Map::new();
    let authority = [("host".to_owned(), received.authority.clone())];
    for (name, value) in authority.iter().chain(&received.headers) {
        let value = String::from_utf8_lossy(value).into_owned();
        let joined = match members.get(name).and_then(Value::as_str) {
            Some(earlier) => format!("{earlier}, {value}"),
            None => value,
        };
        members.insert(name.clone(), joined.into());
    }
    members
}
