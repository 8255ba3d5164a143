//! Address blocks: `10.0.0.0/8`, `2001:db8::/32`, or one bare address (rule A16).
//! Parsing is as strict as Istio's admission; an address family never matches the other one.

use std::net::IpAddr;

use ipnet::IpNet;
use meshwright_core::ConfigError;

/// A block of addresses; a bare address is a block of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr(IpNet);

// === impl Cidr ===

impl Cidr {
    /// Reads a value of `ipBlocks`, `remoteIpBlocks`, `source.ip`, `remote.ip` or `destination.ip`.
    ///
    /// # Errors
    /// A [`ConfigError`] when it is neither an address nor a block.
    pub fn parse(value: &str) -> Result<Self, ConfigError> {
        let block = match value.split_once('/') {
            Some((address, length)) => block(address, length),
            None => value
                .parse()
                .ok()
                .map(|address: IpAddr| IpNet::from(address)),
        };
        let error = || {
            ConfigError::new(
                "",
                format!("`{value}` is not an address block; write `10.0.0.0/8` or `10.1.2.3`"),
            )
        };
        block.map(Self).ok_or_else(error)
    }

    /// Whether `address` lies in the block.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

fn block(address: &str, length: &str) -> Option<IpNet> {
    let plain = length.bytes().all(|digit| digit.is_ascii_digit())
        && (length == "0" || !length.starts_with('0'));
    if !plain {
        return None;
    }
    // Envoy masks the host bits of `10.1.2.3/8`; so does `contains`.
    IpNet::new(address.parse().ok()?, length.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(block: &str, address: &str) -> bool {
        Cidr::parse(block)
            .unwrap()
            .contains(address.parse().unwrap())
    }

    #[test]
    fn block_contains_its_first_and_last_address() {
        assert!(contains("10.1.0.0/16", "10.1.0.0") && contains("10.1.0.0/16", "10.1.255.255"));
        assert!(!contains("10.1.0.0/16", "10.2.0.0"));
    }

    #[test]
    fn host_bits_are_masked() {
        assert!(contains("10.1.2.3/8", "10.200.0.1"));
    }

    #[test]
    fn bare_address_is_a_block_of_one() {
        assert!(contains("10.1.2.3", "10.1.2.3") && !contains("10.1.2.3", "10.1.2.4"));
        assert!(
            contains("2001:db8::1", "2001:DB8:0::1") && !contains("2001:db8::1", "2001:db8::2")
        );
    }

    #[test]
    fn length_zero_is_the_whole_family_and_no_other() {
        assert!(contains("0.0.0.0/0", "203.0.113.9") && !contains("0.0.0.0/0", "::1"));
        assert!(contains("::/0", "::1") && !contains("::/0", "203.0.113.9"));
        assert!(!contains("::/0", "10.0.0.1"));
    }

    #[test]
    fn what_is_no_block_is_refused_by_name() {
        let bad = [
            "",
            "/",
            "10",
            "10.1.2",
            "10.1.2.256",
            "010.1.2.3",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "10.0.0.0/08",
            "10.0.0.0/-1",
            "10.0.0.0/8/8",
            "::/129",
            "fe80::1%eth0",
            "10.0.0.0/255.0.0.0",
            " 10.0.0.1",
            "example.com",
        ];
        for value in bad {
            let message = Cidr::parse(value).unwrap_err().message;
            assert!(
                message.starts_with(&format!("`{value}` is not an address block")),
                "{message}"
            );
        }
    }
}
