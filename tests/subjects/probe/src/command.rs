//! What each verb does.

use meshwright_core::Headers;
use meshwright_core::headers::to_pairs;

use crate::abi::{self, Returned};
use crate::script::Command;

/// What a callback knows of its moment: the bytes or pairs it was told of, and whether the stream ends.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) count: u32,
    pub(crate) end: bool,
}

/// Runs one command; `Err` is the status of the hostcall. `hold` and the like are the stream's, not the host's.
pub(crate) fn run(command: &Command, moment: Moment) -> Returned {
    let argument = |at: usize| command.arguments.get(at).map_or(&[][..], Vec::as_slice);
    let number = |at: usize| {
        std::str::from_utf8(argument(at))
            .ok()
            .and_then(|text| text.parse::<i32>().ok())
    };
    let count = |at: usize| number(at).map_or(u32::MAX, i32::cast_unsigned);
    let map = command.map.unwrap_or(match command.stage {
        'q' | 'b' | 'l' => 0,
        't' => 1,
        _ => 2,
    });
    let body = command
        .map
        .unwrap_or(u32::from(matches!(command.stage, 's' | 'r')));
    match command.verb.as_str() {
        // Header maps.
        "get" => abi::get(map, argument(0)),
        "all" => all(map, argument(0)),
        "names" => names(map),
        "size" => abi::map_size(map).map(|size| size.to_string().into_bytes()),
        "add" => status(abi::add(map, argument(0), argument(1))),
        "set" => status(abi::replace(map, argument(0), argument(1))),
        "del" => status(abi::remove(map, argument(0))),
        "pairs" => status(abi::set_pairs(map, &pairs(&command.arguments))),
        // Bodies.
        "chunk" => Ok(format!("{} {}", moment.count, u32::from(moment.end)).into_bytes()),
        "read" => abi::buffer(body, number(0).unwrap_or(0).cast_unsigned(), count(1)),
        "put" => status(abi::set_buffer(body, count(0), count(1), argument(2))),
        "grow" => status(abi::set_buffer(
            body,
            0,
            u32::MAX,
            &vec![b'x'; count(0) as usize],
        )),
        // The stream.
        "prop" => abi::property(&with_nul(argument(0))),
        "state" => status(abi::set_property(&with_nul(argument(0)), argument(1))),
        "call" => abi::foreign(argument(0), argument(1)),
        "reply" => {
            let headers = pairs(command.arguments.get(4..).unwrap_or_default());
            status(abi::reply(
                count(0),
                argument(2),
                argument(1),
                &headers,
                number(3).unwrap_or(-1),
            ))
        }
        "trap" => std::process::abort(),
        _ => Ok(Vec::new()),
    }
}

fn status(status: u32) -> Returned {
    if status == 0 {
        Ok(Vec::new())
    } else {
        Err(status)
    }
}

// `/` separates the segments of a property's path.
fn with_nul(path: &[u8]) -> Vec<u8> {
    path.iter()
        .map(|byte| if *byte == b'/' { 0 } else { *byte })
        .collect()
}

fn all(map: u32, name: &[u8]) -> Returned {
    let pairs = headers(map)?;
    let values = pairs
        .iter()
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value);
    Ok(values.collect::<Vec<_>>().join(&b'|'))
}

fn names(map: u32) -> Returned {
    let pairs = headers(map)?;
    let names = pairs.iter().map(|(name, _)| name);
    Ok(names.collect::<Vec<_>>().join(&b' '))
}

fn headers(map: u32) -> Result<Headers, u32> {
    Ok(Headers::from_pairs(abi::pairs(map)?).unwrap_or_default())
}

// Arguments `name=value` in the encoding of the ABI.
fn pairs(arguments: &[Vec<u8>]) -> Vec<u8> {
    let pairs = arguments.iter().map(|pair| {
        let mut parts = pair.splitn(2, |byte| *byte == b'=');
        (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        )
    });
    to_pairs(pairs)
}
