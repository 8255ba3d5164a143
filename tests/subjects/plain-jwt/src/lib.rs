//! Checks bearer tokens with what everybody takes: the proxy-wasm crate and jsonwebtoken.

#![cfg(target_family = "wasm")]
#![expect(missing_docs, reason = "the macro's entry point has none")]

use std::rc::Rc;

use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};
use serde_json::Value;

proxy_wasm::main! {{
    let _ = DEFAULT_PROVIDER.install_default();
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(Root::default()) });
}}

#[derive(Default)]
struct Root {
    keys: Rc<Vec<(String, DecodingKey)>>,
}

struct Filter {
    keys: Rc<Vec<(String, DecodingKey)>>,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let configuration = self.get_plugin_configuration().unwrap_or_default();
        let Ok(jwks) = serde_json::from_slice::<JwkSet>(&configuration) else {
            return false;
        };
        let keys = jwks.keys.iter().filter_map(|jwk| {
            let id = jwk.common.key_id.clone()?;
            Some((id, DecodingKey::from_jwk(jwk).ok()?))
        });
        self.keys = Rc::new(keys.collect());
        true
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Filter {
            keys: Rc::clone(&self.keys),
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl Context for Filter {}

impl Filter {
    fn is_good(&self, token: &str) -> bool {
        let Ok(header) = decode_header(token) else {
            return false;
        };
        let key = self
            .keys
            .iter()
            .find(|(id, _)| header.kid.as_ref() == Some(id));
        let mut validation = Validation::new(header.alg);
        validation.validate_aud = false;
        key.is_some_and(|(_, key)| decode::<Value>(token, key, &validation).is_ok())
    }
}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let header = self.get_http_request_header("authorization");
        let token = header.as_deref().and_then(|it| it.strip_prefix("Bearer "));
        if token.is_some_and(|token| self.is_good(token)) {
            return Action::Continue;
        }
        self.send_http_response(401, Vec::new(), Some(b"Jwt verification fails"));
        Action::Pause
    }
}
