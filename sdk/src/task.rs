//! Handlers as tasks: polled within callbacks, kept while they wait, dropped with their stream.

use std::any::Any;
use std::cell::{OnceCell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::flow::Flow;
use crate::waker;

/// What a handler comes to.
pub(crate) type Answer = Flow;

/// A handler that has begun, of whatever type.
pub(crate) trait Task {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Answer>;
}

/// Room for handlers of one kind that is kept from one stream to the next, so that a handler that does not wait costs no
/// allocation.
#[derive(Debug)]
pub(crate) struct Spares(OnceCell<Rc<dyn Any>>);

/// A handler that cannot wait, where it is.
pub(crate) struct AtOnce<'a, F>(pub(crate) Pin<&'a mut F>);

/// The rooms for futures of one type that are free.
struct Free<F>(RefCell<Vec<Room<F>>>);

type Room<F> = Pin<Box<Option<F>>>;

/// A future in its room, to which others follow when it is done.
pub(crate) struct Housed<F> {
    room: Option<Room<F>>,
    free: Rc<Free<F>>,
}

/// More free rooms than this are given back to the allocator.
const KEPT: usize = 64;

/// Polls a task for the context of that id: it is woken under this number.
pub(crate) fn poll(task: &mut dyn Task, id: u32) -> Poll<Answer> {
    let waker = waker::of(id);
    task.poll(&mut Context::from_waker(&waker))
}

// === impl Spares ===

impl Spares {
    pub(crate) const fn new() -> Self {
        Self(OnceCell::new())
    }

    /// Gives a future a room.
    pub(crate) fn house<F: Future<Output = Answer> + 'static>(&self, future: F) -> Housed<F> {
        let free = self
            .0
            .get_or_init(|| Rc::new(Free::<F>(RefCell::default())));
        let free = match Rc::clone(free).downcast::<Free<F>>() {
            Ok(free) => free,
            // Another type than last time, which a handler cannot have.
            Err(_) => Rc::new(Free(RefCell::default())),
        };
        let room = free.0.borrow_mut().pop();
        let mut room = room.unwrap_or_else(|| Box::pin(None));
        room.set(Some(future));
        Housed {
            room: Some(room),
            free,
        }
    }
}

impl<F: Future<Output = Answer>> Task for AtOnce<'_, F> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Answer> {
        self.0.as_mut().poll(context)
    }
}

// === impl Housed ===

impl<F: Future<Output = Answer>> Task for Housed<F> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Answer> {
        let future = self
            .room
            .as_mut()
            .and_then(|room| room.as_mut().as_pin_mut());
        match future {
            Some(future) => future.poll(context),
            None => Poll::Ready(Flow::Continue),
        }
    }
}

impl<F> Drop for Housed<F> {
    fn drop(&mut self) {
        let Some(mut room) = self.room.take() else {
            return;
        };
        // Whatever the future's own drops do, nothing is borrowed meanwhile.
        room.set(None);
        let mut free = self.free.0.borrow_mut();
        if free.len() < KEPT {
            free.push(room);
        }
    }
}
