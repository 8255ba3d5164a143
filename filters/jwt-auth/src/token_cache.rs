//! Tokens that were found good, so that the next request with the same one costs no cryptography and no JSON.
//!
//! Only the exact bytes of a token find it. Nothing refused is kept, so that nobody can fill it who has no good tokens.

use std::cell::RefCell;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;

use lru::LruCache;
use policy_jwt::Verified;

pub(crate) struct TokenCache {
    limits: policy_jwt::TokenCache,
    kept: RefCell<Kept>,
}

struct Kept {
    by_token: LruCache<Box<[u8]>, Entry, BuildHasherDefault<OfTail>>,
    bytes: usize,
}

/// What one rule has found.
struct Entry {
    rule: usize,
    verified: Rc<Verified>,
}

/// Hashes the last bytes of a token, which are those of its signature: as good as random, and not at anybody's choice,
/// because only tokens with a good signature are kept.
#[derive(Default)]
struct OfTail(u64);

// === impl TokenCache ===

impl TokenCache {
    pub(crate) fn new(limits: policy_jwt::TokenCache) -> Self {
        Self {
            limits,
            kept: RefCell::new(Kept {
                by_token: LruCache::unbounded_with_hasher(BuildHasherDefault::default()),
                bytes: 0,
            }),
        }
    }

    pub(crate) fn get(&self, rule: usize, token: &[u8]) -> Option<Rc<Verified>> {
        let mut kept = self.kept.borrow_mut();
        let entry = kept.by_token.get(token);
        let entry = entry.filter(|entry| entry.rule == rule);
        entry.map(|entry| Rc::clone(&entry.verified))
    }

    /// Keeps a token, and returns how many others had to make room.
    pub(crate) fn keep(&self, rule: usize, token: &[u8], verified: &Rc<Verified>) -> u32 {
        let size = token.len() + verified.size();
        if self.limits.tokens == 0 || size > self.limits.bytes {
            return 0;
        }
        let verified = Rc::clone(verified);
        let mut kept = self.kept.borrow_mut();
        kept.insert(token, Entry { rule, verified });
        let mut evicted = 0;
        while kept.by_token.len() > self.limits.tokens || kept.bytes > self.limits.bytes {
            kept.remove_oldest();
            evicted += 1;
        }
        evicted
    }
}

// === impl Kept ===

impl Kept {
    fn insert(&mut self, token: &[u8], entry: Entry) {
        self.bytes += token.len() + entry.verified.size();
        if let Some(before) = self.by_token.put(token.into(), entry) {
            self.bytes -= token.len() + before.verified.size();
        }
    }

    fn remove_oldest(&mut self) {
        if let Some((token, entry)) = self.by_token.pop_lru() {
            self.bytes -= token.len() + entry.verified.size();
        }
    }
}

// === impl OfTail ===

impl Hasher for OfTail {
    fn write(&mut self, bytes: &[u8]) {
        // Some of the last bytes of a base64url text have unused bits; sixteen before them have ninety-six used ones.
        let mut chunks = bytes.rchunks(8).skip(1);
        for _ in 0..2 {
            let chunk = chunks.next().and_then(|chunk| chunk.try_into().ok());
            let word = u64::from_le_bytes(chunk.unwrap_or_default());
            self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }

    // The length of a slice is written first; it tells tokens apart less than anything else.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        // Maps take their places from the low bits and the high ones.
        self.0 ^ self.0 >> 32
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use meshwright::core::RequestHead;
    use policy_jwt::{Authenticator, Keys, Need, World};

    use super::*;

    const CONFIGURATION: &[u8] = br#"{"jwtRules": [{
        "issuer": "joe", "jwks": "{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}]}"
    }]}"#;
    /// HS256 by that key: `{"iss": "joe"}`.
    const TOKEN: &str =
        "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UifQ.IsHbYYTCm5_CCZcka5zgTBdQ8qXcYbxQUHoES_wSgUs";

    /// Keeps what it is given to keep.
    struct Keeper(RefCell<Option<Rc<Verified>>>);

    impl World for Keeper {
        fn keys(&self, _: Need) -> Keys {
            Keys::Failed
        }

        fn keep(&self, _: usize, _: &[u8], verified: &Rc<Verified>) {
            self.0.replace(Some(Rc::clone(verified)));
        }
    }

    fn verified() -> Rc<Verified> {
        let authenticator = Authenticator::from_json(CONFIGURATION).unwrap();
        let authorization = format!("Bearer {TOKEN}");
        let headers = [(":path", "/"), ("authorization", authorization.as_str())];
        let keeper = Keeper(RefCell::default());
        let head = RequestHead::from_iter(headers);
        let _ = authenticator.authenticate(&head, UNIX_EPOCH, &keeper);
        keeper.0.take().unwrap()
    }

    fn cache(tokens: usize, bytes: usize) -> TokenCache {
        TokenCache::new(policy_jwt::TokenCache { tokens, bytes })
    }

    #[test]
    fn only_the_same_token_and_rule_find_it() {
        let cache = cache(10, 1 << 20);
        cache.keep(0, b"token", &verified());
        assert!(cache.get(0, b"token").is_some());
        assert!(cache.get(1, b"token").is_none());
        assert!(cache.get(0, b"tokeN").is_none());
        assert!(cache.get(0, b"Token").is_none());
    }

    #[test]
    fn the_oldest_make_room() {
        let one = verified().size() + 1;
        for (cache, kept) in [
            (cache(2, 1 << 20), 2),
            (cache(100, 2 * one), 2),
            (cache(0, 0), 0),
        ] {
            let tokens = [b"a", b"b", b"c"];
            let evicted: u32 = tokens
                .iter()
                .map(|token| cache.keep(0, *token, &verified()))
                .sum();
            let found = tokens
                .iter()
                .filter(|token| cache.get(0, **token).is_some());
            assert_eq!(found.count(), kept);
            assert_eq!(evicted, if kept == 0 { 0 } else { 1 });
            assert!(cache.get(0, b"a").is_none());
        }
    }
}
