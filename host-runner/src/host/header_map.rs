//! A header map with Envoy's semantics: lower-case names, order kept, repeats separate, a few headers joined.

use meshwright_core::headers::to_pairs;

/// Names and values in order, pseudo headers included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HeaderMap {
    entries: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Request headers that Envoy keeps in a slot of their own: a second value is joined to the first with a comma
/// instead of becoming an entry, both when it arrives and when a filter adds it (rules H6, J12).
const INLINE: [&[u8]; 17] = [
    b":authority",
    b":method",
    b":path",
    b":scheme",
    b":status",
    b"authorization",
    b"accept",
    b"content-length",
    b"content-type",
    b"expect",
    b"grpc-timeout",
    b"referer",
    b"te",
    b"user-agent",
    b"x-forwarded-for",
    b"x-forwarded-proto",
    b"x-request-id",
];

// === impl HeaderMap ===

impl HeaderMap {
    pub(crate) fn get(&self, name: &[u8]) -> Option<&[u8]> {
        let name = canonical(name);
        self.entries
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, value)| value.as_slice())
    }

    /// All values joined by `,`, as the property `request.headers.<name>` shows them (rule H5).
    pub(crate) fn get_joined(&self, name: &[u8]) -> Option<Vec<u8>> {
        let name = canonical(name);
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

    /// Adds an entry, or joins an inline header's value to the one that is there (rule H6).
    pub(crate) fn add(&mut self, name: &[u8], value: &[u8]) {
        let name = canonical(name);
        let inline = INLINE.contains(&name.as_slice());
        match self.entries.iter_mut().find(|(n, _)| inline && *n == name) {
            Some((_, present)) => {
                present.push(b',');
                present.extend_from_slice(value);
            }
            None => self.entries.push((name, value.to_vec())),
        }
    }

    /// Replaces all values by one, in the place of the only one or else at the end (rule H7).
    pub(crate) fn replace(&mut self, name: &[u8], value: &[u8]) {
        let key = canonical(name);
        let mut matching = self.entries.iter_mut().filter(|(n, _)| *n == key);
        match (matching.next(), matching.next()) {
            (Some(only), None) => only.1 = value.to_vec(),
            _ => {
                self.remove(name);
                self.entries.push((key, value.to_vec()));
            }
        }
    }

    pub(crate) fn remove(&mut self, name: &[u8]) {
        let name = canonical(name);
        self.entries.retain(|(n, _)| *n != name);
    }

    pub(crate) fn to_pairs(&self) -> Vec<u8> {
        to_pairs(self.iter())
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for HeaderMap {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut map = Self::default();
        for (name, value) in pairs {
            map.add(name.as_ref(), value.as_ref());
        }
        map
    }
}

// Keys are lower-cased on every call, and `host` is `:authority` (rule H3).
fn canonical(name: &[u8]) -> Vec<u8> {
    match name.to_ascii_lowercase() {
        name if name == b"host" => b":authority".to_vec(),
        name => name,
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

    #[test]
    fn inline_headers_join_and_others_repeat() {
        let map: HeaderMap = [
            ("Authorization", "a"),
            ("authorization", "b"),
            ("x-foo", "1"),
            ("x-foo", "2"),
        ]
        .into_iter()
        .collect();
        assert_eq!(values(&map, "authorization"), [b"a,b"]);
        assert_eq!(values(&map, "x-foo"), [b"1", b"2"]);
        assert_eq!(map.get_joined(b"x-foo").unwrap(), b"1,2");
    }

    #[test]
    fn replace_of_a_repeated_header_leaves_one_at_the_end() {
        let mut map: HeaderMap = [("x", "1"), ("x", "2"), ("y", "3")].into_iter().collect();
        map.replace(b"X", b"4");
        assert_eq!(map.iter().last(), Some((&b"x"[..], &b"4"[..])));
        assert_eq!(values(&map, "x"), [b"4"]);
    }

    #[test]
    fn host_is_the_authority() {
        let mut map: HeaderMap = [(":authority", "a")].into_iter().collect();
        map.replace(b"Host", b"b");
        assert_eq!(map.get(b"host"), Some(&b"b"[..]));
        assert_eq!(map.len(), 1);
    }
}
