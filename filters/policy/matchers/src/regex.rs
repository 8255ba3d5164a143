//! Regular expressions as Envoy runs them: RE2 syntax, whole value, one byte at a time (rules W12, R3, A26).
//! The pattern is translated for `regex-lite`; what would mean something else there is refused, never guessed.

mod class;
mod escape;
mod translate;

use std::borrow::Cow;
use std::fmt;

use meshwright_core::ConfigError;

/// The longest pattern Istio's admission takes, and so the longest that can reach a proxy.
const MAX_PATTERN_BYTES: usize = 1024;

/// Istio lets an RE2 program have 32,768 instructions; at about 32 bytes each this is the same bound for `regex-lite`.
const MAX_PROGRAM_BYTES: usize = 1 << 20;

/// A compiled RE2 pattern that must match the whole value.
///
/// Bytes are matched as Latin-1: `.` is one byte, whatever its value (rule A26).
#[derive(Clone)]
pub struct Regex {
    pattern: Box<str>,
    program: regex_lite::Regex,
}

// === impl Regex ===

impl Regex {
    /// Compiles an RE2 pattern.
    ///
    /// # Errors
    /// A [`ConfigError`] without pointer when RE2 would refuse the pattern, or when it cannot be given RE2's meaning here.
    pub fn new(pattern: &str) -> Result<Self, ConfigError> {
        let program = compile(pattern).map_err(|cause| {
            ConfigError::new(
                "",
                format!("the regular expression `{pattern}` cannot be used: {cause}"),
            )
        })?;
        Ok(Self {
            pattern: pattern.into(),
            program,
        })
    }

    /// Whether the whole of `value` matches.
    #[must_use]
    pub fn matches(&self, value: &[u8]) -> bool {
        self.program.is_match(&latin1(value))
    }

    /// The pattern as it was configured.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.pattern
    }
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

impl Eq for Regex {}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Regex").field(&self.pattern).finish()
    }
}

fn compile(pattern: &str) -> Result<regex_lite::Regex, String> {
    if pattern.is_empty() {
        return Err("it is empty".into());
    }
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(format!("it is longer than {MAX_PATTERN_BYTES} bytes"));
    }
    let translated = translate::translate(pattern.as_bytes())?;
    regex_lite::RegexBuilder::new(&format!(r"\A(?:{translated})\z"))
        .size_limit(MAX_PROGRAM_BYTES)
        .build()
        .map_err(|error| error.to_string())
}

// `regex-lite` reads text; giving every byte the code point of the same number makes text of bytes. Nearly all
// values are ASCII, where both are the same and nothing is copied.
fn latin1(value: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(value.iter().copied().map(char::from).collect()),
    }
}

#[cfg(test)]
mod tests;
