//! Istio and Envoy string, header, host, address, claim and regex matching; one file each.
