//! Values that all VMs of a plugin's id share, on every worker.

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::hostcalls::{Named as _, host};
use crate::status::Status;

/// A value under a key, shared by all VMs of one id; it lives as long as the last of them (rule Q3). What is there under
/// that key and is no `T`, another version's perhaps, is taken for nothing.
pub struct Shared<T> {
    key: String,
    of: PhantomData<fn() -> T>,
}

/// How often somebody else may be faster.
const TRIES: usize = 16;

// === impl Shared ===

impl<T: Serialize + DeserializeOwned> Shared<T> {
    /// The value under that key.
    pub fn new(key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            of: PhantomData,
        }
    }

    /// What it is now; `None` before anybody has set it.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn get(&self) -> Result<Option<T>, Error> {
        Ok(self.read()?.0)
    }

    /// Sets it, whatever it was.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn set(&self, value: &T) -> Result<(), Error> {
        Ok(self
            .write(value, 0)?
            .named("set_shared_data", self.key.as_bytes())?)
    }

    /// Makes another value of what it is, and returns that. `change` is called again when somebody else was faster, up to
    /// 16 times. Two that set it for the first time may both succeed: hosts cannot tell.
    ///
    /// # Errors
    /// When somebody else was always faster, or the host refuses.
    pub fn update(&self, mut change: impl FnMut(Option<T>) -> T) -> Result<T, Error> {
        for _ in 0..TRIES {
            let (present, cas) = self.read()?;
            let value = change(present);
            match self.write(&value, cas)? {
                Err(Status::CAS_MISMATCH) => {}
                written => {
                    written.named("set_shared_data", self.key.as_bytes())?;
                    return Ok(value);
                }
            }
        }
        Err(Error::Other(format!(
            "the shared value `{}` is changed too often by others",
            self.key
        )))
    }

    fn read(&self) -> Result<(Option<T>, u32), Error> {
        let data = host().get_shared_data(self.key.as_bytes());
        let data = data.found("get_shared_data", self.key.as_bytes())?;
        let (bytes, cas) = data.unwrap_or_default();
        Ok((serde_json::from_slice(&bytes).ok(), cas))
    }

    fn write(&self, value: &T, cas: u32) -> Result<Result<(), Status>, Error> {
        let json = serde_json::to_vec(value).map_err(Error::other)?;
        Ok(host().set_shared_data(self.key.as_bytes(), &json, cas))
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
