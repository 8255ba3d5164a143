//! Waiting for the response of a request that was sent on.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::current::{self, Event, Side, Wants};
use crate::error::Error;
use crate::message::Response;

/// See [`Request::response`](crate::Request::response).
#[must_use = "nothing is waited for until it is awaited"]
#[derive(Debug)]
pub struct NextResponse<F> {
    context: u32,
    of: PhantomData<*const F>,
}

// === impl NextResponse ===

impl<F> NextResponse<F> {
    pub(crate) fn new(context: u32) -> Self {
        Self {
            context,
            of: PhantomData,
        }
    }
}

impl<F> Future for NextResponse<F> {
    type Output = Result<Response<F>, Error>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let now = current::now();
        if now.context != self.context {
            return Poll::Ready(Err(Error::TooLate));
        }
        if let Some(Event::Headers {
            side: Side::Response,
            end,
        }) = now.event
        {
            current::take_event();
            return Poll::Ready(Ok(Response::new(self.context, end)));
        }
        current::want(Wants::Response);
        Poll::Pending
    }
}
