//! Which bytes may be a header's name and its value: what the `http` crate takes, asked without making a copy.

use crate::host::header_map::HeaderMap;

/// The longest name that the `http` crate takes.
const LONGEST_NAME: usize = 65_535;

/// Of each byte whether it may be in a token: asked of every byte of every name of a request.
const TOKEN: [bool; 256] = token();

#[expect(
    clippy::indexing_slicing,
    reason = "while it is compiled nothing else is there to loop with, and a wrong index does not compile"
)]
const fn token() -> [bool; 256] {
    let mut token = [false; 256];
    let mut byte = 0;
    while byte < 128_u8 {
        token[byte as usize] = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~'
            );
        byte += 1;
    }
    token
}

/// Whether a name is a token (RFC 9110 section 5.6.2).
pub(crate) fn is_header_name(name: &[u8]) -> bool {
    let is_token = |byte: &u8| TOKEN.get(usize::from(*byte)) == Some(&true);
    let has_length = (1..=LONGEST_NAME).contains(&name.len());
    // To the end, because nearly every name is one.
    has_length && name.iter().fold(true, |all, byte| all & is_token(byte))
}

/// Whether a value has no control characters but tabs.
pub(crate) fn is_header_value(value: &[u8]) -> bool {
    let is_value = |byte: u8| ((byte >= b' ') & (byte != 0x7f)) | (byte == b'\t');
    // Without a way out many bytes are looked at at once.
    value.iter().fold(true, |all, byte| all & is_value(*byte))
}

/// What is wrong with the first header that cannot be sent, in Envoy's words (rules H10, W6). It sends an empty name.
pub(crate) fn check_bytes(headers: &HeaderMap) -> Result<(), Vec<u8>> {
    for (name, value) in headers.iter() {
        let is_sent = name.is_empty() || name.starts_with(b":") || is_header_name(name);
        let what: &[u8] = match (is_sent, is_header_value(value)) {
            (true, true) => continue,
            (false, _) => b"invalid header name: ",
            (true, false) => b"invalid header value for: ",
        };
        return Err([what, &escaped(name)].concat());
    }
    Ok(())
}

// As Envoy writes names that cannot be: control characters escaped, the rest as it is.
fn escaped(name: &[u8]) -> Vec<u8> {
    name.iter()
        .flat_map(|byte| match byte {
            b'\n' => b"\\n".to_vec(),
            b'\r' => b"\\r".to_vec(),
            b'\t' => b"\\t".to_vec(),
            control if control.is_ascii_control() => format!("\\u{control:04x}").into_bytes(),
            other => vec![*other],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn bytes_are_what_the_http_crate_takes() {
        for byte in 0..=u8::MAX {
            let bytes = [b'a', byte];
            let (name, value) = (is_header_name(&bytes), is_header_value(&bytes));
            assert_eq!(name, HeaderName::from_bytes(&bytes).is_ok(), "{byte}");
            assert_eq!(value, HeaderValue::from_bytes(&bytes).is_ok(), "{byte}");
        }
        for length in [0, LONGEST_NAME, LONGEST_NAME + 1] {
            let name = vec![b'a'; length];
            let taken = HeaderName::from_bytes(&name).is_ok();
            assert_eq!(is_header_name(&name), taken, "{length}");
        }
    }
}
