//! All contexts of the VM, and which of them asked for what a root is told of later.
//! No borrow lasts over a hostcall, because a host may call back in the middle of one.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::context::Context;

thread_local! {
    static CONTEXTS: RefCell<BTreeMap<u32, Rc<Context>>> = const { RefCell::new(BTreeMap::new()) };
    static ASKED: RefCell<BTreeMap<(Token, u32), Rc<Context>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Tokens of different kinds are numbered apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Token {
    /// Of `http_call`, `grpc_call` and `grpc_stream`.
    Callout,
    Queue,
    Name,
}

pub(crate) fn create(id: u32, parent: u32) {
    insert(id, Context::new(id, parent));
}

/// The context of this id; one that was never created, or is deleted, starts anew as a root without a script.
pub(crate) fn get(id: u32) -> Rc<Context> {
    let known = CONTEXTS.with_borrow(|contexts| contexts.get(&id).cloned());
    known.unwrap_or_else(|| insert(id, Context::new(id, 0)))
}

pub(crate) fn delete(id: u32) {
    CONTEXTS.with_borrow_mut(|contexts| contexts.remove(&id));
}

fn insert(id: u32, context: Context) -> Rc<Context> {
    let context = Rc::new(context);
    CONTEXTS.with_borrow_mut(|contexts| contexts.insert(id, Rc::clone(&context)));
    context
}

/// Remembers whose call returned a token.
pub(crate) fn asked(kind: Token, token: u32, by: &Rc<Context>) {
    ASKED.with_borrow_mut(|asked| asked.insert((kind, token), Rc::clone(by)));
}

/// Whose call returned the token; the context may be deleted by now.
pub(crate) fn who_asked(kind: Token, token: u32) -> Option<Rc<Context>> {
    ASKED.with_borrow(|asked| asked.get(&(kind, token)).cloned())
}
