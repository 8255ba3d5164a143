//! Names of the stream state that filters leave for each other.
//!
//! On Envoy a filter sets them with `proxy_set_property([name], value)`, which creates filter state
//! `wasm.<name>` for one request (rule W3): readable by later filters, native RBAC, access logs and route
//! matching, and out of reach of any client.

/// The payload of the verified JWT: a JSON object, as jwt-auth accepted it. Absent when there was no token.
pub const JWT_PAYLOAD: &str = "meshwright.jwt.payload";

/// The destination that ab-router chose, as an Envoy cluster name in Istio's form
/// `outbound|<port>|<subset>|<host>`. Absent when no rule matched.
pub const DESTINATION: &str = "meshwright.destination";
