//! What one VM holds: its plugins, and the streams whose handlers wait.

use std::cell::{Cell, RefCell};
use std::hash::BuildHasherDefault;
use std::rc::Rc;

use crate::core::id_map::IdMap;
use crate::current;
use crate::exchange::Exchange;
use crate::task::{Spares, Task};
use crate::tcp::Connected;

thread_local! {
    static VM: Vm = const { Vm::new() };
}

/// A VM has one thread; natively each thread is one.
pub(crate) struct Vm {
    /// The stream context that was created last, and its root.
    created: Cell<(u32, u32)>,
    waiting: RefCell<IdMap<u32, Waiting>>,
    /// The connections whose handlers wait, and the plugins, by their contexts.
    connections: RefCell<IdMap<u32, Box<Connected>>>,
    roots: RefCell<IdMap<u32, Box<dyn Task>>>,
    /// Contexts that were deleted while their handler was running.
    deleted: RefCell<Vec<u32>>,
}

/// Those that wait in one stream.
#[derive(Default)]
struct Waiting {
    request: Option<Box<Exchange>>,
    response: Option<Box<Exchange>>,
}

/// Which handler of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handler {
    OfRequests,
    OfResponses,
}

/// The plugins of a VM, all of one module's filter. There are several when their VM options are equal (rule L4).
#[derive(Debug)]
pub struct Plugins<F> {
    by_root: RefCell<Vec<(u32, Rc<F>)>>,
    /// The roots of stream contexts with callbacks to come.
    roots: RefCell<IdMap<u32, u32>>,
    pub(crate) requests: Spares,
    pub(crate) responses: Spares,
    pub(crate) connections: Spares,
    pub(crate) starts: Spares,
}

/// Does something with this VM.
pub(crate) fn with<T>(what: impl FnOnce(&Vm) -> T) -> T {
    VM.with(what)
}

// === impl Vm ===

impl Vm {
    const fn new() -> Self {
        Self {
            created: Cell::new((0, 0)),
            waiting: RefCell::new(IdMap::with_hasher(BuildHasherDefault::new())),
            connections: RefCell::new(IdMap::with_hasher(BuildHasherDefault::new())),
            roots: RefCell::new(IdMap::with_hasher(BuildHasherDefault::new())),
            deleted: RefCell::new(Vec::new()),
        }
    }

    /// A handler waits.
    pub(crate) fn keep(&self, (context, handler): (u32, Handler), exchange: Box<Exchange>) {
        if self.deleted.borrow().contains(&context) {
            return;
        }
        let mut waiting = self.waiting.borrow_mut();
        let place = waiting.entry(context).or_default().of(handler);
        let before = place.replace(exchange);
        // Its drop may ask for others.
        drop(waiting);
        drop(before);
    }

    /// The handler that waits, to be polled.
    pub(crate) fn take(&self, (context, handler): (u32, Handler)) -> Option<Box<Exchange>> {
        let mut waiting = self.waiting.borrow_mut();
        let of_stream = waiting.get_mut(&context)?;
        let exchange = of_stream.of(handler).take();
        if of_stream.request.is_none() && of_stream.response.is_none() {
            waiting.remove(&context);
        }
        exchange
    }

    /// A connection's handler waits.
    pub(crate) fn keep_connection(&self, context: u32, connection: Box<Connected>) {
        if !self.deleted.borrow().contains(&context) {
            let before = self.connections.borrow_mut().insert(context, connection);
            drop(before);
        }
    }

    /// A connection's handler that waits, to be polled.
    pub(crate) fn take_connection(&self, context: u32) -> Option<Box<Connected>> {
        self.connections.borrow_mut().remove(&context)
    }

    /// A plugin's handler waits.
    pub(crate) fn keep_root(&self, context: u32, task: Box<dyn Task>) {
        if !self.deleted.borrow().contains(&context) {
            let before = self.roots.borrow_mut().insert(context, task);
            drop(before);
        }
    }

    /// A plugin's handler that waits, to be polled.
    pub(crate) fn take_root(&self, context: u32) -> Option<Box<dyn Task>> {
        self.roots.borrow_mut().remove(&context)
    }

    /// A context is gone: whatever waits for it waits no more.
    pub(crate) fn delete(&self, context: u32) {
        let waiting = self.waiting.borrow_mut().remove(&context);
        drop(waiting);
        drop(self.take_connection(context));
        drop(self.take_root(context));
        // Perhaps it is being polled, in a hostcall of its own (re-entrant hosts do that).
        if current::now().context != 0 {
            self.deleted.borrow_mut().push(context);
        }
    }

    /// Once no handler is running, what was deleted meanwhile is forgotten.
    pub(crate) fn settle(&self) {
        if current::now().context == 0 {
            self.deleted.borrow_mut().clear();
        }
    }
}

// === impl Waiting ===

impl Waiting {
    fn of(&mut self, handler: Handler) -> &mut Option<Box<Exchange>> {
        match handler {
            Handler::OfRequests => &mut self.request,
            Handler::OfResponses => &mut self.response,
        }
    }
}

// === impl Plugins ===

impl<F> Plugins<F> {
    /// None yet.
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "it is made in constants, which have no defaults"
    )]
    pub const fn new() -> Self {
        Self {
            by_root: RefCell::new(Vec::new()),
            roots: RefCell::new(IdMap::with_hasher(BuildHasherDefault::new())),
            requests: Spares::new(),
            responses: Spares::new(),
            connections: Spares::new(),
            starts: Spares::new(),
        }
    }

    /// A root context has a filter. Streams share it; those that have an older one keep that.
    pub(crate) fn configure(&self, root: u32, filter: F) {
        let filter = Rc::new(filter);
        let mut plugins = self.by_root.borrow_mut();
        match plugins.iter_mut().find(|(of, _)| *of == root) {
            Some(place) => place.1 = filter,
            None => plugins.push((root, filter)),
        }
    }

    /// A stream context was created below a root context. Its first callback follows at once (rule L6); when others do,
    /// they say so.
    pub(crate) fn create(&self, context: u32, root: u32, others_follow: bool) {
        with(|vm| vm.created.set((context, root)));
        if others_follow {
            self.roots.borrow_mut().insert(context, root);
        }
    }

    /// A context is gone, a root's with its filter; streams have their own hold of it.
    pub(crate) fn delete(&self, context: u32) {
        let is_stream = self.roots.borrow_mut().remove(&context).is_some();
        if !is_stream {
            self.by_root
                .borrow_mut()
                .retain(|(root, _)| *root != context);
        }
    }

    /// The filter that a root context was configured with.
    pub(crate) fn configured(&self, root: u32) -> Option<Rc<F>> {
        let plugins = self.by_root.borrow();
        let mut plugins = plugins.iter();
        let plugin = plugins.find(|(of, _)| *of == root);
        plugin.map(|(_, filter)| Rc::clone(filter))
    }

    /// The filter that a stream context is of.
    pub(crate) fn filter_of(&self, context: u32) -> Option<Rc<F>> {
        let plugins = self.by_root.borrow();
        if let [(_, filter)] = plugins.as_slice() {
            return Some(Rc::clone(filter));
        }
        let root = match with(|vm| vm.created.get()) {
            (created, root) if created == context => root,
            _ => *self.roots.borrow().get(&context)?,
        };
        drop(plugins);
        self.configured(root)
    }
}
