//! Which headers Envoy keeps in a slot of their own (rule H6), as found by sending each of them twice through Envoy 1.40.

use crate::host::header_map::Inline;

/// Of each length up to the longest: where the names of that length begin.
type Starts = [usize; LONGEST + 2];

/// No name here is longer.
const LONGEST: usize = 38;

const OF_REQUESTS: Starts = starts(&REQUEST);
const OF_RESPONSES: Starts = starts(&RESPONSE);

/// By their length, as those below, because that is what is asked for first.
const REQUEST: [&[u8]; 60] = [
    b"te",
    b"via",
    b":path",
    b"accept",
    b"expect",
    b"origin",
    b"pragma",
    b":method",
    b":scheme",
    b"referer",
    b"upgrade",
    b"cdn-loop",
    b"if-match",
    b"if-range",
    b":protocol",
    b":authority",
    b"connection",
    b"keep-alive",
    b"user-agent",
    b"content-type",
    b"grpc-timeout",
    b"proxy-status",
    b"x-request-id",
    b"authorization",
    b"cache-control",
    b"if-none-match",
    b"authentication",
    b"content-length",
    b"accept-encoding",
    b"x-envoy-ip-tags",
    b"x-forwarded-for",
    b"content-encoding",
    b"proxy-connection",
    b"x-envoy-internal",
    b"x-envoy-retry-on",
    b"x-forwarded-host",
    b"x-forwarded-port",
    b"if-modified-since",
    b"transfer-encoding",
    b"x-client-trace-id",
    b"x-forwarded-proto",
    b"if-unmodified-since",
    b"x-envoy-force-trace",
    b"x-envoy-max-retries",
    b"grpc-accept-encoding",
    b"x-envoy-attempt-count",
    b"x-envoy-original-host",
    b"x-envoy-original-path",
    b"x-forwarded-client-cert",
    b"x-envoy-external-address",
    b"x-envoy-is-timeout-retry",
    b"x-envoy-decorator-operation",
    b"access-control-request-method",
    b"access-control-request-headers",
    b"x-envoy-expected-rq-timeout-ms",
    b"x-envoy-upstream-rq-timeout-ms",
    b"x-envoy-downstream-service-node",
    b"x-envoy-hedge-on-per-try-timeout",
    b"x-envoy-downstream-service-cluster",
    b"access-control-request-private-network",
];

const RESPONSE: [&[u8]; 38] = [
    b"age",
    b"via",
    b"date",
    b"etag",
    b"vary",
    b"server",
    b":status",
    b"expires",
    b"upgrade",
    b"location",
    b"connection",
    b"keep-alive",
    b"grpc-status",
    b"content-type",
    b"grpc-message",
    b"proxy-status",
    b"x-request-id",
    b"cache-control",
    b"last-modified",
    b"content-length",
    b"content-encoding",
    b"proxy-connection",
    b"x-envoy-degraded",
    b"transfer-encoding",
    b"x-envoy-ratelimited",
    b"x-envoy-attempt-count",
    b"access-control-max-age",
    b"x-envoy-upstream-canary",
    b"access-control-allow-origin",
    b"x-envoy-decorator-operation",
    b"access-control-allow-headers",
    b"access-control-allow-methods",
    b"access-control-expose-headers",
    b"x-envoy-upstream-service-time",
    b"access-control-allow-credentials",
    b"x-envoy-immediate-health-check-fail",
    b"access-control-allow-private-network",
    b"x-envoy-upstream-healthchecked-cluster",
];

/// Whether a repeated header of that name, in lower case, is one entry, in a map of that kind.
pub(crate) fn is_inline(kind: Inline, name: &[u8]) -> bool {
    let (names, starts): (&[&[u8]], _) = match kind {
        Inline::Request => (&REQUEST, &OF_REQUESTS),
        Inline::Response => (&RESPONSE, &OF_RESPONSES),
        Inline::None => return false,
    };
    let [Some(start), Some(end)] = [name.len(), name.len() + 1].map(|it| starts.get(it)) else {
        return false;
    };
    let names = names.get(*start..*end).unwrap_or_default();
    // Of one length few begin alike.
    names
        .iter()
        .any(|it| it.first() == name.first() && *it == name)
}

#[expect(
    clippy::indexing_slicing,
    reason = "while it is compiled nothing else is there to loop with, and a wrong index does not compile"
)]
const fn starts(names: &[&[u8]]) -> Starts {
    let mut starts = [0; LONGEST + 2];
    let (mut length, mut index) = (0, 0);
    while length < starts.len() {
        while index < names.len() && names[index].len() < length {
            index += 1;
        }
        starts[length] = index;
        length += 1;
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_found() {
        for (kind, names) in [
            (Inline::Request, &REQUEST[..]),
            (Inline::Response, &RESPONSE[..]),
        ] {
            assert!(names.is_sorted_by_key(|name| (name.len(), *name)));
            for name in names {
                assert!(is_inline(kind, name));
                assert!(!is_inline(kind, &[name, &b"x"[..]].concat()));
            }
        }
        assert!(!is_inline(Inline::Request, b""));
        assert!(!is_inline(Inline::Request, &[b'x'; 100]));
        assert!(is_inline(Inline::Request, b"referer") && !is_inline(Inline::Response, b"referer"));
    }
}
