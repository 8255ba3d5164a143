//! RequestAuthentication as a Proxy-Wasm filter: head and clock in, `policy_jwt`'s verdict out.
//!
//! The rules (where a token is found, what makes it valid, which claims go where) are in `filters/policy/jwt`. Verified
//! claims are left to later filters as stream state, which no client can write (rule W3).

use meshwright::prelude::*;
use policy_jwt::{Authenticator, Config};

struct JwtAuth {
    authenticator: Authenticator,
}

impl Filter for JwtAuth {
    type Config = Config;

    fn new(config: Config) -> Result<Self, ConfigError> {
        let authenticator = Authenticator::from_config(&config)?;
        Ok(Self { authenticator })
    }
}

impl OnRequest for JwtAuth {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let head = request.head()?;
        request.enact(self.authenticator.authenticate(&head, request.now()?))
    }
}

meshwright::main!(JwtAuth: OnRequest);
