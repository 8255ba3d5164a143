use serde_json::{Value, json};

use super::*;

mod headers;
mod hosts;
mod matching;
mod refusals;
mod verdicts;

/// A router for the host `reviews` whose first rule has these match blocks and leads to `hit`, the second to `miss`.
fn router_with(matches: Value) -> Router {
    let config = reviews(json!([
        {"match": matches, "route": [{"destination": {"host": "hit"}}]},
        {"route": [{"destination": {"host": "miss"}}]}
    ]));
    Router::from_json(config.to_string().as_bytes()).unwrap()
}

fn reviews(http: Value) -> Value {
    json!({"virtualServices": [{"name": "reviews", "namespace": "default", "hosts": ["reviews"], "http": http}]})
}

/// `GET /` for `reviews`, with more headers.
fn get(path: &str, headers: &[(&str, &str)]) -> RequestHead {
    let pseudo = [
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", "reviews"),
        (":path", path),
    ];
    pseudo.into_iter().chain(headers.iter().copied()).collect()
}

fn cluster(verdict: &Verdict) -> Option<String> {
    let Verdict::Continue { effects, .. } = verdict else {
        panic!("routing never denies");
    };
    effects
        .state
        .first()
        .map(|(_, value)| String::from_utf8(value.clone()).unwrap())
}

/// Whether the first rule of [`router_with`] took the request.
fn hits(matches: Value, head: &RequestHead) -> bool {
    match cluster(&router_with(matches).assign(head, 0)).as_deref() {
        Some("outbound|||hit") => true,
        Some("outbound|||miss") => false,
        other => panic!("unexpected {other:?}"),
    }
}
