use std::cell::RefCell;
use std::time::SystemTime;

use meshwright_core::{Headers, LocalReply};

use super::*;

/// A host that records what it is asked to do and can be made to refuse one hostcall.
#[derive(Default)]
struct RecordingHost {
    refused: Option<&'static str>,
    done: RefCell<Vec<String>>,
}

impl RecordingHost {
    fn refusing(call: &'static str) -> Self {
        Self {
            refused: Some(call),
            ..Self::default()
        }
    }

    fn call(&self, call: &'static str, subject: &str) -> Result<(), HostError> {
        if self.refused == Some(call) {
            return Err(HostError {
                call,
                subject: subject.to_owned(),
                status: Status(99),
            });
        }
        self.done.borrow_mut().push(format!("{call} {subject}"));
        Ok(())
    }
}

impl Host for RecordingHost {
    fn request_headers(&self) -> Result<Headers, HostError> {
        self.call("request_headers", "")
            .map(|()| Headers::default())
    }

    fn set_request_header(&self, name: &str, _: &[u8]) -> Result<(), HostError> {
        self.call("set", name)
    }

    fn add_request_header(&self, name: &str, _: &[u8]) -> Result<(), HostError> {
        self.call("add", name)
    }

    fn remove_request_header(&self, name: &str) -> Result<(), HostError> {
        self.call("remove", name)
    }

    fn property(&self, path: &[&str]) -> Result<Option<Vec<u8>>, HostError> {
        self.call("property", &path.join(".")).map(|()| None)
    }

    fn set_state(&self, name: &str, _: &[u8]) -> Result<(), HostError> {
        self.call("state", name)
    }

    fn call_foreign(&self, name: &str, _: &[u8]) -> Result<Vec<u8>, HostError> {
        self.call("foreign", name).map(|()| Vec::new())
    }

    fn send_local_reply(&self, reply: &LocalReply) -> Result<(), HostError> {
        self.call("reply", &reply.status.to_string())
    }

    fn now(&self) -> Result<SystemTime, HostError> {
        self.call("now", "").map(|()| SystemTime::UNIX_EPOCH)
    }

    fn random(&self) -> u64 {
        0
    }
}

fn every_effect() -> Verdict {
    let effects = Effects {
        headers: vec![
            HeaderEdit::Set("a".into(), Vec::new()),
            HeaderEdit::Append("b".into(), Vec::new()),
            HeaderEdit::Remove("c".into()),
        ],
        state: vec![("d", Vec::new())],
        clear_route_cache: true,
    };
    Verdict::proceed_with(effects, "test")
}

#[test]
fn effects_are_enacted_in_order_and_the_stream_goes_on() {
    let host = RecordingHost::default();
    assert_eq!(enact(&host, Ok(every_effect())), Outcome::Continue);
    assert_eq!(
        *host.done.borrow(),
        [
            "set a",
            "add b",
            "remove c",
            "state d",
            "foreign clear_route_cache"
        ]
    );
}

#[test]
fn an_effect_that_fails_denies_the_request() {
    for call in ["set", "add", "remove", "state", "foreign"] {
        let host = RecordingHost::refusing(call);
        assert_eq!(enact(&host, Ok(every_effect())), Outcome::Stopped, "{call}");
        assert_eq!(
            host.done.borrow().last().map(String::as_str),
            Some("reply 500"),
            "{call}"
        );
    }
}

#[test]
fn a_request_that_could_not_be_judged_is_denied() {
    let host = RecordingHost::refusing("request_headers");
    let verdict = crate::Request::new(&host)
        .head()
        .map(|_| Verdict::proceed("test"));
    assert_eq!(enact(&host, verdict), Outcome::Stopped);
    assert_eq!(*host.done.borrow(), ["reply 500"]);
}

#[test]
fn a_request_that_cannot_even_be_denied_does_not_go_on() {
    let host = RecordingHost::refusing("reply");
    let verdict = Verdict::deny(LocalReply::new(403, "no"), "test");
    assert_eq!(enact(&host, Ok(verdict)), Outcome::Stopped);
}
