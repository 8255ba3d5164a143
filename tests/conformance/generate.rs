//! Random scripts from the grammar of commands, for comparing hosts where nobody thought of looking.
//!
//! What is known to crash or hang Envoy (rules R2, R3, R5, Y7) is not generated; a stream that hangs because its filter
//! never continues is a result like any other.

use std::fmt::Write as _;

use fastrand::Rng;

use super::script::{ClientStep, PluginOptions, PluginScript, Script, ServerStep};

/// Header names, odd ones among them.
const NAMES: [&str; 16] = [
    "x-a",
    "x-b",
    "X-A",
    "host",
    ":authority",
    ":path",
    ":method",
    ":scheme",
    ":status",
    "cookie",
    "user-agent",
    "content-type",
    "content-length",
    "x-forwarded-proto",
    "set-cookie",
    "none",
];
/// Those that are written.
const WRITTEN: [&str; 16] = [
    "x-a",
    "x-b",
    "X-A",
    "host",
    ":authority",
    ":path",
    ":method",
    ":scheme",
    ":status",
    "cookie",
    "user-agent",
    "content-type",
    "x-forwarded-proto",
    "set-cookie",
    "none",
    "x-c",
];
/// Header values.
const VALUES: [&str; 6] = ["1", "two", "-", "a%2cb", "%ff", "/p?q=1"];
/// Stages in which header maps and buffers are touched.
const STAGES: [char; 8] = ['q', 'b', 't', 's', 'r', 'u', 'l', 'd'];
const PROPERTIES: [&str; 18] = [
    "request/path",
    "request/method",
    "request/headers/x-a",
    "request/host",
    "request/size",
    "request/total_size",
    "request/protocol",
    "request/query",
    "response/code",
    "response/headers/x-b",
    "response/size",
    "response/flags",
    "response/code_details",
    "plugin_name",
    "s",
    "wasm/s",
    "filter_state/wasm.s",
    "connection/mtls",
];

/// Between commands; those that only make sense together have none.
const SEPARATOR: &str = ";\n";

/// The script of a number. The same number always gives the same script.
#[must_use]
pub fn script(seed: u64) -> Script {
    let mut random = Rng::with_seed(seed);
    // Each in a VM of its own, so that the last stream of a VM is the plugin's own.
    let plugins = (0..*pick(&mut random, &[1, 1, 1, 2, 2, 3])).map(|_| {
        let mut plugin = plugin(&mut random);
        plugin.options.vm_id = Some("own".to_owned());
        plugin
    });
    let plugins = plugins.collect();
    let h2 = random.u8(..5) == 0;
    let mut script = Script {
        name: format!("seed {seed}"),
        plugins,
        h2,
        buffer_limit: (random.u8(..6) == 0).then_some(64),
        trailers: random.bool(),
        ..Script::default()
    };
    script.client = client(&mut random, &script);
    script.upstream = upstream(&mut random, &script);
    script.callout = callout(&script);
    script
}

/// Scripts that are a little shorter, for finding the part of a script that matters.
#[must_use]
pub fn shorter(script: &Script) -> Vec<Script> {
    let mut candidates = Vec::new();
    for (index, plugin) in script.plugins.iter().enumerate() {
        if script.plugins.len() > 1 {
            let mut candidate = script.clone();
            candidate.plugins.remove(index);
            candidates.push(candidate);
        }
        let commands: Vec<&str> = plugin.probe.split(SEPARATOR).collect();
        for dropped in 0..commands.len() {
            if commands.len() == 1 {
                break;
            }
            let kept = commands.iter().enumerate().filter(|(at, _)| *at != dropped);
            let kept: Vec<&str> = kept.map(|(_, command)| *command).collect();
            let mut candidate = script.clone();
            if let Some(plugin) = candidate.plugins.get_mut(index) {
                plugin.probe = kept.join(SEPARATOR);
            }
            candidates.push(candidate);
        }
    }
    for index in 0..script.client.len() {
        if matches!(
            script.client.get(index),
            Some(ClientStep::Send(_) | ClientStep::Settle)
        ) && script.h2
        {
            let mut candidate = script.clone();
            candidate.client.remove(index);
            candidates.push(candidate);
        }
    }
    if script.buffer_limit.is_some() {
        candidates.push(Script {
            buffer_limit: None,
            ..script.clone()
        });
    }
    candidates
}

