//! Answers 404 to paths that begin as they must not, however they are written: `/a/../admin` and `/%61dmin` too.

use meshwright::core::path::normalize;
use meshwright::prelude::*;

/// Nobody can tell where it leads.
const BAD_PATH: StaticReply = StaticReply::new(400, "bad_path").body("what path is this?");

/// It is blocked, which is nobody's business.
const BLOCKED: StaticReply = StaticReply::new(404, "blocked_path");

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct BlockPath {
    prefixes: Vec<String>,
}

impl OnRequest for BlockPath {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let path = request.header(":path")?.unwrap_or_default();
        // A path that cannot be understood is not let pass.
        let Some(path) = normalize(&path) else {
            return Ok(BAD_PATH.into());
        };
        let mut prefixes = self.prefixes.iter();
        match prefixes.any(|prefix| path.starts_with(prefix.as_bytes())) {
            true => Ok(BLOCKED.into()),
            false => Ok(Flow::Continue),
        }
    }
}

meshwright::main!(BlockPath: OnRequest);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Host};

    use super::*;

    fn statuses(host: Host, paths: &[&str]) -> Vec<u16> {
        let host = host.configuration(serde_json::json!({"prefixes": ["/admin"]}));
        let exchanges = host.send_all(paths.iter().map(|path| ClientRequest::get(*path)));
        exchanges.iter().map(|it| it.response.status).collect()
    }

    #[meshwright::test(BlockPath, envoy)]
    fn it_blocks_every_way_to_write_it(host: Host) {
        let paths = ["/admin", "/admin/users?all", "/%61dmin", "/a/../admin"];
        assert_eq!(statuses(host, &paths), [404; 4]);
    }

    #[meshwright::test(BlockPath, envoy)]
    fn others_pass(host: Host) {
        assert_eq!(statuses(host, &["/", "/books?next=/admin"]), [200; 2]);
    }
}
