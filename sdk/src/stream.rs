//! What every phase of an exchange can do: look at its stream, make calls, sleep.

use std::future::Future;
use std::marker::PhantomData;
use std::time::{Duration, SystemTime};

use crate::call::{Call, Calling};
use crate::current;
use crate::error::Error;
use crate::foreign::{self, Span};
use crate::grpc::{GrpcCall, GrpcCalling, GrpcStream};
use crate::listed;
use crate::property::{self, FromProperty, Property};
use crate::queue::RemoteQueue;
use crate::time::{self, Sleep, Within};
use crate::value::Value;

/// The stream that a message is of, of the filter `F`. Everything that is not about headers or bodies is here: a
/// [`Request`](crate::Request) and a [`Response`](crate::Response) have it, a [`Body`](crate::Body) and
/// [`Chunks`](crate::Chunks) lead to it.
#[derive(Debug)]
pub struct Stream<F> {
    context: u32,
    of: PhantomData<*const F>,
}

// === impl Stream ===

impl<F> Stream<F> {
    pub(crate) fn new(context: u32) -> Self {
        Self {
            context,
            of: PhantomData,
        }
    }

    pub(crate) fn context(&self) -> u32 {
        self.context
    }

    /// A property, as its type; `None` when it is absent in this phase. See [`properties`](crate::properties).
    ///
    /// # Errors
    /// When the host refuses, or the value is not of its type.
    pub fn get<T: FromProperty, P: AsRef<[u8]>>(
        &self,
        property: Property<T, P>,
    ) -> Result<Option<T>, Error> {
        self.check()?;
        property::get_typed(property)
    }

    /// A property in its wire encoding; `None` when it is absent in this phase.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn property(&self, path: &[&str]) -> Result<Option<Value>, Error> {
        self.check()?;
        property::get(path.join("\0").as_bytes())
    }

    /// Stream state that a filter left under that name; `None` when none did. No client can write it (rule W3).
    ///
    /// # Errors
    /// When the host refuses.
    pub fn state(&self, name: &str) -> Result<Option<Value>, Error> {
        self.check()?;
        property::get(name.as_bytes())
    }

    /// Leaves stream state under that name: for later filters, route matching and access logs.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn set_state(&self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
        self.check()?;
        property::set_state(name, value.as_ref())
    }

    /// Sets an object of the host's own filter state, such as `envoy.tcp_proxy.cluster`, and how long it lives; it is read
    /// with [`filter_state`](crate::properties::filter_state).
    ///
    /// # Errors
    /// `NotFound` where the host cannot, or makes no object of that key; `BadArgument` for a value it does not take.
    pub fn set_filter_state(&self, key: &str, value: &str, span: Span) -> Result<(), Error> {
        self.check()?;
        foreign::set_filter_state(key, value, span)
    }

    /// Makes the proxy pick the route again, which it does not do by itself (rule W1).
    ///
    /// # Errors
    /// Where the host cannot: the request goes where its first headers said.
    pub fn clear_route_cache(&self) -> Result<(), Error> {
        self.call_foreign("clear_route_cache", &[]).map(drop)
    }

    /// Calls a foreign function; those that Envoy has are in [`foreign`].
    ///
    /// # Errors
    /// `NotFound` where the host has no such function; otherwise what it says.
    pub fn call_foreign(&self, name: &str, argument: &[u8]) -> Result<Vec<u8>, Error> {
        self.check()?;
        foreign::call(name, argument)
    }

    /// The host's clock.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn now(&self) -> Result<SystemTime, Error> {
        time::now()
    }

    /// A random number; not for secrets.
    #[must_use]
    pub fn random(&self) -> u64 {
        fastrand::u64(..)
    }

    // Hostcalls act on the stream whose handler runs: a message that was carried into another one is out of reach.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match current::now().context == self.context {
            true => Ok(()),
            false => Err(Error::TooLate),
        }
    }
}

impl<F> Stream<F> {
    /// Makes an HTTP call and waits for the answer. The message is held meanwhile.
    pub fn call(&self, call: Call) -> Calling
    where
        F: listed::Callouts,
    {
        Calling::new(call)
    }

    /// Makes a gRPC call and waits for the answer, an encoded message. The message is held meanwhile.
    pub fn grpc(&self, call: GrpcCall) -> GrpcCalling
    where
        F: listed::Grpc,
    {
        GrpcCalling::new(call)
    }

    /// Begins a gRPC stream: cluster, service and method, and its initial metadata.
    ///
    /// # Errors
    /// When the host refuses: it does not know the cluster, for one.
    pub fn grpc_stream(
        &self,
        method: (&str, &str, &str),
        metadata: &[(&str, &[u8])],
    ) -> Result<GrpcStream, Error>
    where
        F: listed::Grpc,
    {
        GrpcStream::begin(method, metadata)
    }

    /// A queue that a VM of that id has registered; an empty id is this one's. `None` when none has (rule Q2).
    ///
    /// # Errors
    /// When the host refuses.
    pub fn remote_queue(&self, vm_id: &str, name: &str) -> Result<Option<RemoteQueue>, Error> {
        RemoteQueue::resolve(vm_id, name)
    }

    /// Waits for that long, to the millisecond.
    pub fn sleep(&self, duration: Duration) -> Sleep
    where
        F: listed::Timers,
    {
        Sleep::new(duration)
    }

    /// Gives a future that long to come to an end: [`Error::TimedOut`] when it does not.
    pub fn within<T: Future>(&self, duration: Duration, future: T) -> Within<T>
    where
        F: listed::Timers,
    {
        Within::new(duration, future)
    }
}
