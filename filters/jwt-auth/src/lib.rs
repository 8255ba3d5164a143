//! RequestAuthentication as a Proxy-Wasm filter: head and clock in, `policy_jwt`'s verdict out.
//!
//! The rules (where a token is found, what makes it valid, which claims go where) are in `filters/policy/jwt`. Verified
//! claims are left to later filters as stream state, which no client can write (rule W3).

use meshwright::prelude::*;
use policy_jwt::{Authenticator, Config, Inline, Outcome};

struct JwtAuth {
    authenticator: Authenticator,
}

impl Filter for JwtAuth {
    type Config = Config;

    fn new(config: Config) -> Result<Self, ConfigError> {
        let authenticator = Authenticator::from_config(&config)?;
        match authenticator.remotes().first() {
            None => Ok(Self { authenticator }),
            Some(remote) => Err(ConfigError::new(
                "",
                format!(
                    "the keys of {} are not inline: fetching them is not supported yet",
                    remote.rule()
                ),
            )),
        }
    }
}

impl OnRequest for JwtAuth {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let head = request.head()?;
        match self
            .authenticator
            .authenticate(&head, request.now()?, &Inline)
        {
            Outcome::Decided(verdict) => request.enact(verdict),
            Outcome::Reported { refusal, verdict } => {
                log::warn!("not refused, because only reported: {refusal}");
                request.enact(verdict)
            }
            // Inline keys are known from the start; anything else must not let the request on.
            Outcome::NeedsKeys(_) => Ok(Flow::Reply(LocalReply::new(503, ""))),
        }
    }
}

meshwright::main!(JwtAuth: OnRequest);
