//! Properties and stream state, in whatever phase they are read, and what types a property can have.

use std::fmt;
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime};

use crate::core::Headers;
use crate::error::Error;
use crate::hostcalls::{Named as _, host};
use crate::status::{HostError, Status};
use crate::value::Value;

/// A property that holds a `T`: where it is. Those that hosts have are in [`properties`](crate::properties).
///
/// ```
/// use meshwright::{Property, properties};
///
/// // A path is its segments, joined by NUL.
/// const MINE: Property<u64> = Property::new("filter_state\0my.counter");
/// let zone: Property<meshwright::Value, _> = properties::XDS_NODE.below(["locality", "zone"]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Property<T, P = &'static str> {
    path: P,
    of: PhantomData<fn() -> T>,
}

/// A type that a property can have.
///
/// Hosts write values in binary, as Envoy does, or as text, as ngx_wasm_module does; each type reads both.
pub trait FromProperty: Sized {
    /// Reads a value. `None` is one that says that there is none.
    ///
    /// # Errors
    /// When it is none of this type in either form.
    fn from_property(value: Value) -> Result<Option<Self>, Unreadable>;
}

/// A value is not of the type that it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

const CALL: &str = "get_property";

/// A property in its wire encoding; `None` when it is absent in this phase.
pub(crate) fn get(path: &[u8]) -> Result<Option<Value>, Error> {
    match host().get_property(path) {
        Ok(value) => Ok(Some(Value::from(value))),
        Err(Status::NOT_FOUND) => Ok(None),
        Err(status) => Err(failed(path, status)),
    }
}

/// One that holds a `T`.
///
/// That something is there and no `T` is an error and not `None`: what is absent has a meaning to a filter (no TLS, no
/// peer), what cannot be read has none, and a message whose filter could not judge it is denied.
pub(crate) fn get_typed<T: FromProperty, P: AsRef<[u8]>>(
    property: Property<T, P>,
) -> Result<Option<T>, Error> {
    let Property { path, .. } = property;
    let path = path.as_ref();
    let value = match host().get_property(path) {
        Ok(value) => value,
        // What is there and null has no encoding (section 3 of the host rules).
        Err(Status::NOT_FOUND | Status::SERIALIZATION_FAILURE) => return Ok(None),
        Err(status) => return Err(failed(path, status)),
    };
    let read = T::from_property(Value::from(value));
    read.map_err(|Unreadable| failed(path, Status::PARSE_FAILURE))
}

/// Sets stream state. One name, not a path: Envoy cannot read a longer one back (rule P2).
pub(crate) fn set_state(name: &str, value: &[u8]) -> Result<(), Error> {
    let set = host().set_property(name.as_bytes(), value);
    Ok(set.named("set_property", name.as_bytes())?)
}

#[cold]
fn failed(path: &[u8], status: Status) -> Error {
    let segments: Vec<&[u8]> = path.split(|byte| *byte == 0).collect();
    HostError::new(CALL, &segments.join(&b'.'), status).into()
}

// === impl Property ===

impl<T, P> Property<T, P> {
    /// The property at a path: its segments, joined by NUL.
    #[must_use]
    pub const fn new(path: P) -> Self {
        Self {
            path,
            of: PhantomData,
        }
    }
}

impl<T, P: AsRef<str>> Property<T, P> {
    /// What is below it: the key of a map, the field of a message.
    pub fn below<'a, U>(&self, segments: impl IntoIterator<Item = &'a str>) -> Property<U, String> {
        let mut path = self.path.as_ref().to_owned();
        for segment in segments {
            path.push('\0');
            path.push_str(segment);
        }
        Property::new(path)
    }
}

impl<T, P: AsRef<[u8]>> fmt::Debug for Property<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Property({})", self.path.as_ref().escape_ascii())
    }
}

// === impl FromProperty ===

impl FromProperty for Value {
    fn from_property(value: Value) -> Result<Option<Self>, Unreadable> {
        Ok(Some(value))
    }
}

/// Eight bytes, or decimal text.
impl FromProperty for i64 {
    fn from_property(value: Value) -> Result<Option<Self>, Unreadable> {
        match Form::of(&value)? {
            Form::Nothing => Ok(None),
            Form::Binary(bytes) => Ok(Some(Self::from_le_bytes(bytes))),
            Form::Text(text) => text.parse().map(Some).map_err(|_| Unreadable),
        }
    }
}

/// Those whose wire form is that of an `i64`, and that have less room.
macro_rules! integers {
    ($($integer:ty),*) => {$(
        /// As an `i64` that fits.
        impl FromProperty for $integer {
            fn from_property(value: Value) -> Result<Option<Self>, Unreadable> {
                let wide = i64::from_property(value)?;
                wide.map(Self::try_from).transpose().map_err(|_| Unreadable)
            }
        }
    )*};
}

