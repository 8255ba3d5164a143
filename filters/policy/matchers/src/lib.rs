//! Istio and Envoy string, header, host, address, claim and regex matching; one file each.

pub mod cidr;
pub mod claim;
pub mod header;
pub mod host;
pub mod namespace;
pub mod pattern;
pub mod principal;
pub mod regex;
pub mod request_principal;
pub mod string_match;
