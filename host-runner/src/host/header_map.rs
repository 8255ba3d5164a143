//! A header map with Envoy's semantics: lower-case names, order kept, repeats separate, a few headers joined.

use std::fmt;

use meshwright_core::headers::to_pairs;
use meshwright_core::reply::is_grpc;

use crate::host::{header_syntax, inline};

/// Names and values in order, pseudo headers included.
///
/// All bytes lie in one buffer, so that a map is made, copied and dropped at the cost of two allocations, however many
/// headers it has: every stream does that several times.
#[derive(Clone, Default)]
pub(crate) struct HeaderMap {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    inline: Inline,
    /// A bit of every name that is or was an entry: what has none here is not looked for.
    names: u64,
    /// Whether there may be, or have been, an entry that cannot be sent.
    odd: bool,
}

/// Where a header lies in the buffer: its name, and behind that its value.
#[derive(Debug, Clone, Copy)]
struct Entry {
    start: usize,
    name: usize,
    value: usize,
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

/// Bytes that no entry has any more are given up when there are more of them than this, and than those in use.
const SPARE: usize = 4096;

// === impl HeaderMap ===

impl HeaderMap {
    pub(crate) fn request() -> Self {
        Self::with_room(Inline::Request)
    }

    pub(crate) fn response(status: &[u8]) -> Self {
        let mut map = Self::with_room(Inline::Response);
        map.insert(b":status", status);
        map
    }

    // Enough for most messages, so that nothing grows while they are read.
    fn with_room(inline: Inline) -> Self {
        Self {
            bytes: Vec::with_capacity(512),
            entries: Vec::with_capacity(16),
            inline,
            ..Self::default()
        }
    }

    /// Replaces everything (rule H8).
    pub(crate) fn replace_all(&mut self, pairs: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) {
        self.entries.clear();
        self.bytes.clear();
        self.names = 0;
        self.odd = false;
        for (name, value) in pairs {
            self.add(&name, &value);
        }
    }

    pub(crate) fn get(&self, name: &[u8]) -> Option<&[u8]> {
        let at = self.position(self.canonical(name))?;
        let entry = self.entries.get(at)?;
        Some(entry.of(&self.bytes).1)
    }

    /// All values of a name, in order.
    pub(crate) fn get_all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let name = self.canonical(name);
        let named = self.iter().filter(move |(key, _)| *key == name);
        named.map(|(_, value)| value)
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
        let named = self
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let values: Vec<&[u8]> = named.map(|(_, value)| value).collect();
        (!values.is_empty()).then(|| values.join(&b','))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
        self.entries.iter().map(|entry| entry.of(&self.bytes))
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes of all names and values (rule for `proxy_get_header_map_size`).
    pub(crate) fn byte_size(&self) -> usize {
        self.entries.iter().map(Entry::size).sum()
    }

    /// Adds an entry, or joins an inline header's value to the one that is there (rule H6); an empty one adds nothing.
    pub(crate) fn add(&mut self, name: &[u8], value: &[u8]) {
        let name = self.canonical(name);
        match self.inline_position(name) {
            None => self.insert(name, value),
            Some(_) if value.is_empty() => {}
            Some(at) => self.join(at, name, value),
        }
    }

    // Where the value is that another one of the name is joined to. Whether there is one at all is asked first, because
    // nearly always there is none.
    fn inline_position(&self, name: &[u8]) -> Option<usize> {
        let at = self.position(name)?;
        let key = self.entries.get(at)?.of(&self.bytes).0;
        inline::is_inline(self.inline, key).then_some(at)
    }

    fn join(&mut self, at: usize, name: &[u8], value: &[u8]) {
        let present = self.iter().nth(at).map(|(_, present)| present);
        match present.unwrap_or_default() {
            [] => self.put(at, name, value),
            present => {
                let joined = [present, value].join(&b',');
                self.put(at, name, &joined);
            }
        }
    }

    // Pseudo headers come before all others (rule H4).
    fn insert(&mut self, name: &[u8], value: &[u8]) {
        let start = self.write(name, value);
        let entry = Entry::new(start, name, value);
        if name.first() != Some(&b':') {
            return self.entries.push(entry);
        }
        let all = self.entries.iter();
        let pseudo = all.take_while(|it| it.is_pseudo(&self.bytes)).count();
        match pseudo == self.entries.len() {
            true => self.entries.push(entry),
            false => self.entries.insert(pseudo, entry),
        }
    }

    /// Replaces all values by one, at the end (rule H7).
    pub(crate) fn replace(&mut self, name: &[u8], value: &[u8]) {
        self.remove(name);
        self.insert(self.canonical(name), value);
    }

    /// As [`Self::replace`], but in the place of the present value, as the proxy itself does it.
    pub(crate) fn set(&mut self, name: &[u8], value: &[u8]) {
        let name = self.canonical(name);
        match self.position(name) {
            Some(at) => self.put(at, name, value),
            None => self.insert(name, value),
        }
    }

    pub(crate) fn remove(&mut self, name: &[u8]) {
        let name = self.canonical(name);
        if !self.may_have(name) {
            return;
        }
        let bytes = &self.bytes;
        self.entries.retain(|entry| !entry.is(bytes, name));
    }

