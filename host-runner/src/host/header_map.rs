//! A header map with Envoy's semantics: lower-case names, order kept, repeats separate, a few headers joined.

use meshwright_core::headers::to_pairs;

use crate::host::inline;

/// Names and values in order, pseudo headers included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HeaderMap {
    entries: Vec<(Vec<u8>, Vec<u8>)>,
    inline: Inline,
}

/// The headers that Envoy keeps in a slot of their own, by the kind of map: a second value is joined to the first with
/// a comma instead of becoming an entry, both when it arrives and when a filter adds it (rules H6, J12).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Inline {
    Request,
    Response,
    /// Trailers have no such slots.
    #[default]
    None,
}

// === impl HeaderMap ===

impl HeaderMap {
    pub(crate) fn request() -> Self {
        Self {
            inline: Inline::Request,
            ..Self::default()
        }
    }

    pub(crate) fn response(status: &[u8]) -> Self {
        let status = (b":status".to_vec(), status.to_vec());
        Self {
            entries: vec![status],
            inline: Inline::Response,
        }
    }

    /// Replaces everything (rule H8).
    pub(crate) fn replace_all(&mut self, pairs: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) {
        self.entries.clear();
        for (name, value) in pairs {
            self.add(&name, &value);
        }
    }

    pub(crate) fn get(&self, name: &[u8]) -> Option<&[u8]> {
        let name = self.canonical(name);
        self.entries
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, value)| value.as_slice())
    }

    /// The status code of a response.
    pub(crate) fn status(&self) -> Option<u32> {
        std::str::from_utf8(self.get(b":status")?)
            .ok()?
            .trim_ascii()
            .parse()
            .ok()
    }

    /// All values joined by `,`, as the property `request.headers.<name>` shows them (rule H5).
    pub(crate) fn get_joined(&self, name: &[u8]) -> Option<Vec<u8>> {
        let name = self.canonical(name);
        let values: Vec<&[u8]> = self
            .entries
            .iter()
            .filter(|(n, _)| *n == name)
            .map(|(_, v)| v.as_slice())
            .collect();
        (!values.is_empty()).then(|| values.join(&b','))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
        self.entries
            .iter()
            .map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes of all names and values (rule for `proxy_get_header_map_size`).
    pub(crate) fn byte_size(&self) -> usize {
        self.entries
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum()
    }

    /// Adds an entry, or joins an inline header's value to the one that is there (rule H6); an empty one adds nothing.
    pub(crate) fn add(&mut self, name: &[u8], value: &[u8]) {
        let name = self.canonical(name);
        let inline = inline::is_inline(self.inline, &name);
        match self.entries.iter_mut().find(|(n, _)| inline && *n == name) {
            Some((_, present)) => {
                if !present.is_empty() && !value.is_empty() {
                    present.push(b',');
                }
                present.extend_from_slice(value);
            }
            None => self.insert(name, value.to_vec()),
        }
    }

    // Pseudo headers come before all others (rule H4).
    fn insert(&mut self, name: Vec<u8>, value: Vec<u8>) {
        let at = if name.starts_with(b":") {
            self.entries
                .iter()
                .take_while(|(name, _)| name.starts_with(b":"))
                .count()
        } else {
            self.entries.len()
        };
        self.entries.insert(at, (name, value));
    }

    /// Replaces all values by one, at the end (rule H7).
    pub(crate) fn replace(&mut self, name: &[u8], value: &[u8]) {
        self.remove(name);
        self.insert(self.canonical(name), value.to_vec());
    }

    /// As [`Self::replace`], but in the place of the present value, as the proxy itself does it.
    pub(crate) fn set(&mut self, name: &[u8], value: &[u8]) {
        let key = self.canonical(name);
        match self.entries.iter_mut().find(|(n, _)| *n == key) {
            Some((_, present)) => *present = value.to_vec(),
            None => self.insert(key, value.to_vec()),
        }
    }

    pub(crate) fn remove(&mut self, name: &[u8]) {
        let name = self.canonical(name);
        self.entries.retain(|(n, _)| *n != name);
    }

    /// Whether a request with these headers is gRPC (rule Y6).
    pub(crate) fn is_grpc(&self) -> bool {
        let kind = self.get(b"content-type").unwrap_or_default();
        match kind.strip_prefix(b"application/grpc") {
            Some(rest) => rest.is_empty() || rest.starts_with(b"+"),
            None => false,
        }
    }

    pub(crate) fn to_pairs(&self) -> Vec<u8> {
        to_pairs(self.iter())
    }

    // Keys are lower-cased on every call, and `host` is `:authority` of a request (rule H3).
    fn canonical(&self, name: &[u8]) -> Vec<u8> {
        match name.to_ascii_lowercase() {
            name if name == b"host" && self.inline == Inline::Request => b":authority".to_vec(),
            name => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values<'a>(map: &'a HeaderMap, name: &str) -> Vec<&'a [u8]> {
        map.iter()
            .filter(|(n, _)| *n == name.as_bytes())
            .map(|(_, v)| v)
            .collect()
    }

    fn map(inline: Inline, pairs: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap {
            inline,
            ..HeaderMap::default()
        };
        for (name, value) in pairs {
            map.add(name.as_bytes(), value.as_bytes());
        }
        map
    }

    #[test]
    fn inline_headers_join_and_others_repeat() {
        let pairs = [
            ("Authorization", "a"),
            ("authorization", "b"),
            ("x-foo", "1"),
            ("x-foo", "2"),
        ];
        let request = map(Inline::Request, &pairs);
        assert_eq!(values(&request, "authorization"), [b"a,b"]);
        assert_eq!(values(&request, "x-foo"), [b"1", b"2"]);
        assert_eq!(request.get_joined(b"x-foo").unwrap(), b"1,2");
        assert_eq!(
            values(&map(Inline::Response, &pairs), "authorization"),
            [b"a", b"b"]
        );
    }

    #[test]
    fn replace_of_a_repeated_header_leaves_one_at_the_end() {
        let mut map = map(Inline::None, &[("x", "1"), ("x", "2"), ("y", "3")]);
        map.replace(b"X", b"4");
        assert_eq!(map.iter().last(), Some((&b"x"[..], &b"4"[..])));
        assert_eq!(values(&map, "x"), [b"4"]);
    }

    #[test]
    fn host_is_the_authority() {
        let mut map = map(Inline::Request, &[(":authority", "a")]);
        map.replace(b"Host", b"b");
        assert_eq!(map.get(b"host"), Some(&b"b"[..]));
        assert_eq!(map.len(), 1);
    }
}
