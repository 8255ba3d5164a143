//! The head of a request as a filter sees it: pseudo headers and headers in one list.

use crate::headers::Headers;
use crate::path::{path_without_query, query};

/// Method, path, authority, scheme and headers. Anything may be missing: CONNECT has no path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestHead {
    headers: Headers,
}

// === impl RequestHead ===

impl RequestHead {
    /// A head from a header list that includes the pseudo headers.
    #[must_use]
    pub fn new(headers: Headers) -> Self {
        Self { headers }
    }

    /// All headers, pseudo headers included.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.get(name)
    }

    /// `:method`.
    #[must_use]
    pub fn method(&self) -> Option<&[u8]> {
        self.headers.get(":method")
    }

    /// `:authority` (HTTP/1 `Host`), with its port if it has one.
    #[must_use]
    pub fn authority(&self) -> Option<&[u8]> {
        self.headers.get(":authority")
    }

    /// `:scheme`.
    #[must_use]
    pub fn scheme(&self) -> Option<&[u8]> {
        self.headers.get(":scheme")
    }

    /// `:path` as it came: path, query and all.
    #[must_use]
    pub fn path_and_query(&self) -> Option<&[u8]> {
        self.headers.get(":path")
    }

    /// `:path` up to the first `?` or `#`.
    #[must_use]
    pub fn path(&self) -> Option<&[u8]> {
        self.path_and_query().map(path_without_query)
    }

    /// What follows the first `?` of `:path`, up to a `#`; `None` without a `?`.
    #[must_use]
    pub fn query(&self) -> Option<&[u8]> {
        self.path_and_query().and_then(query)
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for RequestHead {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self::new(pairs.into_iter().collect())
    }
}
