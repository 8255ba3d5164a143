//! The hostcalls that the probe itself and the shorthand verbs make.

use crate::call::Input;
use crate::hostcalls::find;
use crate::outcome::Outcome;

/// Bytes that a hostcall returned, or its status.
pub(crate) type Returned = Result<Vec<u8>, u32>;

/// What a hostcall that is not there would return.
const UNIMPLEMENTED: u32 = 12;

/// Makes a hostcall by its name without `proxy_`.
pub(crate) fn call(name: &str, inputs: Vec<Input>) -> Outcome {
    match find(name) {
        Some(call) => call.invoke(inputs, Vec::new()),
        None => Outcome::new(UNIMPLEMENTED, &[]),
    }
}

fn number(number: impl Into<i64>) -> Input {
    Input::Number(number.into())
}

fn bytes(bytes: &[u8]) -> Input {
    Input::Bytes(bytes.to_vec())
}

/// Logs at info.
pub(crate) fn log(text: &str) {
    call("log", vec![number(2), bytes(text.as_bytes())]);
}

pub(crate) fn now() -> Outcome {
    call("get_current_time_nanoseconds", Vec::new())
}

pub(crate) fn buffer(kind: u32, start: u32, len: u32) -> Returned {
    let inputs = vec![number(kind), number(start), number(len)];
    call("get_buffer_bytes", inputs).bytes()
}

pub(crate) fn set_buffer(kind: u32, start: u32, len: u32, data: &[u8]) -> u32 {
    let inputs = vec![number(kind), number(start), number(len), bytes(data)];
    call("set_buffer_bytes", inputs).status
}

pub(crate) fn pairs(map: u32) -> Returned {
    call("get_header_map_pairs", vec![number(map)]).bytes()
}

pub(crate) fn set_pairs(map: u32, pairs: &[u8]) -> u32 {
    call("set_header_map_pairs", vec![number(map), bytes(pairs)]).status
}

pub(crate) fn map_size(map: u32) -> Result<u32, u32> {
    call("get_header_map_size", vec![number(map)]).number()
}

pub(crate) fn get(map: u32, name: &[u8]) -> Returned {
    call("get_header_map_value", vec![number(map), bytes(name)]).bytes()
}

pub(crate) fn add(map: u32, name: &[u8], value: &[u8]) -> u32 {
    let inputs = vec![number(map), bytes(name), bytes(value)];
    call("add_header_map_value", inputs).status
}

pub(crate) fn replace(map: u32, name: &[u8], value: &[u8]) -> u32 {
    let inputs = vec![number(map), bytes(name), bytes(value)];
    call("replace_header_map_value", inputs).status
}

pub(crate) fn remove(map: u32, name: &[u8]) -> u32 {
    call("remove_header_map_value", vec![number(map), bytes(name)]).status
}

/// Segments of the path are separated by NUL.
pub(crate) fn property(path: &[u8]) -> Outcome {
    call("get_property", vec![bytes(path)])
}

pub(crate) fn set_property(path: &[u8], value: &[u8]) -> u32 {
    call("set_property", vec![bytes(path), bytes(value)]).status
}

pub(crate) fn reply(code: u32, details: &[u8], body: &[u8], headers: &[u8], grpc: i64) -> u32 {
    let inputs = vec![
        number(code),
        bytes(details),
        bytes(body),
        bytes(headers),
        number(grpc),
    ];
    call("send_local_response", inputs).status
}

pub(crate) fn foreign(name: &[u8], argument: &[u8]) -> Returned {
    call("call_foreign_function", vec![bytes(name), bytes(argument)]).bytes()
}

/// Makes another context the one that hostcalls are about.
pub(crate) fn set_effective_context(context: u32) -> Outcome {
    call("set_effective_context", vec![number(context)])
}
