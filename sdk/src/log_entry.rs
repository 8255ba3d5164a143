//! An exchange that is over, as an access log sees it.

use std::fmt;
use std::marker::PhantomData;

use crate::core::Headers;
use crate::error::Error;
use crate::headers;
use crate::hostcalls::{MapType, Named as _, host};
use crate::property::{self, FromProperty, Property};
use crate::value::Value;

/// An exchange that is over. Its headers are as they were sent, with what the proxy added (rule H2).
pub struct LogEntry<F> {
    of: PhantomData<*const F>,
}

// === impl LogEntry ===

impl<F> LogEntry<F> {
    pub(crate) fn new() -> Self {
        Self { of: PhantomData }
    }

    /// The request's headers; none of a request that was refused before it was read (rule P1).
    ///
    /// # Errors
    /// When the host refuses.
    pub fn request_headers(&self) -> Result<Headers, Error> {
        headers::get(MapType::RequestHeaders)
    }

    /// The status that the client got; 0 where there was no response.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn status(&self) -> Result<u16, Error> {
        let status = host().get_header_map_value(MapType::ResponseHeaders, b":status");
        let status = status.found("get_header_map_value", b":status")?;
        Ok(headers::status(status.as_deref()))
    }

    /// A property, as its type; `None` when it is absent. See [`properties`](crate::properties).
    ///
    /// # Errors
    /// When the host refuses, or the value is not of its type.
    pub fn get<T: FromProperty, P: AsRef<[u8]>>(
        &self,
        property: Property<T, P>,
    ) -> Result<Option<T>, Error> {
        property::get_typed(property)
    }

    /// A property in its wire encoding; `None` when it is absent.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn property(&self, path: &[&str]) -> Result<Option<Value>, Error> {
        property::get(path.join("\0").as_bytes())
    }

    /// A random number; not for secrets.
    #[must_use]
    pub fn random(&self) -> u64 {
        fastrand::u64(..)
    }

    /// The response's headers; none where there was no response.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn response_headers(&self) -> Result<Headers, Error> {
        headers::get(MapType::ResponseHeaders)
    }

    /// The response's trailers; none where there were none.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn response_trailers(&self) -> Result<Headers, Error> {
        headers::get(MapType::ResponseTrailers)
    }
}

impl<F> fmt::Debug for LogEntry<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogEntry").finish_non_exhaustive()
    }
}
