//! One context, a root or a stream: where its commands come from, and what came of them so far.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::script::{Command, Commands, parse};
use crate::{abi, contexts};

/// A context of the ABI.
pub(crate) struct Context {
    pub(crate) id: u32,
    /// The id of its root; its own for a root.
    pub(crate) root: u32,
    script: RefCell<Script>,
    /// The calls of each callback in this context.
    pub(crate) callbacks: Counter,
    /// The calls of each stage that this context's script has seen; a root's callbacks may be a stream's stages.
    pub(crate) stages: Counter,
    /// What is told to the client.
    seen: RefCell<Vec<String>>,
    /// Of a root: the stream that last set the tick period.
    pub(crate) ticker: RefCell<Option<Rc<Context>>>,
}

/// Where commands come from.
#[derive(Clone)]
enum Script {
    None,
    /// A configuration is the script.
    Configured(Commands),
    /// A request header of this name holds the script of a stream.
    Header(Vec<u8>, Commands),
}

/// Counts by stage.
#[derive(Default)]
pub(crate) struct Counter(RefCell<BTreeMap<char, u32>>);

// === impl Context ===

impl Context {
    /// A stream has the script of its root; a root has none before it is configured.
    pub(crate) fn new(id: u32, parent: u32) -> Self {
        let script = match parent {
            0 => Script::None,
            parent => contexts::get(parent).script.borrow().for_stream(),
        };
        Self {
            id,
            root: if parent == 0 { id } else { parent },
            script: RefCell::new(script),
            callbacks: Counter::default(),
            stages: Counter::default(),
            seen: RefCell::default(),
            ticker: RefCell::default(),
        }
    }

    /// The configuration of a root: a script if there is a dot in it, otherwise the name of a header.
    pub(crate) fn configure(&self, configuration: Vec<u8>) {
        let script = match is_script(&configuration) {
            true => Script::Configured(parse(&configuration)),
            false => Script::Header(configuration, Commands::default()),
        };
        self.script.replace(script);
    }

    pub(crate) fn is_root(&self) -> bool {
        self.root == self.id
    }

    /// Whether the script comes from a header, so that what comes of it is told to the client.
    pub(crate) fn is_told(&self) -> bool {
        matches!(*self.script.borrow(), Script::Header(..))
    }

    /// The commands, as far as they are known at this stage: the request headers may bring them.
    pub(crate) fn commands(&self, stage: char) -> Commands {
        let header = match &*self.script.borrow() {
            Script::None => return Commands::default(),
            Script::Configured(commands) => return Rc::clone(commands),
            Script::Header(_, commands) if stage != 'q' || !commands.is_empty() => {
                return Rc::clone(commands);
            }
            Script::Header(header, _) => header.clone(),
        };
        let commands = parse(&abi::get(0, &header).unwrap_or_default());
        self.script
            .replace(Script::Header(header, Rc::clone(&commands)));
        commands
    }

    /// Remembers what came of a command, for the client.
    pub(crate) fn saw(&self, line: String) {
        self.seen.borrow_mut().push(line);
    }

    /// Adds what came of the commands to the response headers.
    pub(crate) fn tell(&self) {
        for line in self.seen.take() {
            abi::add(2, b"x-seen", line.as_bytes());
        }
    }
}

/// A header name has no dot.
pub(crate) fn is_script(configuration: &[u8]) -> bool {
    configuration.contains(&b'.')
}

/// Whether a command runs in this call of this stage.
pub(crate) fn is_due(command: &Command, stage: char, call: u32) -> bool {
    command.stage == stage && command.only.is_none_or(|only| only == call)
}

// === impl Script ===

impl Script {
    fn for_stream(&self) -> Self {
        match self {
            Self::Header(header, _) => Self::Header(header.clone(), Commands::default()),
            script => script.clone(),
        }
    }
}

// === impl Counter ===

impl Counter {
    /// The number of this call.
    pub(crate) fn next(&self, stage: char) -> u32 {
        let mut counts = self.0.borrow_mut();
        let count = counts.entry(stage).or_default();
        *count += 1;
        *count
    }
}
