//! Durations as the JSON form of a protobuf `Duration` has them: seconds with an `s`, such as `5s` or `0.5s`.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::Serializer;

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(from)?;
    let duration = parse(&text).ok_or_else(|| {
        D::Error::custom(format!(
            "`{text}` is not a duration in seconds such as `5s`"
        ))
    })?;
    Ok(Some(duration))
}

#[expect(clippy::ref_option, reason = "the signature serde asks for")]
pub(crate) fn serialize<S: Serializer>(
    duration: &Option<Duration>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => to.serialize_str(&format!("{}s", duration.as_secs_f64())),
        None => to.serialize_none(),
    }
}

fn parse(text: &str) -> Option<Duration> {
    let seconds = text.strip_suffix('s')?;
    let is_decimal = seconds
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds = is_decimal.then(|| seconds.parse().ok())??;
    Duration::try_from_secs_f64(seconds).ok()
}
