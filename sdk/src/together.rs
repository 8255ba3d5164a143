//! Waiting for several things at once: calls, times, the body.
//!
//! A handler is one task, so all of them are polled when something comes for it. What is dropped unfinished is not waited for:
//! the late answer of a call that lost a race comes to nobody.

use std::future::Future;
use std::pin::pin;

use futures_util::future::{select, select_ok};

use crate::error::Error;

pub use futures_util::future::{join, join_all, try_join, try_join_all};

/// Waits for the first of two to come to an end, and drops the other; the first one if both have.
///
/// ```
/// # use std::time::Duration;
/// # use meshwright::{Answer, listed, prelude::*};
/// # async fn ask<F: listed::Callouts + listed::Timers>(request: Request<F>) -> Result<Answer, Error> {
/// let here = request.call(Call::get("here", "/token"));
/// let there = request.call(Call::get("there", "/token"));
/// let answer = request.within(Duration::from_millis(300), race(here, there)).await?;
/// # Ok(answer) }
/// ```
pub async fn race<T>(first: impl Future<Output = T>, second: impl Future<Output = T>) -> T {
    let (first, second) = (pin!(first), pin!(second));
    select(first, second).await.factor_first().0
}

/// Waits for the first of several to succeed, and drops the others.
///
/// # Errors
/// The last error, when none succeeds.
pub async fn race_ok<T, R>(racers: impl IntoIterator<Item = R>) -> Result<T, Error>
where
    R: Future<Output = Result<T, Error>>,
{
    let racers: Vec<_> = racers.into_iter().map(Box::pin).collect();
    if racers.is_empty() {
        return Err(Error::other("there is nothing to wait for"));
    }
    Ok(select_ok(racers).await?.0)
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn now<T>(future: impl Future<Output = T>) -> Poll<T> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn the_first_of_two_that_have_ended_wins() {
        assert_eq!(now(race(ready(1), ready(2))), Poll::Ready(1));
        assert_eq!(now(race(pending(), ready(2))), Poll::Ready(2));
        assert_eq!(now(race::<()>(pending(), pending())), Poll::Pending);
    }

    #[test]
    fn who_fails_does_not_win() {
        let racers = [Err(Error::NoBody), Ok(2), Ok(3)].map(ready);
        assert_eq!(now(race_ok(racers)), Poll::Ready(Ok(2)));
        let failing = [Error::NoBody, Error::TooLate].map(|error| ready(Err::<(), _>(error)));
        assert_eq!(now(race_ok(failing)), Poll::Ready(Err(Error::TooLate)));
    }

    #[test]
    fn a_race_of_nobody_is_an_error() {
        let nobody: [std::future::Ready<Result<(), Error>>; 0] = [];
        assert!(matches!(now(race_ok(nobody)), Poll::Ready(Err(_))));
    }
}
