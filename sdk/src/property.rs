//! Properties and stream state, in whatever phase they are read.

use std::net::{IpAddr, SocketAddr};

use crate::error::Error;
use crate::hostcalls::{Named as _, host};
use crate::value::Value;

/// A property in its wire encoding; `None` when it is absent in this phase.
pub(crate) fn get(path: &[&str]) -> Result<Option<Value>, Error> {
    let joined = path.join("\0");
    let value = host().get_property(joined.as_bytes());
    let value = value.found("get_property", path.join(".").as_bytes())?;
    Ok(value.map(Value::from))
}

/// One that holds an integer: 8 bytes little endian, or decimal text on hosts that write text.
pub(crate) fn integer(path: &[&str]) -> Result<Option<i64>, Error> {
    let value = get(path)?;
    Ok(value.and_then(|bytes| match <[u8; 8]>::try_from(&*bytes) {
        Ok(wire) => Some(i64::from_le_bytes(wire)),
        Err(_) => bytes.to_str()?.parse().ok(),
    }))
}

/// The IP address in one that holds `ip:port`, `[ip]:port` or a bare address.
pub(crate) fn address(path: &[&str]) -> Result<Option<IpAddr>, Error> {
    Ok(get(path)?.and_then(|bytes| parse_address(bytes.to_str()?)))
}

/// Sets stream state. One name, not a path: Envoy cannot read a longer one back (rule P2).
pub(crate) fn set_state(name: &str, value: &[u8]) -> Result<(), Error> {
    let set = host().set_property(name.as_bytes(), value);
    Ok(set.named("set_property", name.as_bytes())?)
}

fn parse_address(text: &str) -> Option<IpAddr> {
    let with_port = text.parse::<SocketAddr>().map(|address| address.ip());
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
