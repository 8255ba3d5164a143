//! A filter that traps when a request asks it to. A trap fails every plugin of a module (rule T1), so this is a module of
//! its own.

use meshwright::prelude::*;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Trap {
    /// The request header at which it traps.
    header: String,
}

impl OnRequest for Trap {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        if request.header(&self.header)?.is_some() {
            std::process::abort();
        }
        Ok(Flow::Continue)
    }
}

meshwright::main!(Trap: OnRequest);
