//! What is judged: the head of a request, the claims of its token, and the connection it came on.
//! All of it is plain values; [`Needs`] says which of them a set of policies can ask for.

use std::net::IpAddr;

use meshwright_core::RequestHead;
use serde_json::Value;

/// One request, as far as a policy can see it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Method, path, authority and headers.
    pub head: &'a RequestHead,
    /// The payload of the verified token; `None` when there is none. Anything but an object cannot be judged.
    pub claims: Option<&'a Value>,
    /// Addresses and identities.
    pub connection: &'a Connection,
}

/// The connection a request came on. `None` means that the host could not tell, so that a rule that depends on it
/// cannot be judged; except for `sni`, where it means that there was none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connection {
    /// The direct peer (rule A16).
    pub source_ip: Option<IpAddr>,
    /// The original client, from `x-forwarded-for` or the PROXY protocol as far as the host trusts them (rule A16).
    pub remote_ip: Option<IpAddr>,
    /// The local address.
    pub destination_ip: Option<IpAddr>,
    /// The local port.
    pub destination_port: Option<u16>,
    /// Names in the validated peer certificate, URI SANs with their `spiffe://` first; empty on plaintext (rule A14).
    pub principals: Option<Vec<String>>,
    /// The server name of the TLS handshake; `None` and empty are the same (rule A24).
    pub sni: Option<Vec<u8>>,
}

/// Which inputs some rule can ask for; the caller may leave the others empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// [`Request::claims`].
    pub claims: bool,
    /// [`Connection::source_ip`].
    pub source_ip: bool,
    /// [`Connection::remote_ip`].
    pub remote_ip: bool,
    /// [`Connection::destination_ip`].
    pub destination_ip: bool,
    /// [`Connection::destination_port`].
    pub destination_port: bool,
    /// [`Connection::principals`].
    pub principals: bool,
    /// [`Connection::sni`].
    pub sni: bool,
}
