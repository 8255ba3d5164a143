//! Expressions in CEL over the host's attributes.

use std::marker::PhantomData;

use super::{CALL, call, malformed, optional};
use crate::error::Error;
use crate::hostcalls::host;
use crate::property::{FromProperty, Unreadable};
use crate::status::{HostError, Status};
use crate::value::Value;

/// An expression in CEL over the attributes, which is a `T`: `request.method == 'GET'` is a `bool`. Make it in
/// [`Filter::new`](crate::Filter::new); it is the host's until it is dropped.
///
/// ```
/// # use meshwright::prelude::*;
/// use meshwright::foreign::Expression;
///
/// struct Deny {
///     when: Expression<bool>,
/// }
///
/// impl Filter for Deny {
///     type Config = String;
///
///     fn new(when: String) -> Result<Self, ConfigError> {
///         match Expression::new(&when)? {
///             Some(when) => Ok(Self { when }),
///             None => Err(ConfigError::new("", "this proxy has no expressions")),
///         }
///     }
/// }
///
/// impl OnRequest for Deny {
///     async fn on_request(&self, _: Request<Self>) -> Result<Flow, Error> {
///         match self.when.evaluate()? {
///             Some(false) => Ok(Flow::Continue),
///             _ => Ok(Flow::reply(403, "")),
///         }
///     }
/// }
/// # meshwright::main!(Deny: OnRequest);
/// ```
#[derive(Debug)]
pub struct Expression<T> {
    token: Vec<u8>,
    of: PhantomData<fn() -> T>,
}

const EVALUATE: &str = "expr_evaluate";

// === impl Expression ===

impl<T: FromProperty> Expression<T> {
    /// Compiles an expression; `None` where the host has none.
    ///
    /// # Errors
    /// `BadArgument` when it does not compile.
    pub fn new(source: &str) -> Result<Option<Self>, Error> {
        let token = optional("expr_create", source.as_bytes())?;
        Ok(token.map(|token| Self {
            token,
            of: PhantomData,
        }))
    }

    /// What it is of the stream whose callback runs; `None` when it is null. A handler that has waited for a call or a
    /// time is not in a callback of its stream, where the attributes of this are absent (rule F5): evaluate it before.
    ///
    /// # Errors
    /// `InternalFailure` when it has no value, because it asks for an attribute or a key that is absent; or when its value
    /// is no `T`.
    pub fn evaluate(&self) -> Result<Option<T>, Error> {
        let evaluated = host().call_foreign_function(EVALUATE.as_bytes(), &self.token);
        match evaluated {
            Ok(value) => {
                T::from_property(Value::from(value)).map_err(|Unreadable| malformed(EVALUATE))
            }
            // Null has no encoding.
            Err(Status::SERIALIZATION_FAILURE) => Ok(None),
            Err(status) => Err(HostError::new(CALL, EVALUATE.as_bytes(), status).into()),
        }
    }
}

impl<T> Drop for Expression<T> {
    fn drop(&mut self) {
        // Nobody is there to be told that it could not be.
        let _ = call("expr_delete", &self.token);
    }
}
