//! Reading whole header maps.

use crate::core::Headers;
use crate::error::Error;
use crate::hostcalls::{MapType, Named as _, host};
use crate::status::{HostError, Status};

const CALL: &str = "get_header_map_pairs";

pub(crate) fn get(map: MapType) -> Result<Headers, Error> {
    let subject = format_args!("{map:?}");
    let pairs = host().get_header_map_pairs(map);
    let pairs = match pairs.named(CALL, b"") {
        Ok(pairs) => pairs,
        Err(error) => {
            return Err(Error::Host(HostError {
                subject: subject.to_string(),
                ..error
            }));
        }
    };
    Headers::from_pairs(pairs).map_err(|_| {
        HostError::new(CALL, subject.to_string().as_bytes(), Status::PARSE_FAILURE).into()
    })
}

/// A status code; 0 where the value of `:status` is none.
pub(crate) fn status(value: Option<&[u8]>) -> u16 {
    let text = std::str::from_utf8(value.unwrap_or_default()).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}
