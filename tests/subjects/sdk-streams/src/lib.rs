//! What no recipe of the cookbook does: gRPC streams, a connection piece by piece, a queue.

use std::cell::RefCell;
use std::time::Duration;

use meshwright::prelude::*;
use meshwright::{Latest, Peer};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Streams {
    /// Whom connections are asked about before anything passes.
    #[serde(default)]
    ask: Option<String>,
    #[serde(skip)]
    heard: RefCell<Vec<String>>,
    #[serde(skip)]
    last: Latest<String>,
}

impl OnStart for Streams {
    async fn on_start(&self, root: Root<Self>) -> Result<(), Error> {
        let queue = root.queue("heard")?;
        loop {
            let item = queue.next().await?;
            let item = String::from_utf8_lossy(&item).into_owned();
            self.heard.borrow_mut().push(item.clone());
            self.last.set(item);
        }
    }
}

impl OnRequest for Streams {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        match request.header(":path")?.unwrap_or_default().to_str() {
            Some("/grpc") => self.ask_all(&request).await,
            Some("/queue") => self.push(&request).await,
            _ => Ok(Flow::Continue),
        }
    }
}

impl Streams {
    async fn ask_all(&self, request: &Request<Self>) -> Result<Flow, Error> {
        let method = ("asked", "test.v1.Asked", "All");
        let mut stream = request.grpc_stream(method, &[("x-who", b"me")])?;
        stream.send("one")?;
        stream.send("two")?;
        stream.finish()?;
        let mut answers = Vec::new();
        while let Some(answer) = stream.next().await? {
            answers.push(String::from_utf8_lossy(&answer).into_owned());
        }
        Ok(Flow::reply(200, answers.join(", ")))
    }

    async fn push(&self, request: &Request<Self>) -> Result<Flow, Error> {
        let queue = request.remote_queue("", "heard")?;
        let queue = queue.ok_or_else(|| Error::other("there is no queue"))?;
        queue.push("a")?;
        let last = request.within(Duration::from_secs(5), async { Ok(self.last.wait().await) });
        let last = last.await?;
        Ok(Flow::reply(
            200,
            format!("{last} of {}", self.heard.borrow().len()),
        ))
    }
}

impl OnConnection for Streams {
    async fn on_connection(&self, mut connection: Connection<Self>) -> Result<Passage, Error> {
        if let Some(cluster) = &self.ask {
            let call = Call::get(cluster, "/may-connect");
            if connection.call(call).await?.status() != 200 {
                return Ok(Passage::Close);
            }
        }
        let (mut client, mut upstream) = (0, 0);
        while let Some(piece) = connection.next().await? {
            match piece.from {
                Peer::Downstream => client += piece.bytes.len(),
                Peer::Upstream => upstream += piece.bytes.len(),
            }
            connection.replace(&piece.bytes.to_ascii_uppercase())?;
        }
        log::info!("{client} bytes from the client, {upstream} from the upstream");
        Ok(Passage::Continue)
    }
}

meshwright::main!(Streams: OnStart, OnRequest, OnConnection, Callouts, Grpc, Queues, Timers);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Conversation, Fault, Host, Reply, Talk};

    use super::*;

    #[meshwright::test(Streams, envoy)]
    fn a_grpc_stream_has_messages_both_ways(host: Host) {
        let answers = [b"yes".to_vec(), b"no".to_vec()];
        let host = host.configuration(serde_json::json!({}));
        let host = host.cluster("asked", Reply::grpc_stream(answers));
        let exchange = host.send(ClientRequest::get("/grpc"));
        assert_eq!(exchange.response.body, "yes, no", "{exchange:#?}");
        assert_eq!(exchange.calls[0].path, "/test.v1.Asked/All");
        assert_eq!(exchange.calls[0].header("x-who"), Some("me"));
        assert_eq!(exchange.calls[0].messages, [b"one", b"two"]);
    }

    #[meshwright::test(Streams, envoy)]
    fn a_grpc_stream_that_fails_denies(host: Host) {
        let host = host.configuration(serde_json::json!({}));
        for reply in [Reply::grpc_status(7, "no"), Reply::fault(Fault::Refused)] {
            let host = host.clone().cluster("asked", reply);
            assert_eq!(host.send(ClientRequest::get("/grpc")).response.status, 500);
        }
    }

    #[meshwright::test(Streams, envoy)]
    fn the_plugin_hears_of_items_in_its_queue(host: Host) {
        let host = host.configuration(serde_json::json!({}));
        let exchange = host.send(ClientRequest::get("/queue"));
        assert_eq!(exchange.response.body, "a of 1");
    }

    fn talk(host: Host, reply: Option<Reply>, talk: &Talk) -> Conversation {
        let ask = reply.as_ref().map(|_| "asked");
        let host = host.configuration(serde_json::json!({"ask": ask}));
        match reply {
            Some(reply) => host.cluster("asked", reply).talk(talk),
            None => host.talk(talk),
        }
    }

    #[meshwright::test(Streams, envoy)]
    fn pieces_of_both_peers_are_seen_and_replaced(host: Host) {
        let said = Talk::new("hello ")
            .then("you")
            .greeting("ready. ")
            .answer("welcome");
        let conversation = talk(host, None, &said);
        assert_eq!(conversation.upstream(), "HELLO YOU");
        assert_eq!(
            String::from_utf8_lossy(&conversation.client),
            "READY. WELCOME"
        );
        assert!(conversation.logged("9 bytes from the client, 14 from the upstream"));
    }

    #[meshwright::test(Streams, envoy)]
    fn nothing_passes_before_the_answer(host: Host) {
        let said = Talk::new("hello").answer("welcome");
        let later = Reply::new(200).after(Duration::from_millis(50));
        let conversation = talk(host.clone(), Some(later), &said);
        assert_eq!(conversation.upstream(), "HELLO");
        assert_eq!(String::from_utf8_lossy(&conversation.client), "WELCOME");
        let conversation = talk(host, Some(Reply::new(403)), &said);
        assert_eq!(conversation.upstream, None);
        assert_eq!(conversation.calls.len(), 1);
    }
}