    /// Whether a request with these headers is gRPC (rule Y6).
    pub(crate) fn is_grpc(&self) -> bool {
        self.get(b"content-type").is_some_and(is_grpc)
    }

    pub(crate) fn to_pairs(&self) -> Vec<u8> {
        to_pairs(self.iter())
    }

    /// Whether an entry may be one that cannot be sent.
    pub(crate) fn may_be_odd(&self) -> bool {
        self.odd
    }

    fn position(&self, name: &[u8]) -> Option<usize> {
        if !self.may_have(name) {
            return None;
        }
        self.entries
            .iter()
            .position(|entry| entry.is(&self.bytes, name))
    }

    fn may_have(&self, name: &[u8]) -> bool {
        self.names & bit(name) != 0
    }

    // Keys mean the same in any case, and `host` is `:authority` of a request (rule H3).
    fn canonical<'a>(&self, name: &'a [u8]) -> &'a [u8] {
        match self.inline {
            Inline::Request if name.eq_ignore_ascii_case(b"host") => b":authority",
            _ => name,
        }
    }

    // === the buffer ===

    fn put(&mut self, at: usize, name: &[u8], value: &[u8]) {
        let start = self.write(name, value);
        let entry = Entry::new(start, name, value);
        if let Some(place) = self.entries.get_mut(at) {
            *place = entry;
        }
    }

    // A header's bytes, its name in lower case, at the end of the buffer; where they begin.
    fn write(&mut self, name: &[u8], value: &[u8]) -> usize {
        self.compact();
        let start = self.bytes.len();
        let is_sendable = header_syntax::write(&mut self.bytes, name, value);
        self.odd |= !is_sendable;
        self.names |= bit(name);
        start
    }

    // So that a filter that sets one header for ever does not fill the memory.
    fn compact(&mut self) {
        if self.bytes.len() > SPARE {
            self.compact_if_worth_it();
        }
    }

    #[cold]
    fn compact_if_worth_it(&mut self) {
        let used = self.byte_size();
        if self.bytes.len() - used <= used.max(SPARE) {
            return;
        }
        let old = std::mem::replace(&mut self.bytes, Vec::with_capacity(used));
        for entry in &mut self.entries {
            let (name, value) = entry.of(&old);
            entry.start = self.bytes.len();
            self.bytes.extend_from_slice(name);
            self.bytes.extend_from_slice(value);
        }
    }
}

impl PartialEq for HeaderMap {
    fn eq(&self, other: &Self) -> bool {
        self.inline == other.inline && self.iter().eq(other.iter())
    }
}

impl Eq for HeaderMap {}

impl fmt::Debug for HeaderMap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |(name, value)| {
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            (text(name), text(value))
        };
        formatter
            .debug_map()
            .entries(self.iter().map(text))
            .finish()
    }
}

// One of 64 bits, by the length of a name and its ends in any case: most names of a message have one of their own.
fn bit(name: &[u8]) -> u64 {
    let end = |byte: Option<&u8>| u32::from(byte.map_or(0, |byte| byte | 0x20));
    let length = u32::try_from(name.len()).unwrap_or_default();
    let spread = length.wrapping_mul(43) ^ end(name.first()) ^ end(name.last()).wrapping_mul(29);
    1 << (spread % 64)
}

// === impl Entry ===

impl Entry {
    fn new(start: usize, name: &[u8], value: &[u8]) -> Self {
        Self {
            start,
            name: name.len(),
            value: value.len(),
        }
    }

    // Name and value; every entry lies within the buffer of its map.
    fn of<'a>(&self, bytes: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let here = bytes.get(self.start..).unwrap_or_default();
        let (name, rest) = here.split_at_checked(self.name).unwrap_or_default();
        (name, rest.get(..self.value).unwrap_or_default())
    }

    // Asks for the length first, which is most often another one.
    fn is(&self, bytes: &[u8], name: &[u8]) -> bool {
        self.name == name.len() && self.of(bytes).0.eq_ignore_ascii_case(name)
    }

    fn is_pseudo(&self, bytes: &[u8]) -> bool {
        self.name > 0 && bytes.get(self.start) == Some(&b':')
    }

    fn size(&self) -> usize {
        self.name + self.value
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
        let mut map = HeaderMap::with_room(inline);
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
    fn a_header_that_is_set_for_ever_takes_no_more_room() {
        let mut map = map(Inline::Request, &[("x", "1"), ("y", "2")]);
        let value = [b'v'; 1000];
        (0..1000).for_each(|_| map.replace(b"X", &value));
        assert!(map.bytes.len() < 3 * SPARE, "{}", map.bytes.len());
        assert_eq!(
            (map.get(b"x"), map.get(b"Y")),
            (Some(&value[..]), Some(&b"2"[..]))
        );
        assert_eq!(map.byte_size(), 1 + value.len() + 2);
    }

    #[test]
    fn host_is_the_authority() {
        let mut map = map(Inline::Request, &[(":authority", "a")]);
        map.replace(b"Host", b"b");
        assert_eq!(map.get(b"host"), Some(&b"b"[..]));
        assert_eq!(map.len(), 1);
    }
}
