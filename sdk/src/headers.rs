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
