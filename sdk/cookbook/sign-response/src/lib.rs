//! Signs responses: a digest of the body (RFC 9530) and an HMAC-SHA256 of that and of the status (RFC 9421). Both are trailers,
//! because headers have gone when a body has been seen; so the body is not held either. One without a body is not signed.

use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac as _};
use meshwright::prelude::*;
use sha2::{Digest as _, Sha256};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// In base64.
    key: String,
    /// What whoever verifies knows the key by.
    key_id: String,
}

struct SignResponse {
    key: Vec<u8>,
    key_id: String,
}

impl Filter for SignResponse {
    type Config = Config;

    fn new(Config { key, key_id }: Config) -> Result<Self, ConfigError> {
        let key = BASE64_STANDARD.decode(key);
        let key = key.map_err(|error| ConfigError::new("/key", error.to_string()))?;
        // As it is in a string of a structured field (RFC 9651 section 3.3.3).
        let is_plain = |letter: u8| matches!(letter, b' '..=b'~') && !b"\"\\".contains(&letter);
        if !key_id.bytes().all(is_plain) {
            return Err(ConfigError::new(
                "/key_id",
                "it has letters that cannot be sent",
            ));
        }
        Ok(Self { key, key_id })
    }
}

impl OnResponse for SignResponse {
    async fn on_response(&self, response: Response<Self>) -> Result<Flow, Error> {
        if response.ends_with_headers() {
            return Ok(Flow::Continue);
        }
        let status = response.status()?;
        let now = response.now()?.duration_since(SystemTime::UNIX_EPOCH);
        // In HTTP/1.1 only chunked bodies have trailers.
        response.remove_header("content-length")?;
        response.set_header("trailer", "content-digest, signature-input, signature")?;
        let mut chunks = response.chunks();
        let mut digest = Sha256::new();
        while let Some(chunk) = chunks.next().await? {
            digest.update(&*chunk);
        }
        let digest = format!("sha-256=:{}:", BASE64_STANDARD.encode(digest.finalize()));
        let parameters = self.parameters(now.unwrap_or_default().as_secs());
        let signature = self.sign(&base(status, &digest, &parameters))?;
        chunks.set_trailer("content-digest", digest)?;
        chunks.set_trailer("signature-input", format!("sig={parameters}"))?;
        chunks.set_trailer("signature", format!("sig=:{signature}:"))?;
        Ok(Flow::Continue)
    }
}

impl SignResponse {
    fn parameters(&self, created: u64) -> String {
        let signed = r#"("@status" "content-digest";tr)"#;
        let key = &self.key_id;
        format!(r#"{signed};created={created};keyid="{key}";alg="hmac-sha256""#)
    }

    fn sign(&self, base: &str) -> Result<String, Error> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).map_err(Error::other)?;
        mac.update(base.as_bytes());
        Ok(BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

// What is signed (RFC 9421 section 2.5).
fn base(status: u16, digest: &str, parameters: &str) -> String {
    [
        format!("\"@status\": {status}\n"),
        format!("\"content-digest\";tr: {digest}\n"),
        format!("\"@signature-params\": {parameters}"),
    ]
    .concat()
}

meshwright::main!(SignResponse: OnResponse, ResponseBody);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Exchange, Host, Reply};

    use super::*;

    /// That of RFC 9421 section B.1.5.
    const KEY: &str =
        "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";

    fn filter() -> SignResponse {
        let (key, key_id) = (KEY.to_owned(), "shared".to_owned());
        SignResponse::new(Config { key, key_id }).unwrap()
    }

    fn exchange(host: Host, reply: Reply, request: ClientRequest) -> Exchange {
        let host = host.configuration(serde_json::json!({"key": KEY, "key_id": "shared"}));
        host.upstream(reply).send(request)
    }

    #[meshwright::test(SignResponse, envoy)]
    fn who_has_the_key_can_verify_status_and_body(host: Host) {
        let request = ClientRequest::get("/").http2();
        let exchange = exchange(host, Reply::new(201).body("a body"), request);
        let response = exchange.response;
        assert_eq!(response.body, "a body");
        let digest = response.trailer("content-digest").unwrap();
        let expected = BASE64_STANDARD.encode(Sha256::digest("a body"));
        assert_eq!(digest, format!("sha-256=:{expected}:"));
        let input = response.trailer("signature-input").unwrap();
        let parameters = input.strip_prefix("sig=").unwrap();
        let signature = filter().sign(&base(201, digest, parameters)).unwrap();
        let sent = response.trailer("signature").unwrap();
        assert_eq!(sent, format!("sig=:{signature}:"));
    }

    #[meshwright::test(SignResponse, envoy)]
    fn what_has_no_body_passes_unsigned(host: Host) {
        let request = ClientRequest::get("/").http2();
        let exchange = exchange(host, Reply::new(204), request);
        assert_eq!(exchange.response.status, 204);
        assert!(exchange.response.trailers.is_empty());
        assert_eq!(exchange.response.header("trailer"), None);
    }

    #[meshwright::test(SignResponse, envoy)]
    fn clients_that_get_no_trailers_get_the_body(host: Host) {
        let exchange = exchange(
            host,
            Reply::new(200).body("a body"),
            ClientRequest::get("/"),
        );
        assert_eq!(exchange.response.body, "a body");
        assert!(exchange.response.trailers.is_empty());
    }

    // RFC 9421 section B.2.5.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let base = "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\
            \"@authority\": example.com\n\
            \"content-type\": application/json\n\
            \"@signature-params\": (\"date\" \"@authority\" \"content-type\");created=1618884473;keyid=\"test-shared-secret\"";
        let signature = "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=";
        assert_eq!(filter().sign(base).unwrap(), signature);
    }
}
