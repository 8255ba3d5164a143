//! The request headers of a gRPC call, as Envoy's client writes them.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::GrpcPath;
use super::service::Service;
use crate::host::callout::prepare;
use crate::host::header_map::HeaderMap;

/// Larger numbers do not fit `grpc-timeout` (gRPC over HTTP/2, "Timeout").
const MAX_TIMEOUT: u128 = 99_999_999;

/// The headers, with the metadata of the service's configuration and of the filter after them; and how long the whole
/// exchange may take.
pub(super) fn request_headers(
    service: &Service,
    path: &GrpcPath,
    timeout: Option<Duration>,
    metadata: &[(Vec<u8>, Vec<u8>)],
) -> (HeaderMap, Option<Duration>) {
    let mut headers = HeaderMap::request();
    headers.add(b":method", b"POST");
    headers.add(
        b":path",
        &[b"/", &*path.service, b"/", &*path.method].concat(),
    );
    let host = match service.authority.as_str() {
        "" => &service.cluster,
        authority => authority,
    };
    headers.add(b":authority", host.as_bytes());
    headers.add(b"te", b"trailers");
    if let Some(timeout) = timeout {
        headers.add(b"grpc-timeout", grpc_timeout(timeout).as_bytes());
    }
    headers.add(b"content-type", b"application/grpc");
    for (name, value) in &service.metadata {
        headers.replace(name, value);
    }
    for (name, value) in metadata {
        headers.add(name, value);
    }
    encode_binary(&mut headers);
    let timeout = prepare(&mut headers, timeout, !service.skip_envoy_headers);
    (headers, timeout)
}

// The value of a header whose name ends in `-bin` is sent in base64; of repeated ones, only the first.
fn encode_binary(headers: &mut HeaderMap) {
    let binary: Vec<(Vec<u8>, Vec<u8>)> = headers
        .iter()
        .filter(|(name, _)| name.ends_with(b"-bin"))
        .map(|(name, value)| (name.to_vec(), value.to_vec()))
        .collect();
    for (name, value) in binary.iter().rev() {
        headers.remove(name);
        headers.add(name, STANDARD.encode(value).as_bytes());
    }
}

// In the smallest unit that its digits allow, rounded down.
fn grpc_timeout(timeout: Duration) -> String {
    let (mut number, mut unit) = (timeout.as_millis(), 'm');
    for (next, divisor) in [('S', 1000), ('M', 60), ('H', 60)] {
        if number > MAX_TIMEOUT {
            (number, unit) = (number / divisor, next);
        }
    }
    format!("{}{unit}", number.min(MAX_TIMEOUT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(service: &Service, timeout: Option<u64>, metadata: &[(&str, &str)]) -> String {
        let path = GrpcPath {
            service: b"test.Svc".to_vec(),
            method: b"Do".to_vec(),
        };
        let metadata: Vec<_> = metadata
            .iter()
            .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
            .collect();
        let (headers, _) = request_headers(
            service,
            &path,
            timeout.map(Duration::from_millis),
            &metadata,
        );
        let lines = headers.iter().map(|(name, value)| {
            let (name, value) = (
                String::from_utf8_lossy(name),
                String::from_utf8_lossy(value),
            );
            format!("{name}={value}")
        });
        lines.collect::<Vec<_>>().join(" ")
    }

    fn service() -> Service {
        Service {
            cluster: "grpc".to_owned(),
            ..Service::default()
        }
    }

    #[test]
    fn a_stream_has_no_timeout() {
        assert_eq!(
            headers(&service(), None, &[]),
            ":method=POST :path=/test.Svc/Do :authority=grpc te=trailers \
             content-type=application/grpc x-envoy-internal=true"
        );
    }

    #[test]
    fn a_call_says_its_timeout_twice_unless_it_is_zero() {
        let of = |timeout| {
            let headers = headers(&service(), Some(timeout), &[]);
            let timeouts = headers.split(' ').filter(|it| it.contains("timeout"));
            timeouts.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            of(250),
            "grpc-timeout=250m x-envoy-expected-rq-timeout-ms=250"
        );
        assert_eq!(of(0), "grpc-timeout=0m");
        assert_eq!(
            of(123_456_789),
            "grpc-timeout=123456S x-envoy-expected-rq-timeout-ms=123456789"
        );
    }

    #[test]
    fn metadata_is_added_to_what_is_there() {
        let service = Service {
            authority: "a.b".to_owned(),
            metadata: vec![(b"K".to_vec(), b"v".to_vec())],
            skip_envoy_headers: true,
            ..service()
        };
        assert_eq!(
            headers(&service, None, &[("k", "w"), ("TE", "x"), ("b-bin", "xyz")]),
            ":method=POST :path=/test.Svc/Do :authority=a.b te=trailers,x \
             content-type=application/grpc k=v k=w b-bin=eHl6"
        );
    }
}
