//! Addresses of names that filters ask for (`envoy_resolve_dns`), as Envoy's resolver gives them (section 1.3).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::host::effect::RootId;
use crate::host::traffic::Traffic;
use crate::host::vm::VmFailed;

/// A name whose address is known without asking anybody; Envoy answers within the hostcall then.
pub(crate) fn known(name: &str) -> Option<IpAddr> {
    match name {
        "localhost" => Some(Ipv6Addr::LOCALHOST.into()),
        name => name.parse().ok(),
    }
}

/// What Envoy takes of all addresses: those of IPv6, or else those of IPv4.
pub(crate) fn preferred(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let of = |ipv6| {
        addresses
            .iter()
            .copied()
            .filter(move |it| it.is_ipv6() == ipv6)
    };
    let any_ipv6 = of(true).next().is_some();
    of(any_ipv6).collect()
}

impl Traffic<'_> {
    /// The answer to a question of a root context: no addresses if there are none.
    pub(crate) fn resolved(&mut self, root: RootId, token: u32, addresses: &[IpAddr]) {
        let answer = encode(addresses);
        let size = u32::try_from(answer.len()).unwrap_or(u32::MAX);
        if let Some(state) = self.state(root.vm) {
            state.last_buffers.remove(&root.context);
            let index = state.root_index(root.context);
            if let Some(root) = state.roots.get_mut(index) {
                root.addresses = answer;
            }
        }
        let params = (root.context, token, size);
        // A failed VM hears nothing more (rule T1).
        let _: Result<_, VmFailed> = self.call(root.vm, root.context, |it| &it.resolve_dns, params);
        self.run_after(root.vm);
    }
}

// How many, the seconds that each is good for, which the system does not say, and each with a port that is none.
fn encode(addresses: &[IpAddr]) -> Vec<u8> {
    let count = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    let mut bytes = count.to_le_bytes().to_vec();
    for _ in addresses {
        bytes.extend_from_slice(&0_u32.to_le_bytes());
    }
    for address in addresses {
        bytes.extend_from_slice(SocketAddr::new(*address, 0).to_string().as_bytes());
        bytes.push(0);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_encoded_as_envoy_does() {
        let addresses = ["10.1.2.3".parse().unwrap(), "::1".parse().unwrap()];
        let expected = b"\x02\0\0\0\0\0\0\0\0\0\0\x0010.1.2.3:0\0[::1]:0\0";
        assert_eq!(encode(&addresses), expected);
        assert_eq!(preferred(&addresses), &addresses[1..]);
        assert_eq!(preferred(&addresses[..1]), &addresses[..1]);
        assert_eq!(encode(&[]), [0; 4]);
    }
}
