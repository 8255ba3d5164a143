//! Cookies (RFC 6265 section 4.2) as Envoy reads them.

use meshwright_core::RequestHead;

/// The value of the first cookie called `name`, in whichever `cookie` header, without the double quotes around it (rule
/// J15). What has no `=` is no cookie.
pub(crate) fn first<'a>(head: &'a RequestHead, name: &[u8]) -> Option<&'a [u8]> {
    head.headers()
        .get_all("cookie")
        .flat_map(|header| header.split(|byte| *byte == b';'))
        .filter_map(name_and_value)
        .find(|(key, _)| *key == name)
        .map(|(_, value)| unquoted(value))
}

fn name_and_value(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = pair.iter().position(|byte| *byte == b'=')?;
    let (name, value) = pair.split_at_checked(equals)?;
    let spaces = name.iter().take_while(|byte| **byte == b' ').count();
    Some((name.get(spaces..)?, value.get(1..)?))
}

fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] => inner,
        _ => value,
    }
}
