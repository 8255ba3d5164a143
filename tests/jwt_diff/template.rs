//! What stands between `<<` and `>>` in a case: `<<token>>`, `<<now+60>>`, a byte `<<x:ff>>`, a repetition `<<99*[>>`.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};

/// What a template may name.
#[derive(Debug, Clone, Default)]
pub struct Names(BTreeMap<String, Vec<u8>>);

// === impl Names ===

impl Names {
    /// The same with one more, or another value of it.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// The text with everything in it replaced.
    ///
    /// # Errors
    /// When it names something that there is not.
    pub fn fill(&self, text: &str) -> anyhow::Result<Vec<u8>> {
        let mut filled = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("<<") {
            let (inside, after) = after.split_once(">>").context("`<<` without `>>`")?;
            filled.extend(before.as_bytes());
            filled.extend(self.value(inside)?);
            rest = after;
        }
        filled.extend(rest.as_bytes());
        Ok(filled)
    }

    fn value(&self, inside: &str) -> anyhow::Result<Vec<u8>> {
        if let Some(value) = self.0.get(inside) {
            return Ok(value.clone());
        }
        if let Some(hex) = inside.strip_prefix("x:") {
            return Ok(vec![u8::from_str_radix(hex, 16)?]);
        }
        if let Some(offset) = inside.strip_prefix("now") {
            let offset: i64 = if offset.is_empty() {
                0
            } else {
                offset.parse()?
            };
            return Ok(now().saturating_add(offset).to_string().into_bytes());
        }
        match inside.split_once('*') {
            Some((count, text)) => Ok(text.repeat(count.parse()?).into_bytes()),
            None => bail!("`<<{inside}>>` means nothing"),
        }
    }
}

/// Seconds since the epoch. Native Envoy has the machine's clock, so everything else has it too.
#[must_use]
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}
