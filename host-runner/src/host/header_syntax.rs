//! Which bytes may be a header's name and its value: what the `http` crate takes, asked without making a copy.

use crate::host::header_map::HeaderMap;

/// The longest name that the `http` crate takes.
const LONGEST_NAME: usize = 65_535;

/// Of each byte that may be in a token the same in lower case, of the others 0: asked of every byte of every name.
const TOKEN: [u8; 256] = token();

#[expect(
    clippy::indexing_slicing,
    reason = "while it is compiled nothing else is there to loop with, and a wrong index does not compile"
)]
const fn token() -> [u8; 256] {
    let mut token = [0; 256];
    let mut byte = 0;
    while byte < 128_u8 {
        let is_token = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~'
            );
        if is_token {
            token[byte as usize] = byte.to_ascii_lowercase();
        }
        byte += 1;
    }
    token
}

/// Whether a name is a token (RFC 9110 section 5.6.2).
pub(crate) fn is_header_name(name: &[u8]) -> bool {
    let has_length = (1..=LONGEST_NAME).contains(&name.len());
    has_length && name.iter().all(|byte| lower(*byte) != 0)
}

/// Whether a value has no control characters but tabs.
pub(crate) fn is_header_value(value: &[u8]) -> bool {
    let is_value = |byte: &u8| (*byte >= b' ' && *byte != 0x7f) || *byte == b'\t';
    value.iter().all(is_value)
}

/// Writes a header to the end of the buffer, its name in lower case. Whether it surely can be sent: of one that seems
/// odd [`check_bytes`] knows.
///
/// All headers of all messages pass here, so each byte is looked at once.
pub(crate) fn write(buffer: &mut Vec<u8>, name: &[u8], value: &[u8]) -> bool {
    let mut is_token = name.len() <= LONGEST_NAME;
    buffer.extend(name.iter().map(|byte| {
        let lower = lower(*byte);
        is_token &= lower != 0;
        // What is no token has no case.
        if lower == 0 { *byte } else { lower }
    }));
    buffer.extend_from_slice(value);
    (is_token || is_pseudo(name)) && !may_have_control(value)
}

fn lower(byte: u8) -> u8 {
    TOKEN.get(usize::from(byte)).copied().unwrap_or_default()
}

// Eight bytes at a time, the last of them twice; a tab counts too.
fn may_have_control(value: &[u8]) -> bool {
    let Some(last) = value.last_chunk() else {
        return value.iter().any(u8::is_ascii_control);
    };
    let (words, _) = value.as_chunks();
    let mut words = words.iter().chain([last]);
    words.any(|word| controls(u64::from_ne_bytes(*word)) != 0)
}

// The highest bit of every byte that is below 0x20, or 0x7f. A borrow leaves a byte only when there is one.
fn controls(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let deletes = word ^ (EACH * 0x7f);
    let control = word.wrapping_sub(EACH * 0x20) & !word;
    let delete = deletes.wrapping_sub(EACH) & !deletes;
    (control | delete) & (EACH * 0x80)
}

fn is_pseudo(name: &[u8]) -> bool {
    name.first() == Some(&b':')
}

/// What is wrong with the first header that cannot be sent, in Envoy's words (rules H10, W6). It sends an empty name.
pub(crate) fn check_bytes(headers: &HeaderMap) -> Result<(), Vec<u8>> {
    if !headers.may_be_odd() {
        return Ok(());
    }
    for (name, value) in headers.iter() {
        let is_sent = name.is_empty() || is_pseudo(name) || is_header_name(name);
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
    fn what_surely_can_be_sent_is_what_the_check_lets_pass() {
        for byte in 0..=u8::MAX {
            for place in 0..20 {
                let mut value = [b'v'; 20];
                value[place] = byte;
                for value in [&value[..], &value[..place + 1]] {
                    let surely = write(&mut Vec::new(), b"name", value);
                    assert_eq!(surely, is_header_value(value) && byte != b'\t', "{value:?}");
                }
            }
            let mut buffer = Vec::new();
            let surely = write(&mut buffer, &[b'A', byte], b"");
            assert_eq!(surely, is_header_name(&[b'A', byte]), "{byte}");
            assert_eq!(buffer, [b'a', byte.to_ascii_lowercase()]);
        }
        assert!(write(&mut Vec::new(), b":a b", b"pseudo"));
        assert!(!write(&mut Vec::new(), &[b'a'; LONGEST_NAME + 1], b"long"));
    }

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
