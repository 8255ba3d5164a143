//! A service of the mesh: what destinations may name, because there is an address for it.

/// A service and the addresses that are known for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// A short name (`reviews`) or a full one.
    pub host: String,
    /// Expands a short name.
    pub namespace: String,
    /// The port that destinations without a port mean.
    pub port: Option<u16>,
    /// The subsets that have an address.
    pub subsets: Vec<String>,
    /// Whether there is an address for the service without a subset.
    pub has_default: bool,
}

// === impl Service ===

impl Service {
    /// A service with one address, no subsets and no port.
    #[must_use]
    pub fn new(host: impl Into<String>, namespace: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            namespace: namespace.into(),
            port: None,
            subsets: Vec::new(),
            has_default: true,
        }
    }
}
