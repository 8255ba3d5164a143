//! From the text of a script to commands.
//! What the parts mean is in the language reference in `lib.rs`; here they are only taken apart.

use std::rc::Rc;

use crate::text::Detail;

/// The commands of a script, shared by the streams that run them.
pub(crate) type Commands = Rc<[Command]>;

/// One command of a script.
pub(crate) struct Command {
    /// As it is logged: the command, without `times N`.
    pub(crate) text: String,
    pub(crate) stage: char,
    /// The only call of its stage that it runs in.
    pub(crate) only: Option<u32>,
    pub(crate) repeat: u32,
    pub(crate) verb: String,
    /// How much of a value is logged: a `!` or a `+` after the verb says so.
    pub(crate) detail: Detail,
    /// The header map or the buffer that a shorthand addresses, where it is not that of the stage.
    pub(crate) map: Option<u32>,
    pub(crate) words: Vec<String>,
}

/// What is no command is left out.
pub(crate) fn parse(script: &[u8]) -> Commands {
    let script = String::from_utf8_lossy(script);
    let commands = script.split(';').filter_map(|text| command(text.trim()));
    commands.collect()
}

// `<stage><n?>.<verb> <words..>` or `<stage><n?>.times <count> <verb> <words..>`.
fn command(text: &str) -> Option<Command> {
    let mut words = text.split_whitespace();
    let (stage, verb) = words.next()?.split_once('.')?;
    let mut letters = stage.chars();
    let letter = letters.next()?;
    let (repeat, verb, text) = match verb {
        "times" => {
            let count = words.next()?.parse().ok()?;
            let (_, rest) = text.split_once(char::is_whitespace)?;
            let (_, rest) = rest.trim_start().split_once(char::is_whitespace)?;
            (
                count,
                words.next()?,
                format!("{stage}.{}", rest.trim_start()),
            )
        }
        verb => (1, verb, text.to_owned()),
    };
    let (verb, map) = match verb.split_once('@') {
        Some((verb, map)) => (verb, map.parse().ok()),
        None => (verb, None),
    };
    let (verb, detail) = match (verb.strip_suffix('!'), verb.strip_suffix('+')) {
        (Some(verb), _) => (verb, Detail::Touched),
        (_, Some(verb)) => (verb, Detail::Whole),
        (None, None) => (verb, Detail::Short),
    };
    Some(Command {
        text,
        stage: letter,
        only: letters.as_str().parse().ok(),
        repeat,
        verb: verb.to_owned(),
        detail,
        map,
        words: words.map(str::to_owned).collect(),
    })
}
