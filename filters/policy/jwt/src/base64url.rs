//! Base64url (RFC 4648 section 5) without padding, as RFC 7515 section 2 has it, or as Envoy reads it.
//!
//! Envoy also accepts exact padding, ASCII white space anywhere, and set trailing bits (rules J22, X2).

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE_NO_PAD};

use crate::config::Compat;

const LAX: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// The bytes that `text` stands for.
pub(crate) fn decode(text: &[u8], compat: Compat) -> Option<Vec<u8>> {
    match compat {
        Compat::Strict => URL_SAFE_NO_PAD.decode(text).ok(),
        Compat::Envoy => decode_lax(text),
    }
}

fn decode_lax(text: &[u8]) -> Option<Vec<u8>> {
    let dense: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !is_space(*byte))
        .collect();
    LAX.decode(without_padding(&dense)?).ok()
}

/// The text before its padding; `None` when there is padding of the wrong length.
fn without_padding(text: &[u8]) -> Option<&[u8]> {
    let data = text
        .iter()
        .position(|byte| *byte == b'=')
        .unwrap_or(text.len());
    let (data, padding) = text.split_at_checked(data)?;
    match (data.len() % 4, padding) {
        (_, b"") | (2, b"==") | (3, b"=") => Some(data),
        _ => None,
    }
}

// `u8::is_ascii_whitespace` leaves out the vertical tab.
const fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &[u8]) -> Option<Vec<u8>> {
        super::decode(text, Compat::Envoy)
    }

    #[test]
    fn strictly_nothing_but_the_bytes_may_be_there() {
        assert_eq!(
            super::decode(b"-_8", Compat::Strict).as_deref(),
            Some(&b"\xfb\xff"[..])
        );
        for text in ["YQ==", " YQ", "YQ\n", "YR", "+_8", "Y"] {
            assert_eq!(
                super::decode(text.as_bytes(), Compat::Strict),
                None,
                "{text}"
            );
        }
    }

    #[test]
    fn padding_may_be_exact_or_left_out() {
        assert_eq!(decode(b"YQ").as_deref(), Some(&b"a"[..]));
        assert_eq!(decode(b"YQ==").as_deref(), Some(&b"a"[..]));
        assert_eq!(decode(b"YWI=").as_deref(), Some(&b"ab"[..]));
        for wrong in [
            "YQ=", "YQ===", "YWJj=", "YWJj====", "=", "==", "Y===", "YQ==YQ",
        ] {
            assert_eq!(decode(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn white_space_is_skipped() {
        assert_eq!(decode(b" Y\tQ\n\x0b\x0c\r").as_deref(), Some(&b"a"[..]));
    }

    #[test]
    fn trailing_bits_may_be_set() {
        assert_eq!(decode(b"YR").as_deref(), Some(&b"a"[..]));
    }

    #[test]
    fn only_the_url_alphabet_counts() {
        assert_eq!(decode(b"-_8").as_deref(), Some(&b"\xfb\xff"[..]));
        for wrong in ["+_8", "-/8", "Y", "YW\0J", "YW%4"] {
            assert_eq!(decode(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
