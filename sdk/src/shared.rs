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

/// What is written under it is written only where there is nothing yet: it is no value's number, and hosts do not compare the
/// number of what is not there (rule Q3). 0 would write over what another VM has written meanwhile.
const CREATE: u32 = u32::MAX;

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
    /// 16 times.
    ///
    /// # Errors
    /// When somebody else was always faster, or the host refuses.
    pub fn update(&self, mut change: impl FnMut(Option<T>) -> T) -> Result<T, Error> {
        let changed = self.update_if(|present| Ok(Some(change(present))))?;
        // It always says so.
        changed.ok_or_else(|| Error::other("nothing was changed"))
    }

    /// As [`Self::update`], and leaves it as it is when `change` says `None`.
    pub(crate) fn update_if(
        &self,
        mut change: impl FnMut(Option<T>) -> Result<Option<T>, Error>,
    ) -> Result<Option<T>, Error> {
        let mut create = CREATE;
        for _ in 0..TRIES {
            let (present, cas) = self.read()?;
            let Some(value) = change(present)? else {
                return Ok(None);
            };
            let cas = if cas == 0 { create } else { cas };
            match self.write(&value, cas)? {
                // Some hosts take a number for one that must be there, and 0 for none.
                Err(Status::CAS_MISMATCH) => create = 0,
                written => {
                    written.named("set_shared_data", self.key.as_bytes())?;
                    return Ok(Some(value));
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
