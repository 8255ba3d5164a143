//! The request that a filter judges.

use std::net::IpAddr;
use std::time::SystemTime;

use meshwright_core::RequestHead;

use crate::host::{Host, HostError};

/// One request in its header phase. Reading costs a hostcall, so keep what you read.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    host: &'a dyn Host,
}

// === impl Request ===

impl<'a> Request<'a> {
    /// The request behind a host; only tests need to call this.
    #[must_use]
    pub fn new(host: &'a dyn Host) -> Self {
        Self { host }
    }

    /// Method, path, authority, scheme and headers: one hostcall for all of them.
    ///
    /// # Errors
    /// When the host refuses, or sends something that is not a header list.
    pub fn head(&self) -> Result<RequestHead, HostError> {
        self.host.request_headers().map(RequestHead::new)
    }

    /// Stream state that an earlier filter left under `name`; `None` when none did.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn state(&self, name: &str) -> Result<Option<Vec<u8>>, HostError> {
        self.host.property(&[name])
    }

    /// A property in its wire encoding; `None` when it is absent.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn property(&self, path: &[&str]) -> Result<Option<Vec<u8>>, HostError> {
        self.host.property(path)
    }

    /// A property that holds an integer: 8 bytes little endian, or decimal text on hosts that write text.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn property_integer(&self, path: &[&str]) -> Result<Option<i64>, HostError> {
        let value = self.host.property(path)?;
        Ok(
            value.and_then(|bytes| match <[u8; 8]>::try_from(bytes.as_slice()) {
                Ok(wire) => Some(i64::from_le_bytes(wire)),
                Err(_) => std::str::from_utf8(&bytes).ok()?.parse().ok(),
            }),
        )
    }

    /// The IP address in a property that holds `ip:port`, `[ip]:port` or a bare address.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn property_address(&self, path: &[&str]) -> Result<Option<IpAddr>, HostError> {
        let value = self.host.property(path)?;
        Ok(value.and_then(|bytes| parse_address(std::str::from_utf8(&bytes).ok()?)))
    }

    /// The host's clock.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn now(&self) -> Result<SystemTime, HostError> {
        self.host.now()
    }

    /// A random number; not for secrets.
    #[must_use]
    pub fn random(&self) -> u64 {
        self.host.random()
    }

    /// The host itself, for what is not covered above.
    #[must_use]
    pub fn host(&self) -> &'a dyn Host {
        self.host
    }
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").finish_non_exhaustive()
    }
}

fn parse_address(text: &str) -> Option<IpAddr> {
    let with_port = text
        .parse::<std::net::SocketAddr>()
        .map(|address| address.ip());
    with_port.or_else(|_| text.parse()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_and_without_a_port() {
        assert_eq!(parse_address("10.0.0.1:80"), Some([10, 0, 0, 1].into()));
        assert_eq!(parse_address("[::1]:80"), "::1".parse().ok());
        assert_eq!(parse_address("::1"), "::1".parse().ok());
        assert_eq!(parse_address("/var/run/socket"), None);
    }
}
