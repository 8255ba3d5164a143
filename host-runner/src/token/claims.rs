//! Claims at times relative to a clock: `now`, `now+1h`, `now-10`.

use std::str::FromStr;

use serde_json::Value;

/// A time relative to a clock, in seconds: `now`, `now+3600`, `now-10m`; units are s, m, h and d.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOffset {
    seconds: i64,
}

// === impl TimeOffset ===

impl TimeOffset {
    /// Seconds since the epoch, when the clock stands at `now`.
    #[must_use]
    pub fn at(self, now: i64) -> i64 {
        now.saturating_add(self.seconds)
    }

    /// Whether the text is meant as a time: only then is a wrong spelling an error.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        let rest = text.strip_prefix("now");
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', '-']))
    }
}

impl FromStr for TimeOffset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("expected a time such as `now`, `now+3600` or `now-10m`, found `{text}`");
        let rest = text.strip_prefix("now").ok_or_else(wrong)?;
        if rest.is_empty() {
            return Ok(Self { seconds: 0 });
        }
        let (sign, amount) = match rest.split_at_checked(1) {
            Some(("+", amount)) => (1, amount),
            Some(("-", amount)) => (-1, amount),
            _ => return Err(wrong()),
        };
        let seconds = parse_seconds(amount).ok_or_else(wrong)?;
        Ok(Self {
            seconds: sign * seconds,
        })
    }
}

fn parse_seconds(amount: &str) -> Option<i64> {
    let digits = amount.trim_end_matches(|last: char| last.is_ascii_alphabetic());
    let unit = match amount.strip_prefix(digits)? {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    let digits_only = digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse::<i64>().ok().filter(|_| digits_only)?;
    number.checked_mul(unit)
}

/// The same JSON with every string that is a [`TimeOffset`] replaced by its number.
///
/// # Errors
/// When a string starts like a time and is none.
pub fn resolve_times(value: &Value, now: i64) -> Result<Value, String> {
    match value {
        Value::String(text) if TimeOffset::is_meant(text) => {
            Ok(text.parse::<TimeOffset>()?.at(now).into())
        }
        Value::Array(items) => items.iter().map(|item| resolve_times(item, now)).collect(),
        Value::Object(members) => {
            let resolved = members
                .iter()
                .map(|(name, value)| Ok((name.clone(), resolve_times(value, now)?)));
            resolved.collect::<Result<_, String>>().map(Value::Object)
        }
        _ => Ok(value.clone()),
    }
}