integers!(u64, u32, u16);

/// Eight bytes, or decimal text.
impl FromProperty for f64 {
    fn from_property(value: Value) -> Result<Option<Self>, Unreadable> {
        match Form::of(&value)? {
            Form::Nothing => Ok(None),
            Form::Binary(bytes) => Ok(Some(Self::from_le_bytes(bytes))),
            Form::Text(text) => text.parse().map(Some).map_err(|_| Unreadable),
        }
    }
}

/// One byte, or `true` and `false`.
impl FromProperty for bool {
    fn from_property(value: Value) -> Result<Option<Self>, Unreadable> {
        match &*value {
            b"" => Ok(None),
            [0] | b"false" => Ok(Some(false)),
            [1] | b"true" => Ok(Some(true)),
            _ => Err(Unreadable),
        }
    }
}

/// Nanoseconds in eight bytes, or seconds as decimal text.
impl FromProperty for Duration {
    fn from_property(value: Value) -> Result<Option<Self>, Unreadable> {
        match Form::of(&value)? {
            Form::Nothing => Ok(None),
            Form::Binary(bytes) => {
                let nanoseconds = u64::try_from(i64::from_le_bytes(bytes));
                nanoseconds
                    .map(|it| Some(Self::from_nanos(it)))
                    .map_err(|_| Unreadable)
            }
            Form::Text(text) => seconds(text).map(Some).ok_or(Unreadable),
        }
    }
}

/// As a [`Duration`] since the Unix epoch.
impl FromProperty for SystemTime {
    fn from_property(value: Value) -> Result<Option<Self>, Unreadable> {
        let since = Duration::from_property(value)?;
        let at = |since| Self::UNIX_EPOCH.checked_add(since).ok_or(Unreadable);
        since.map(at).transpose()
    }
}

/// `ip:port`, `[ip]:port`, or a bare address, whose port is 0; `None` where a connection has no IP address, such as a
/// socket in the file system.
impl FromProperty for SocketAddr {
    fn from_property(value: Value) -> Result<Option<Self>, Unreadable> {
        let text = value.to_str().ok_or(Unreadable)?;
        let bare = || text.parse::<IpAddr>().map(|ip| Self::new(ip, 0));
        Ok(text.parse().or_else(|_| bare()).ok())
    }
}

/// A map: names and values in no order.
impl FromProperty for Headers {
    fn from_property(value: Value) -> Result<Option<Self>, Unreadable> {
        let map = Self::from_pairs(value.into_bytes());
        map.map(Some).map_err(|_| Unreadable)
    }
}

/// How a host has written a number.
enum Form<'a> {
    /// Text hosts have it for what is not known.
    Nothing,
    Binary([u8; 8]),
    Text(&'a str),
}

// === impl Form ===

impl<'a> Form<'a> {
    // Eight letters of decimal text are text: as a number they would be a time after 2060, or exabytes.
    fn of(value: &'a [u8]) -> Result<Self, Unreadable> {
        let is_decimal = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
        if value.iter().all(is_decimal) {
            return match std::str::from_utf8(value) {
                Ok("") => Ok(Self::Nothing),
                Ok(text) => Ok(Self::Text(text)),
                Err(_) => Err(Unreadable),
            };
        }
        value.try_into().map(Self::Binary).map_err(|_| Unreadable)
    }
}

