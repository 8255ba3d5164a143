//! One stream: its script and what came of it so far.

use crate::abi;
use crate::command::{Moment, run};
use crate::script::{Command, parse};

pub(crate) struct Stream {
    header: Vec<u8>,
    script: Vec<Command>,
    seen: Vec<String>,
}

// === impl Stream ===

impl Stream {
    /// The configuration is the script, or else the name of the request header that holds it.
    pub(crate) fn new(configuration: &[u8]) -> Self {
        Self {
            header: configuration.to_vec(),
            script: parse(configuration),
            seen: Vec::new(),
        }
    }

    /// Runs the commands of a stage and returns the callback's action.
    pub(crate) fn stage(&mut self, stage: char, moment: Moment) -> u32 {
        if stage == 'q' && self.script.is_empty() {
            self.script = parse(&abi::get(0, &self.header).unwrap_or_default());
        }
        let mut action = 0;
        for command in self.script.iter().filter(|command| command.stage == stage) {
            match command.verb.as_str() {
                "hold" if !moment.end => action = 1,
                "return" => action = number(command).unwrap_or(0),
                "hold" => {}
                // So that a trap or a held chunk is met only where the body says so.
                "if" if !contains(stage, command) => break,
                _ => {
                    let line = match run(command, moment) {
                        Ok(value) => format!("{} => 0 {}", command.text, value.escape_ascii()),
                        Err(status) => format!("{} => {status}", command.text),
                    };
                    abi::log(line.trim_end());
                    self.seen.push(line.trim_end().to_owned());
                }
            }
        }
        if stage == 's' {
            for line in self.seen.drain(..) {
                abi::add(2, b"x-seen", line.as_bytes());
            }
        }
        action
    }
}

fn number(command: &Command) -> Option<u32> {
    std::str::from_utf8(command.arguments.first()?)
        .ok()?
        .parse()
        .ok()
}

fn contains(stage: char, command: &Command) -> bool {
    let body = abi::buffer(u32::from(stage == 'r'), 0, u32::MAX).unwrap_or_default();
    let wanted = command.arguments.first().map_or(&[][..], Vec::as_slice);
    wanted.is_empty() || body.windows(wanted.len()).any(|window| window == wanted)
}
