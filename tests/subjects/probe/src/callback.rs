//! What every callback does: log that it was called, then run the commands of its stage.

use std::rc::Rc;

use crate::context::{Context, is_due, is_script};
use crate::contexts::{self, Token};
use crate::script::{Command, Commands, parse};
use crate::stage::Moment;
use crate::{abi, arguments, verbs, version, vm};

/// Which callback it is: its stage, its name as it is exported, and what it returns unless the script says.
pub(crate) struct Callback {
    pub(crate) stage: char,
    pub(crate) name: &'static str,
    pub(crate) result: u32,
}

// Whose commands run, which, and in what call of the stage.
struct Run {
    owner: Rc<Context>,
    commands: Commands,
    call: u32,
}

// === impl Callback ===

impl Callback {
    /// Logs the call, runs the commands, and returns what the script says.
    pub(crate) fn run(&self, id: u32, arguments: &[u32]) -> u32 {
        let context = contexts::get(id);
        let call = context.callbacks.next(self.stage);
        self.log(id, call, arguments);
        let Some(run) = self.what_runs(context, call, arguments) else {
            return self.result;
        };
        let running = vm::Running {
            context: id,
            owner: run.owner.id,
        };
        let moment = Moment::of(self.stage, arguments);
        let result = vm::while_running(running, || run.commands(self, moment));
        if self.stage == 's' && run.owner.is_told() {
            run.owner.tell();
        }
        result
    }

    fn log(&self, id: u32, call: u32, arguments: &[u32]) {
        let name = self.name.strip_prefix("proxy_on_");
        let name = name.or_else(|| self.name.strip_prefix("proxy_"));
        let mut line = format!("@{id} {}#{call}", name.unwrap_or(self.name));
        for argument in arguments {
            line.push(' ');
            line.push_str(&argument.to_string());
        }
        abi::log(&line);
    }

    fn what_runs(&self, context: Rc<Context>, call: u32, arguments: &[u32]) -> Option<Run> {
        let is_early = context.is_root() && matches!(self.stage, 'c' | 'v');
        let (owner, call) = match context.is_root() && context.is_told() {
            true => {
                let owner = self.who_asked(&context, arguments)?;
                let call = owner.stages.next(self.stage);
                (owner, call)
            }
            false => (context, call),
        };
        let commands = match is_early {
            true => early(),
            false => owner.commands(self.stage),
        };
        Some(Run {
            owner,
            commands,
            call,
        })
    }

    // The stream whose doing it is that a root is called. Some answers come before the hostcall has returned its token
    // (a name that needs no look-up); then it is the one that is running.
    fn who_asked(&self, root: &Context, arguments: &[u32]) -> Option<Rc<Context>> {
        let kind = match self.stage {
            'k' => return root.ticker.borrow().clone(),
            'h' | 'g' | 'G' | 'T' | 'C' => Token::Callout,
            'w' => Token::Queue,
            'x' => Token::Name,
            _ => return None,
        };
        let asked = contexts::who_asked(kind, arguments.first().copied()?);
        asked.or_else(|| match vm::running().owner {
            0 => None,
            owner => Some(contexts::get(owner)),
        })
    }
}

// Before a root is configured.
fn early() -> Commands {
    let configurations = version::early_configuration();
    let mut scripts = configurations.iter().filter(|it| is_script(it));
    scripts.next().map(|it| parse(it)).unwrap_or_default()
}

// === impl Run ===

impl Run {
    fn commands(&self, callback: &Callback, moment: Moment) -> u32 {
        let mut result = callback.result;
        let is_due = |command: &&Command| is_due(command, callback.stage, self.call);
        for command in self.commands.iter().filter(is_due) {
            match command.verb.as_str() {
                "hold" if !moment.end => result = 1,
                "hold" => {}
                "return" => result = command.number(0).map_or(0, arguments::word),
                // So that a trap or a held chunk is met only where the body says so.
                "if" if !verbs::body_contains(command) => break,
                _ => (0..command.repeat).for_each(|_| self.command(command, moment)),
            }
        }
        result
    }

    fn command(&self, command: &Command, moment: Moment) {
        let answer = verbs::run(command, moment, &self.owner);
        let line = format!("{} => {answer}", command.text);
        let line = line.trim_end();
        match self.owner.is_told() {
            true => {
                abi::log(line);
                self.owner.saw(line.to_owned());
            }
            false => abi::log(&format!("@{} {line}", vm::running().context)),
        }
    }
}
