//! Lets connections through that begin with the right bytes.

use meshwright::prelude::*;

/// Which connections pass.
#[meshwright::config]
struct {{ type }} {
    /// What they begin with.
    begins_with: String,
}

impl OnConnection for {{ type }} {
    async fn on_connection(&self, connection: Connection<Self>) -> Result<Passage, Error> {
        let expected = self.begins_with.as_bytes();
        let first = connection.first_bytes(expected.len()).await?;
        if first.starts_with(expected) {
            return Ok(Passage::Continue);
        }
        log::warn!("closed: it begins with `{}`", first.escape_ascii());
        Ok(Passage::Close)
    }
}

meshwright::main!({{ type }}: OnConnection);

#[cfg(test)]
mod tests {
    use meshwright::testing::{Conversation, Host, Talk};
    use serde_json::json;

    use super::*;

    fn talk(host: Host, first: &str) -> Conversation {
        let host = host.configuration(json!({"begins_with": "PROXY "}));
        host.talk(&Talk::new(first).then("hello").answer("welcome"))
    }

    #[meshwright::test({{ type }}, envoy)]
    fn what_begins_right_passes(host: Host) {
        let conversation = talk(host, "PROXY ");
        assert_eq!(conversation.upstream(), "PROXY hello");
        assert_eq!(conversation.client, b"welcome");
    }

    #[meshwright::test({{ type }}, envoy)]
    fn what_begins_otherwise_is_closed(host: Host) {
        let conversation = talk(host, "GET / ");
        assert_eq!(conversation.client, b"");
        assert!(conversation.logged("begins with `GET / "));
    }

    #[test]
    fn the_schema_is_up_to_date() {
        meshwright::testing::assert_schema::<{{ type }}>("configuration.schema.json");
    }
}
