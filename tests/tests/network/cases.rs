//! The connections: which filters are on them, in the language of the probe, and what happens in which order.
//!
//! Every step waits for what shows that the one before it has arrived, so that what is read at once does not depend on
//! the machine.

use host_runner::listener::{BUFFER_LIMIT, FailurePolicy};
use host_runner::subject::Subject;

use crate::peer::Peer;

pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// A script and a failure policy for each filter, in chain order.
    pub(crate) filters: Vec<(&'static str, FailurePolicy)>,
    pub(crate) buffer_limit: u32,
    /// Nobody listens at the upstream's address.
    pub(crate) refused: bool,
    pub(crate) steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// The client sends, ends and resets.
    Send(&'static str),
    SendMuch(usize),
    End,
    Reset,
    /// The client connects again.
    Again,
    /// The upstream sends, ends and resets.
    Answer(&'static str),
    AnswerEnd,
    AnswerReset,
    /// Wait: the upstream is connected, has received that last, has seen the end.
    Connected,
    Arrived(&'static str),
    UpstreamEnded,
    /// Wait: the client has received that last, has seen the end.
    Got(&'static str),
    ClientEnded,
    /// Wait: the filter of that index has logged a line with that in it.
    Logged(usize, &'static str),
}

use Step::{
    Again, Answer, AnswerEnd, AnswerReset, Arrived, ClientEnded, Connected, End, Got, Logged,
    Reset, Send, SendMuch, UpstreamEnded,
};

/// A whole exchange that the client ends first.
const EXCHANGE: [Step; 8] = [
    Send("hello"),
    Arrived("hello"),
    Answer("world"),
    Got("world"),
    End,
    UpstreamEnded,
    AnswerEnd,
    ClientEnded,
];

pub(crate) fn all() -> Vec<Case> {
    let groups = [life(), holding(), editing(), closing(), failing(), limits()];
    groups.into_iter().flatten().collect()
}

fn life() -> Vec<Case> {
    vec![
        case("client-ends-first", &["n.note -"], &EXCHANGE),
        case("two-filters", &["n.note -", "n.note -"], &EXCHANGE),
        case(
            "upstream-ends-first",
            &["n.note -"],
            &[
                Connected,
                Answer("banner"),
                Got("banner"),
                AnswerEnd,
                ClientEnded,
                Send("more"),
                Arrived("more"),
                End,
                UpstreamEnded,
                Logged(0, "delete#1"),
            ],
        ),
        case(
            "client-resets",
            &["n.note -"],
            &[Send("hello"), Arrived("hello"), Reset, UpstreamEnded],
        ),
        case(
            "upstream-resets",
            &["n.note -", "n.note -"],
            &[Send("hello"), Arrived("hello"), AnswerReset, ClientEnded],
        ),
        case(
            "what-a-connection-has-not",
            &[
                "n.get@0 a;n.dump@0;n.add@0 a b;n.size@0;D.get@2 a;l.get@0 a;l.dump@0;n.reply 403 no;D.reply 403 no;\
               U.reply 403 no;l.reply 403 no;n.read@0;n.read@4;n.read@5;n.read@7;n.read@9;n.cont 7;n.close 7;n.cont 3;\
               D.cont 0;D.close 1",
            ],
            &EXCHANGE,
        ),
        case(
            "properties",
            &[
                "n.prop plugin_name;n.prop connection/mtls;n.prop connection/peer_certificate_valid;\
               n.prop connection/requested_server_name;n.prop connection;\
               n.prop source;n.prop filter_state;n.prop request/path;n.prop request/protocol;n.prop request/headers;\
               n.prop request/size;n.prop request/total_size;n.prop response/code;n.prop response/flags;\
               n.prop response/headers;n.prop upstream/address;n.prop xds/listener_direction;n.prop metadata;\
               n.state foo bar;D.prop foo;D.prop filter_state/wasm.foo;D.prop request/size;l.prop response/size;\
               l.prop request/duration;d.prop connection/mtls;l.state foo baz;z.prop foo;z.prop connection/mtls",
            ],
            &EXCHANGE,
        ),
    ]
}

fn holding() -> Vec<Case> {
    vec![
        case(
            "data-held-is-seen-again",
            &["D1.return 1;D.read", "D.read"],
            &[
                Connected,
                Send("hel"),
                Logged(0, "downstream_data#1"),
                Send("lo"),
                Arrived("hello"),
                End,
                UpstreamEnded,
            ],
        ),
        case(
            "upstream-data-held-is-seen-again",
            &["U.read", "U1.return 1;U.read"],
            &[
                Connected,
                Answer("wor"),
                Logged(1, "upstream_data#1"),
                Answer("ld"),
                Got("world"),
                End,
                UpstreamEnded,
            ],
        ),
        case(
            "upstream-data-held-to-the-end-is-lost",
            &["U.return 1;U.read;E.read@3;e.read@3;l.read@3"],
            &[
                Connected,
                Answer("world"),
                Logged(0, "upstream_data#1"),
                AnswerEnd,
                Logged(0, "upstream_connection_close#1"),
                Send("more"),
                Arrived("more"),
                End,
                ClientEnded,
            ],
        ),
        case(
            "connection-held-until-a-tick",
            &[
                "n.return 1;n.set_tick_period_milliseconds 50;k.set_tick_period_milliseconds 0;k.effl;k.cont 2",
                "n.note -",
            ],
            &EXCHANGE,
        ),
        case(
            "data-held-until-a-tick",
            &[
                "D1.return 1;D1.set_tick_period_milliseconds 50;k.set_tick_period_milliseconds 0;k.effl;k.read@2;\
               k.put@2 0 2 HE;k.cont 2",
                "D.read",
            ],
            &[
                Connected,
                Send("hello"),
                Arrived("HEllo"),
                End,
                UpstreamEnded,
                AnswerEnd,
                ClientEnded,
            ],
        ),
        case(
            "continued-twice",
            &["n.cont 2;D.cont 2", "D.read"],
            &EXCHANGE,
        ),
        case(
            "the-end-is-held",
            &["D.return 1;D.read"],
            &[
                Connected,
                Send("hello"),
                Logged(0, "downstream_data#1"),
                End,
                Logged(0, "downstream_data#2"),
                AnswerEnd,
                ClientEnded,
                UpstreamEnded,
            ],
        ),
    ]
}

fn editing() -> Vec<Case> {
    vec![
        case(
            "write-filters-run-in-reverse",
            &["D.put 0 0 a;U.put 0 0 a", "D.put 0 0 b;U.put 0 0 b"],
            &[
                Send("1"),
                Arrived("ba1"),
                Answer("2"),
                Got("ab2"),
                Reset,
                UpstreamEnded,
            ],
        ),
        case(
            "buffers-take-what-bodies-take",
            &[
                "n.put@2 0 0 x;n.put@3 0 0 x;D.put 0 0 pre-;D.put 99 0 -post;D.put 2 0 x;D.put@3 0 0 x;D.put@0 0 0 x;\
               D.read;U.put 0 2 W;U.put@2 0 0 x;l.read@2;l.put@2 0 0 x",
            ],
            &[
                Send("hello"),
                Arrived("pre-hello-post"),
                Answer("world"),
                Got("Wrld"),
                AnswerReset,
                ClientEnded,
            ],
        ),
        case(
            "edits-of-held-data-stay",
            &["D1.put 0 5 bye;D1.return 1;D2.read"],
            &[
                Connected,
                Send("hello"),
                Logged(0, "downstream_data#1"),
                Send("x"),
                Arrived("byex"),
                Reset,
                UpstreamEnded,
            ],
        ),
    ]
}

fn closing() -> Vec<Case> {
    vec![
        case("closed-at-once", &["n.close 2", "n.note -"], &[ClientEnded]),
        case(
            "closed-with-data",
            &["D.close 2", "n.note -"],
            &[Connected, Send("hello"), ClientEnded, UpstreamEnded],
        ),
        case(
            "closed-as-upstream",
            &["U2.close 3", "n.note -"],
            &[
                Connected,
                Answer("one"),
                Got("one"),
                Answer("two"),
                ClientEnded,
                UpstreamEnded,
            ],
        ),
        case(
            "closed-by-a-tick",
            &[
                "D.set_tick_period_milliseconds 50;k.set_tick_period_milliseconds 0;k.effl;k.close 2",
                "n.note -",
            ],
            &[Send("hello"), Arrived("hello"), ClientEnded],
        ),
        case(
            "closed-while-closing",
            &["e.close 2;e.cont 2;l.close 3;d.cont 2", "n.note -"],
            &EXCHANGE,
        ),
        Case {
            refused: true,
            ..case("refused", &["n.note -"], &[ClientEnded])
        },
    ]
}

fn failing() -> Vec<Case> {
    let open = |case: Case| {
        let filters = case.filters.iter();
        let filters = filters.map(|(script, _)| (*script, FailurePolicy::FailOpen));
        Case {
            filters: filters.collect(),
            ..case
        }
    };
    vec![
        case(
            "trap-at-once",
            &["n.trap", "n.note -"],
            &[ClientEnded, Again, ClientEnded],
        ),
        case(
            "trap-with-data",
            &["D.trap", "n.note -"],
            &[Connected, Send("hello"), ClientEnded, Again, ClientEnded],
        ),
        case(
            "trap-with-upstream-data",
            &["U.trap", "n.note -"],
            &[Connected, Answer("world"), ClientEnded],
        ),
        case("trap-at-close", &["e.trap", "n.note -"], &EXCHANGE),
        open(case(
            "trap-fails-open",
            &["D.trap", "n.note -"],
            &[
                Connected,
                Send("hello"),
                ClientEnded,
                Again,
                Connected,
                Send("again"),
                Arrived("again"),
                Reset,
                UpstreamEnded,
            ],
        )),
    ]
}

fn limits() -> Vec<Case> {
    vec![Case {
        buffer_limit: 10_000,
        ..case(
            "reading-stops-at-the-limit",
            &["D.return 1"],
            &[
                Connected,
                SendMuch(30_000),
                Logged(0, "downstream_data#1"),
                AnswerReset,
                ClientEnded,
            ],
        )
    }]
}

fn case(name: &'static str, scripts: &[&'static str], steps: &[Step]) -> Case {
    let filters = scripts.iter();
    Case {
        name,
        filters: filters
            .map(|script| (*script, FailurePolicy::FailClosed))
            .collect(),
        buffer_limit: BUFFER_LIMIT,
        refused: false,
        steps: steps.to_vec(),
    }
}

// === impl Step ===

impl Step {
    /// Does the step, and says whether what it waits for has come true.
    pub(crate) fn take(
        self,
        subject: &dyn Subject,
        case: &Case,
        (client, upstream): (&mut Peer, &mut Peer),
    ) -> bool {
        client.read();
        upstream.read();
        match self {
            Send(text) => client.send(text.as_bytes()),
            SendMuch(size) => client.send(&vec![b'x'; size]),
            End => client.end(),
            Reset => client.reset(),
            Answer(text) => upstream.send(text.as_bytes()),
            AnswerEnd => upstream.end(),
            AnswerReset => upstream.reset(),
            Again => {}
            Connected => return upstream.is_connected(),
            Arrived(text) => return upstream.received.ends_with(text.as_bytes()),
            UpstreamEnded => return upstream.ended.is_some(),
            Got(text) => return client.received.ends_with(text.as_bytes()),
            ClientEnded => return client.ended.is_some(),
            Logged(filter, text) => {
                let lines = subject.logs(&crate::plugin_name(case, filter));
                return lines.iter().any(|line| line.message.contains(text));
            }
        }
        true
    }
}