// `1767225600.125`. Without floating point, whose parser is 10 KB of a module.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let missing = 9_u32.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    let nanoseconds: u32 = fraction.parse().ok()?;
    let nanoseconds = nanoseconds.checked_mul(10_u32.pow(missing))?;
    Some(Duration::new(whole.parse().ok()?, nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: FromProperty>(bytes: impl AsRef<[u8]>) -> Result<Option<T>, Unreadable> {
        T::from_property(Value::from(bytes.as_ref().to_vec()))
    }

    /// Answers every property so.
    struct Says(Result<&'static str, Status>);

    impl crate::hostcalls::Hostcalls for Says {
        fn get_property(&self, _: &[u8]) -> Result<Vec<u8>, Status> {
            self.0.map(|text| text.as_bytes().to_vec())
        }
    }

    fn port(answer: Result<&'static str, Status>) -> Result<Option<u16>, String> {
        crate::native::install(std::rc::Rc::new(Says(answer)));
        let port = get_typed(Property::<u16>::new("source\0port"));
        port.map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_absent_or_null_is_none_and_what_cannot_be_read_is_named() {
        assert_eq!(port(Ok("8080")), Ok(Some(8080)));
        assert_eq!(port(Err(Status::NOT_FOUND)), Ok(None));
        assert_eq!(port(Err(Status::SERIALIZATION_FAILURE)), Ok(None));
        let error = "hostcall `get_property` on `source.port` failed: ParseFailure (status 4)";
        assert_eq!(port(Ok("http")), Err(error.to_owned()));
        assert!(port(Err(Status::BAD_ARGUMENT)).is_err());
    }

    #[test]
    fn what_is_below_a_property_is_a_longer_path() {
        const NODE: Property<Value> = Property::new("xds\0node");
        let zone: Property<Value, String> = NODE.below(["locality", "zone"]);
        assert_eq!(zone, Property::new("xds\0node\0locality\0zone".to_owned()));
    }

    #[test]
    fn numbers_are_read_in_both_forms() {
        assert_eq!(read::<i64>((-5_i64).to_le_bytes()), Ok(Some(-5)));
        assert_eq!(read::<i64>("-5"), Ok(Some(-5)));
        assert_eq!(read::<u16>(404_i64.to_le_bytes()), Ok(Some(404)));
        assert_eq!(read::<u16>("404"), Ok(Some(404)));
        assert_eq!(read::<f64>(0.25_f64.to_le_bytes()), Ok(Some(0.25)));
        assert_eq!(read::<f64>("0.25"), Ok(Some(0.25)));
    }

    #[test]
    fn eight_digits_are_text() {
        assert_eq!(read::<u64>("12345678"), Ok(Some(12_345_678)));
        assert_eq!(read::<f64>("0.123456"), Ok(Some(0.123_456)));
        let long = Duration::from_millis(1_234_567);
        assert_eq!(read::<Duration>("1234.567"), Ok(Some(long)));
    }

    #[test]
    fn what_does_not_fit_is_an_error_and_not_another_number() {
        assert_eq!(read::<u16>(70_000_i64.to_le_bytes()), Err(Unreadable));
        assert_eq!(read::<u64>((-1_i64).to_le_bytes()), Err(Unreadable));
        assert_eq!(read::<Duration>((-1_i64).to_le_bytes()), Err(Unreadable));
        assert_eq!(read::<i64>([1, 2, 3]), Err(Unreadable));
        assert_eq!(read::<i64>("soon"), Err(Unreadable));
        assert_eq!(read::<i64>("1.5"), Err(Unreadable));
        assert_eq!(read::<bool>([2]), Err(Unreadable));
        assert_eq!(read::<bool>("on"), Err(Unreadable));
    }

    #[test]
    fn booleans_are_read_in_both_forms() {
        assert_eq!(read::<bool>([1]), Ok(Some(true)));
        assert_eq!(read::<bool>("true"), Ok(Some(true)));
        assert_eq!(read::<bool>([0]), Ok(Some(false)));
        assert_eq!(read::<bool>("false"), Ok(Some(false)));
    }

    #[test]
    fn times_are_nanoseconds_in_binary_and_seconds_in_text() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_767_225_600_125);
        let nanoseconds = 1_767_225_600_125_000_000_i64;
        assert_eq!(
            read::<SystemTime>(nanoseconds.to_le_bytes()),
            Ok(Some(time))
        );
        assert_eq!(read::<SystemTime>("1767225600.125"), Ok(Some(time)));
        assert_eq!(read::<Duration>("5"), Ok(Some(Duration::from_secs(5))));
        assert_eq!(read::<Duration>("1.0123456789"), Err(Unreadable));
        assert_eq!(read::<Duration>("1."), Err(Unreadable));
    }

    #[test]
    fn empty_text_is_no_number() {
        assert_eq!(read::<u64>(""), Ok(None));
        assert_eq!(read::<bool>(""), Ok(None));
        assert_eq!(read::<Duration>(""), Ok(None));
        assert_eq!(read::<SocketAddr>(""), Ok(None));
    }

    #[test]
    fn addresses_are_read_with_and_without_a_port() {
        let address = |text: &str| read::<SocketAddr>(text).map(|it| it.map(|it| it.to_string()));
        assert_eq!(address("10.0.0.1:80"), Ok(Some("10.0.0.1:80".to_owned())));
        assert_eq!(address("[::1]:80"), Ok(Some("[::1]:80".to_owned())));
        assert_eq!(address("::1"), Ok(Some("[::1]:0".to_owned())));
        assert_eq!(address("/var/run/socket"), Ok(None));
        assert_eq!(read::<SocketAddr>([0xff]), Err(Unreadable));
    }

    #[test]
    fn maps_are_pairs() {
        let pairs = crate::core::headers::to_pairs([(&b"a"[..], &b"1"[..])].into_iter());
        let map = read::<Headers>(pairs).unwrap().unwrap();
        assert_eq!(map.get("a"), Some(&b"1"[..]));
        assert_eq!(read::<Headers>("no pairs"), Err(Unreadable));
    }
}
