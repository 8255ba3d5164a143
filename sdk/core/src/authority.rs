//! Hosts, as `:authority` and `Host` have them.

/// An authority without its port. Envoy cuts at the last `:` unless it is inside an IPv6 address
/// (`HeaderUtility::getPortStart`).
#[must_use]
pub fn without_port(authority: &[u8]) -> &[u8] {
    let colon = authority.iter().rposition(|byte| *byte == b':');
    let bracket = authority.iter().rposition(|byte| *byte == b']');
    match colon {
        Some(colon) if bracket < Some(colon) => authority.get(..colon).unwrap_or(authority),
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_cut_off_and_an_ipv6_address_kept() {
        let host =
            |authority: &'static str| std::str::from_utf8(without_port(authority.as_bytes()));
        assert_eq!(host("a.example:80"), Ok("a.example"));
        assert_eq!(host("a.example"), Ok("a.example"));
        assert_eq!(host("[::1]:80"), Ok("[::1]"));
        assert_eq!(host("[::1]"), Ok("[::1]"));
    }
}
