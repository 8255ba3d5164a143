//! From the text of a header to commands.

/// One command: the stage letter it runs in, the verb, the map it addresses, and arguments with `%XX` decoded.
///
/// Stages: `q` request headers, `b` request body, `t` request trailers, `s` response headers, `r` response body,
/// `l` log, `d` done.
pub(crate) struct Command {
    pub(crate) text: String,
    pub(crate) stage: char,
    pub(crate) verb: String,
    pub(crate) map: Option<u32>,
    pub(crate) arguments: Vec<Vec<u8>>,
}

pub(crate) fn parse(script: &[u8]) -> Vec<Command> {
    let script = String::from_utf8_lossy(script);
    let commands = script.split(';').filter_map(|text| command(text.trim()));
    commands.collect()
}

fn command(text: &str) -> Option<Command> {
    let mut words = text.split_whitespace();
    let (stage, verb) = words.next()?.split_once('.')?;
    let (verb, map) = match verb.split_once('@') {
        Some((verb, map)) => (verb, map.parse().ok()),
        None => (verb, None),
    };
    Some(Command {
        text: text.to_owned(),
        stage: stage.chars().next()?,
        verb: verb.to_owned(),
        map,
        arguments: words.map(argument).collect(),
    })
}

// `-` is the empty argument.
fn argument(word: &str) -> Vec<u8> {
    if word == "-" {
        return Vec::new();
    }
    let mut decoded = Vec::new();
    let mut rest = word.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let escaped = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let (byte, after) = match escaped.filter(|_| byte == b'%') {
            Some(escaped) => (escaped, tail.get(2..).unwrap_or_default()),
            None => (byte, tail),
        };
        decoded.push(byte);
        rest = after;
    }
    decoded
}
