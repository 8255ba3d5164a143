//! What one VM holds: its plugins, and the streams whose handlers wait.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;

use crate::current;
use crate::exchange::Exchange;
use crate::task::Spares;

thread_local! {
    static VM: Vm = const { Vm::new() };
}

/// A VM has one thread; natively each thread is one.
pub(crate) struct Vm {
    plugins: RefCell<Vec<Rc<Plugin>>>,
    /// The stream context that was created last, and its root.
    created: Cell<(u32, u32)>,
    /// The roots of stream contexts, where there are several to choose from.
    roots: RefCell<IdMap<u32>>,
    waiting: RefCell<IdMap<Box<Exchange>>>,
    /// Contexts that were deleted while their handler was running.
    deleted: RefCell<Vec<u32>>,
}

/// A root context and its filter.
pub(crate) struct Plugin {
    pub(crate) root: u32,
    /// An `Rc` of the filter. Streams share it; a plugin that is configured again leaves the old one to those that have it.
    filter: RefCell<Rc<dyn Any>>,
    pub(crate) requests: Spares,
    pub(crate) responses: Spares,
}

/// A map by ids that the host has given out, so that nobody can choose them to collide.
pub(crate) type IdMap<T> = HashMap<u32, T, BuildHasherDefault<IdHasher>>;

/// Hashes an id by one multiplication (Knuth, volume 3, section 6.4).
#[derive(Default)]
pub(crate) struct IdHasher(u64);

/// Does something with this VM.
pub(crate) fn with<T>(what: impl FnOnce(&Vm) -> T) -> T {
    VM.with(what)
}

// === impl Vm ===

impl Vm {
    const fn new() -> Self {
        Self {
            plugins: RefCell::new(Vec::new()),
            created: Cell::new((0, 0)),
            roots: RefCell::new(IdMap::with_hasher(BuildHasherDefault::new())),
            waiting: RefCell::new(IdMap::with_hasher(BuildHasherDefault::new())),
            deleted: RefCell::new(Vec::new()),
        }
    }

    /// A root context has a filter.
    pub(crate) fn configure(&self, root: u32, filter: Rc<dyn Any>) {
        match self.plugin(root) {
            Some(plugin) => drop(plugin.filter.replace(filter)),
            None => self.plugins.borrow_mut().push(Rc::new(Plugin {
                root,
                filter: RefCell::new(filter),
                requests: Spares::new(),
                responses: Spares::new(),
            })),
        }
    }

    fn plugin(&self, root: u32) -> Option<Rc<Plugin>> {
        let plugins = self.plugins.borrow();
        plugins.iter().find(|plugin| plugin.root == root).cloned()
    }

    /// A stream context was created below a root context. Plugins with equal VM options share a VM (rule L4).
    pub(crate) fn create(&self, context: u32, root: u32) {
        self.created.set((context, root));
        if self.plugins.borrow().len() > 1 {
            self.roots.borrow_mut().insert(context, root);
        }
    }

    /// The plugin that a stream context is of.
    pub(crate) fn plugin_of(&self, context: u32) -> Option<Rc<Plugin>> {
        let plugins = self.plugins.borrow();
        if let [plugin] = plugins.as_slice() {
            return Some(Rc::clone(plugin));
        }
        let root = match self.created.get() {
            (created, root) if created == context => root,
            _ => *self.roots.borrow().get(&context)?,
        };
        plugins.iter().find(|plugin| plugin.root == root).cloned()
    }

    /// A handler waits.
    pub(crate) fn keep(&self, context: u32, exchange: Box<Exchange>) {
        let is_deleted = self.deleted.borrow().contains(&context);
        if !is_deleted {
            self.waiting.borrow_mut().insert(context, exchange);
        }
    }

    /// The handler that waits, to be polled.
    pub(crate) fn take(&self, context: u32) -> Option<Box<Exchange>> {
        self.waiting.borrow_mut().remove(&context)
    }

    /// Whether a handler waits for something in that stream.
    pub(crate) fn is_waiting(&self, context: u32) -> bool {
        self.waiting.borrow().contains_key(&context)
    }

    /// A stream is over: whatever waits for it waits no more.
    pub(crate) fn delete(&self, context: u32) {
        self.roots.borrow_mut().remove(&context);
        match self.take(context) {
            Some(exchange) => drop(exchange),
            // Perhaps it is being polled, in a hostcall of its own (re-entrant hosts do that).
            None => self.deleted.borrow_mut().push(context),
        }
    }

    /// Once no handler is running, what was deleted meanwhile is forgotten.
    pub(crate) fn settle(&self) {
        if current::now().context == 0 {
            self.deleted.borrow_mut().clear();
        }
    }
}

// === impl Plugin ===

impl Plugin {
    /// Its filter, which is an `F`.
    pub(crate) fn filter<F: 'static>(&self) -> Option<Rc<F>> {
        let filter = Rc::clone(&self.filter.borrow());
        filter.downcast().ok()
    }
}

// === impl IdHasher ===

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32((*byte).into()));
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    // A map takes its place from the low bits and a tag from the high ones: each gets some of both.
    fn finish(&self) -> u64 {
        self.0.rotate_left(32)
    }
}
