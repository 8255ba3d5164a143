//! A filter that reads all headers and sets one.

use meshwright::prelude::*;

struct AllHeaders;

impl Filter for AllHeaders {
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl OnRequest for AllHeaders {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let headers = request.headers()?;
        let size: usize = headers.iter().map(|(_, value)| value.len()).sum();
        request.set_header("x-size", size.to_string())?;
        Ok(Flow::Continue)
    }
}

meshwright::main!(AllHeaders: OnRequest);