fn pick<'a, T>(random: &mut Rng, from: &'a [T]) -> &'a T {
    let index = random.usize(..from.len().max(1));
    from.get(index).unwrap_or_else(|| pick(random, from))
}

fn plugin(random: &mut Rng) -> PluginScript {
    let mut commands = Vec::new();
    for _ in 0..random.usize(1..8) {
        commands.push(command(random));
    }
    commands.extend(results(random));
    PluginScript {
        probe: commands.join(SEPARATOR),
        options: PluginOptions {
            stop_iteration: random.u8(..5) == 0,
            ..PluginOptions::default()
        },
        ..PluginScript::default()
    }
}

fn command(random: &mut Rng) -> String {
    let stage = *pick(random, &STAGES);
    let number = if random.u8(..4) == 0 {
        random.u8(1..3).to_string()
    } else {
        String::new()
    };
    let mut text = format!("{stage}{number}.");
    let map = random.u8(..9);
    // Bodies only in their own callbacks, and not 8, which may stand for one: Envoy crashes on what has gone.
    let body = match stage {
        'b' => 0,
        'r' => 1,
        _ => 2,
    };
    let buffer = *pick(random, &[body, 2, 3, 4, 5, 6, 7, 9]);
    let (name, value) = (*pick(random, &NAMES), *pick(random, &VALUES));
    let written = *pick(random, &WRITTEN);
    let start = *pick(random, &[0, 1, 2, 5, 99]);
    let length = *pick(random, &[0, 1, 3, 99]);
    let _ = match random.u8(..24) {
        0..=2 => write!(text, "get@{map} {name}"),
        3..=5 => write!(text, "add@{} {written} {value}", writable(map)),
        6..=8 => write!(text, "set@{} {written} {value}", writable(map)),
        9..=10 => write!(text, "del@{} {written}", writable(map)),
        11 => write!(text, "dump@{map}"),
        // Not of response headers: how many digits the upstream's time has is up to the machine, and the log's `server`
        // is each proxy's own.
        12 => write!(text, "size@{}", if map == 2 { 3 } else { map }),
        13..=14 => write!(text, "get_buffer_bytes {buffer} {start} {length}"),
        15..=16 => write!(text, "put@{body} {start} {length} {value}"),
        17 => write!(text, "get_buffer_status {buffer}"),
        18 => write!(text, "grow@{body} {}", pick(random, &[1, 50, 100])),
        19..=20 => write!(text, "getp {}", pick(random, &PROPERTIES)),
        21 => write!(text, "state s {value}"),
        22 => write!(text, "set_shared_data k {value} 0"),
        _ => write!(
            text,
            "pairs@{} x-a=1 x-forwarded-proto=http :path=/ :method=GET :authority=h :scheme=http",
            writable(map)
        ),
    };
    text
}

// Mostly a map that is a stream's.
fn writable(map: u8) -> u8 {
    map % 5
}

fn results(random: &mut Rng) -> Vec<String> {
    let mut results = Vec::new();
    for stage in ['q', 'b', 's', 'r', 't', 'u'] {
        match random.u8(..10) {
            0 => results.push(format!("{stage}1.return {}", random.u8(..5))),
            1 if matches!(stage, 'b' | 'r') => results.push(format!("{stage}.hold")),
            2 if matches!(stage, 'b' | 'r') => {
                results.push(format!("{stage}2.return {}", random.u8(..4)));
            }
            _ => {}
        }
    }
    match random.u8(..24) {
        0 => results.push(format!("{}.reply {} body x", pick(random, &['q', 'b', 't', 's', 'r']), pick(random, &[200, 403, 503]))),
        1 => results.push(format!("{}.reply 204 - x -1 x-r=1", pick(random, &['q', 'b', 's']))),
        2 => results.push(format!("{}.trap", pick(random, &['q', 'b', 's', 'r', 'l']))),
        3 => results.push("q.set_tick_period_milliseconds 1; q1.return 4; k1.set_tick_period_milliseconds 0; k1.effl; k1.cont 0".to_owned()),
        4 => results.push(
            "q.http_call {callout} :method=GET,:path=/,:authority=a - - 5000; q1.return 4; h1.dump; h1.effl; h1.get@0 x-a; h1.cont 0".to_owned(),
        ),
        5 => results.push("s.set_tick_period_milliseconds 1; s1.return 4; k1.set_tick_period_milliseconds 0; k1.effl; k1.cont 1".to_owned()),
        _ => {}
    }
    results
}

