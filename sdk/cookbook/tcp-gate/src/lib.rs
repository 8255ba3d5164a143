//! A network filter: lets connections through that begin with the right bytes, and closes all others.

use meshwright::prelude::*;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct TcpGate {
    begins_with: String,
}

impl OnConnection for TcpGate {
    async fn on_connection(&self, connection: Connection<Self>) -> Result<Passage, Error> {
        let expected = self.begins_with.as_bytes();
        let first = connection.first_bytes(expected.len()).await?;
        if first.starts_with(expected) {
            return Ok(Passage::Continue);
        }
        log::warn!(
            "a connection is closed that begins with `{}`",
            first.escape_ascii()
        );
        Ok(Passage::Close)
    }
}

meshwright::main!(TcpGate: OnConnection);

#[cfg(test)]
mod tests {
    use meshwright::testing::{Conversation, Host, Talk};

    use super::*;

    fn talk(host: Host, talk: &Talk) -> Conversation {
        let configuration = serde_json::json!({"begins_with": "PROXY "});
        host.configuration(configuration).talk(talk)
    }

    #[meshwright::test(TcpGate, envoy)]
    fn what_begins_right_passes(host: Host) {
        let conversation = talk(host, &Talk::new("PROXY hello").answer("welcome"));
        assert_eq!(conversation.upstream(), "PROXY hello");
        assert_eq!(conversation.client, b"welcome");
    }

    #[meshwright::test(TcpGate, envoy)]
    fn it_may_begin_in_pieces(host: Host) {
        let said = Talk::new("PRO").then("XY").then(" hello").answer("welcome");
        let conversation = talk(host, &said);
        assert_eq!(conversation.upstream(), "PROXY hello");
        assert_eq!(conversation.client, b"welcome");
    }

    #[meshwright::test(TcpGate, envoy)]
    fn what_begins_otherwise_is_closed(host: Host) {
        let conversation = talk(host, &Talk::new("GET / HTTP/1.1").answer("welcome"));
        assert_eq!(conversation.upstream(), "");
        assert_eq!(conversation.client, b"");
        assert!(conversation.logged("begins with `GET / HTTP/1.1`"));
    }

    #[meshwright::test(TcpGate, envoy)]
    fn what_ends_too_early_is_closed(host: Host) {
        let conversation = talk(host, &Talk::new("PRO").answer("welcome"));
        assert_eq!(conversation.upstream(), "");
    }

    #[meshwright::test(TcpGate, envoy)]
    fn an_upstream_may_speak_first(host: Host) {
        let said = Talk::new("PROXY hello")
            .greeting("220 ready. ")
            .answer("welcome");
        let conversation = talk(host, &said);
        assert_eq!(conversation.client, b"220 ready. welcome");
    }
}
