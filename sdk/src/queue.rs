//! Queues that VMs share: one pushes, the one that has registered the queue is told (rule Q2).

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use crate::core::id_map::IdMap;
use crate::error::Error;
use crate::hostcalls::{Named as _, host};
use crate::status::Status;
use crate::time::Sleep;

/// Items that a handler gets in one callback; whoever fills a queue faster than it is emptied must not hold up the worker.
const AT_ONCE: u32 = 100;

/// How long the others of the worker have their turn after that.
const PAUSE: Duration = Duration::from_millis(1);

thread_local! {
    /// Who waits for items, by the queue's token.
    static WAITING: RefCell<IdMap<u32, Vec<Waker>>> = RefCell::default();
}

/// A queue of this plugin's VM id. Of all workers that register it, the last is told of its items.
#[derive(Debug)]
pub struct Queue {
    token: u32,
    /// Items got since the handler last waited.
    at_once: Cell<u32>,
}

/// A queue of any VM, to push items onto.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteQueue {
    token: u32,
}

/// See [`Queue::next`].
#[must_use = "nothing is waited for until it is awaited"]
#[derive(Debug)]
pub struct NextItem<'a> {
    queue: &'a Queue,
    pause: Option<Sleep>,
}

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

// === impl Queue ===

impl Queue {
    pub(crate) fn register(name: &str) -> Result<Self, Error> {
        let token = host().register_shared_queue(name.as_bytes());
        let token = token.named("register_shared_queue", name.as_bytes())?;
        Ok(Self {
            token,
            at_once: Cell::new(0),
        })
    }

    /// The next item. Who wakes up first takes it: others that pop from this queue may have been faster. After a hundred in
    /// one callback the next one comes a millisecond later.
    pub fn next(&self) -> NextItem<'_> {
        NextItem {
            queue: self,
            pause: None,
        }
    }

    /// The next item, if there is one.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn pop(&self) -> Result<Option<Vec<u8>>, Error> {
        match host().dequeue_shared_queue(self.token) {
            Err(Status::EMPTY) => Ok(None),
            item => Ok(Some(item.named("dequeue_shared_queue", b"")?)),
        }
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

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let queue = self.queue;
        if queue.at_once.get() >= AT_ONCE {
            let pause = self.pause.get_or_insert_with(|| Sleep::new(PAUSE));
            ready!(Pin::new(pause).poll(context))?;
        }
        match queue.pop() {
            Ok(Some(item)) => {
                queue.at_once.set(queue.at_once.get() % AT_ONCE + 1);
                Poll::Ready(Ok(item))
            }
            Ok(None) => {
                queue.at_once.set(0);
                wait(queue.token, context.waker());
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}