fn client(random: &mut Rng, script: &Script) -> Vec<ClientStep> {
    let method = *pick(random, &["GET", "POST", "POST", "POST", "HEAD"]);
    // While a filter holds the request until a timer fires, how the chunks of its body meet it is a matter of luck.
    let is_held = script
        .plugins
        .iter()
        .any(|plugin| plugin.probe.contains("q1.return 4; "));
    let chunks = if method == "POST" && !is_held {
        random.usize(..4)
    } else {
        0
    };
    let mut head = format!("{method} /a?b=c HTTP/1.1\nhost: h\nx-a: 1\nx-a: 2\n");
    if random.u8(..8) == 0 {
        head.push_str("content-type: application/grpc\n");
    }
    if chunks > 0 && !script.h2 {
        head.push_str("transfer-encoding: chunked\n");
    }
    head.push('\n');
    let mut steps = vec![ClientStep::Head(head)];
    for chunk in 0..chunks {
        steps.push(ClientStep::Settle);
        let size = *pick(random, &[1, 5, 40]);
        let letter = ["a", "b", "c"].get(chunk).copied().unwrap_or("d");
        let bytes = letter.repeat(size);
        steps.push(ClientStep::Send(if script.h2 {
            bytes
        } else {
            format!("{size:x}\r\n{bytes}\r\n")
        }));
    }
    if chunks > 0 {
        steps.push(ClientStep::Settle);
        let trailers = random.u8(..3) == 0;
        match (script.h2, trailers) {
            (true, true) => steps.push(ClientStep::Trailers(vec![(
                "x-t".to_owned(),
                "1".to_owned(),
            )])),
            (true, false) => {}
            (false, true) => steps.push(ClientStep::Send("0\r\nx-t: 1\r\n\r\n".to_owned())),
            (false, false) => steps.push(ClientStep::Send("0\r\n\r\n".to_owned())),
        }
    }
    steps.push(ClientStep::Finish);
    steps
}

// A call that nobody answers would be over after five seconds, or not yet, as the other scripts of a batch have it.
fn callout(script: &Script) -> Vec<ServerStep> {
    let is_called = script
        .plugins
        .iter()
        .any(|plugin| plugin.probe.contains("{callout}"));
    let answer = "HTTP/1.1 200 OK\ncontent-length: 2\nx-c: 1\n\nok";
    is_called
        .then(|| ServerStep::Answer(answer.to_owned()))
        .into_iter()
        .collect()
}

fn upstream(random: &mut Rng, script: &Script) -> Vec<ServerStep> {
    let status = *pick(
        random,
        &["200 OK", "200 OK", "404 Not Found", "204 No Content"],
    );
    if status.starts_with("204") {
        return vec![ServerStep::Answer(format!("HTTP/1.1 {status}\nx-b: 1\n\n"))];
    }
    // While a filter holds the response until a timer fires, how the chunks of its body meet it is a matter of luck.
    let is_held = script
        .plugins
        .iter()
        .any(|plugin| plugin.probe.contains("s1.return 4; k1"));
    if is_held || random.bool() {
        return vec![ServerStep::Answer(format!(
            "HTTP/1.1 {status}\ncontent-length: 5\nx-b: 1\n\nhello"
        ))];
    }
    let mut steps = vec![ServerStep::Answer(format!(
        "HTTP/1.1 {status}\ntransfer-encoding: chunked\nx-b: 1\n\n"
    ))];
    for _ in 0..random.usize(1..4) {
        let size = *pick(random, &[1, 5, 40]);
        steps.push(ServerStep::Settle);
        steps.push(ServerStep::Send(format!(
            "{size:x}\r\n{}\r\n",
            "z".repeat(size)
        )));
    }
    steps.push(ServerStep::Settle);
    let trailers = if script.trailers && random.bool() {
        "x-u: 1\r\n"
    } else {
        ""
    };
    steps.push(ServerStep::Send(format!("0\r\n{trailers}\r\n")));
    steps
}
