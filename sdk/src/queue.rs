//! Queues that VMs share: one pushes, the one that has registered the queue is told (rule Q2).

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::core::id_map::IdMap;
use crate::error::Error;
use crate::hostcalls::{Named as _, host};
use crate::status::Status;

thread_local! {
    /// Who waits for items, by the queue's token.
    static WAITING: RefCell<IdMap<u32, Vec<Waker>>> = RefCell::default();
}

/// A queue of this plugin's VM id. Of all workers that register it, the last is told of its items.
#[derive(Debug)]
pub struct Queue {
    token: u32,
}

/// A queue of any VM, to push items onto.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteQueue {
    token: u32,
}

/// See [`Queue::next`].
#[must_use = "nothing is waited for until it is awaited"]
#[derive(Debug)]
pub struct NextItem<'a>(&'a Queue);

/// The host has an item for the queue of that token.
pub(crate) fn ready(token: u32) {
    let waiting = WAITING.with(|waiting| waiting.borrow_mut().remove(&token));
    waiting.into_iter().flatten().for_each(Waker::wake);
}

fn wait(token: u32, waker: &Waker) {
    WAITING.with(|waiting| {
        let mut waiting = waiting.borrow_mut();
        let of_queue = waiting.entry(token).or_default();
        if !of_queue.iter().any(|known| known.will_wake(waker)) {
            of_queue.push(waker.clone());
        }
    });
}

fn pop(token: u32) -> Result<Option<Vec<u8>>, Error> {
    match host().dequeue_shared_queue(token) {
        Err(Status::EMPTY) => Ok(None),
        item => Ok(Some(item.named("dequeue_shared_queue", b"")?)),
    }
}

// === impl Queue ===

impl Queue {
    pub(crate) fn register(name: &str) -> Result<Self, Error> {
        let token = host().register_shared_queue(name.as_bytes());
        let token = token.named("register_shared_queue", name.as_bytes())?;
        Ok(Self { token })
    }

    /// The next item. Who wakes up first takes it: others that pop from this queue may have been faster.
    pub fn next(&self) -> NextItem<'_> {
        NextItem(self)
    }

    /// The next item, if there is one.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn pop(&self) -> Result<Option<Vec<u8>>, Error> {
        pop(self.token)
    }
}

// === impl RemoteQueue ===

impl RemoteQueue {
    pub(crate) fn resolve(vm: &str, name: &str) -> Result<Option<Self>, Error> {
        let token = host().resolve_shared_queue(vm.as_bytes(), name.as_bytes());
        let token = token.found("resolve_shared_queue", name.as_bytes())?;
        Ok(token.map(|token| Self { token }))
    }

    /// Pushes an item.
    ///
    /// # Errors
    /// When the queue is gone, or the host refuses.
    pub fn push(&self, item: impl AsRef<[u8]>) -> Result<(), Error> {
        let pushed = host().enqueue_shared_queue(self.token, item.as_ref());
        Ok(pushed.named("enqueue_shared_queue", b"")?)
    }
}

impl Future for NextItem<'_> {
    type Output = Result<Vec<u8>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match pop(self.0.token) {
            Ok(Some(item)) => Poll::Ready(Ok(item)),
            Ok(None) => {
                wait(self.0.token, context.waker());
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}
