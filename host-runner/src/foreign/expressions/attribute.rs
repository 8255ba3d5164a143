//! Attributes as CEL values: looked up when an expression gets to them, so that none is computed for nothing.

use std::any::Any;
use std::collections::BTreeSet;

use cel::ExecutionError;
use cel::common::traits::{Container, Indexer, Iterable, Iterator, Sizer};
use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelList, CelNull, CelString, CelTimestamp,
    CelUInt, DYN_TYPE, MAP_TYPE, Type,
};
use cel::common::value::{CowVal, StaticVal, Val};
use cel::context::VariableResolver;
use chrono::{DateTime, Duration};

use crate::abi::Status;
use crate::host::properties::{Value, View, encode};

/// The top-level names of an expression.
#[derive(Debug)]
pub(super) struct Attributes<'a> {
    view: View<'a>,
}

/// A map, a message or a family of attributes.
#[derive(Debug)]
struct Attribute<'a> {
    value: Value<'a>,
    keys: Vec<CelString<'a>>,
}

/// The key under which an attribute gives its encoding away. A value that borrows cannot be told by its type, so this
/// is how one is recognised when it is what an expression comes to.
#[derive(Debug)]
pub(super) struct EncodingKey;

/// What is under [`EncodingKey`].
#[derive(Debug, Clone)]
pub(super) struct Encoding(pub(super) Result<Vec<u8>, Status>);

// === impl Attributes ===

impl<'a> Attributes<'a> {
    pub(super) fn new(view: View<'a>) -> Self {
        Self { view }
    }
}

impl VariableResolver for Attributes<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        // A name with dots is tried as a whole before its parts, which Envoy does not do.
        if name.contains('.') {
            return None;
        }
        in_cel(self.view.attribute(name.as_bytes(), false)?).ok()
    }
}

// Text that is not UTF-8 is a string to cel-cpp, and nothing to this library.
fn in_cel<'b, 'v>(value: Value<'v>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Ok(match value {
        Value::Null => CowVal::owned(CelNull),
        Value::Bool(value) => CowVal::owned(CelBool::from(value)),
        Value::Int(value) => CowVal::owned(CelInt::from(value)),
        Value::Uint(value) => CowVal::owned(CelUInt::from(value)),
        Value::Double(value) => CowVal::owned(CelDouble::from(value)),
        Value::Text(text) => CowVal::owned(CelString::from(utf8(text.into_owned())?)),
        Value::Bytes(bytes) => CowVal::owned(CelBytes::from(bytes.into_owned())),
        Value::Time(nanoseconds) => {
            let time = DateTime::from_timestamp_nanos(nanoseconds);
            CowVal::owned(CelTimestamp::from(time.fixed_offset()))
        }
        Value::Duration(nanoseconds) => {
            CowVal::owned(CelDuration::from(Duration::nanoseconds(nanoseconds)))
        }
        Value::List(items) => {
            let items = items.into_iter().map(|item| Ok(in_cel(item)?.into_owned()));
            let items: Vec<_> = items.collect::<Result<_, ExecutionError>>()?;
            CowVal::owned(CelList::from(items))
        }
        value => CowVal::owned(Attribute::new(value)?),
    })
}

fn utf8(text: Vec<u8>) -> Result<String, ExecutionError> {
    String::from_utf8(text).map_err(|_| {
        let difference = "it reads text that is not UTF-8, which this CEL library cannot hold";
        ExecutionError::InternalError(difference.to_owned())
    })
}

// === impl Attribute ===

impl<'a> Attribute<'a> {
    fn new(value: Value<'a>) -> Result<Self, ExecutionError> {
        let names: BTreeSet<&[u8]> = match &value {
            Value::Headers(Some(headers)) => headers.iter().map(|(name, _)| name).collect(),
            Value::Map(entries) => entries.iter().map(|(name, _)| &**name).collect(),
            _ => BTreeSet::new(),
        };
        let keys = names
            .into_iter()
            .map(|name| Ok(utf8(name.to_vec())?.into()));
        Ok(Self {
            keys: keys.collect::<Result<_, ExecutionError>>()?,
            value,
        })
    }

    fn find(&self, key: &dyn Val) -> Option<Value<'a>> {
        self.value
            .get(key.downcast_ref::<CelString<'_>>()?.inner().as_bytes())
    }
}

impl Val for Attribute<'_> {
    fn get_type(&self) -> &Type {
        match self.value {
            Value::Message(_) => &DYN_TYPE,
            _ => &MAP_TYPE,
        }
    }

    fn cel_type() -> &'static Type {
        &DYN_TYPE
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }

    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(Attribute {
            value: self.value.clone(),
            keys: self.keys.clone(),
        })
    }
}

impl Indexer for Attribute<'_> {
    fn get<'b, 'v>(&'b self, key: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        if key.downcast_ref::<EncodingKey>().is_some() {
            return Ok(CowVal::owned(Encoding(encode(&self.value))));
        }
        let found = self.find(key);
        in_cel(found.ok_or_else(|| ExecutionError::no_such_key("attribute"))?)
    }

    fn steal<'v>(self: Box<Self>, key: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        Ok(self.get(key)?.into_owned())
    }
}

impl Container for Attribute<'_> {
    fn contains(&self, key: &dyn Val) -> Result<bool, ExecutionError> {
        Ok(self.find(key).is_some())
    }
}

impl Sizer for Attribute<'_> {
    fn size(&self) -> CelInt {
        CelInt::from(i64::try_from(self.keys.len()).unwrap_or(i64::MAX))
    }
}

impl Iterable for Attribute<'_> {
    fn iter<'b, 'v>(&'b self) -> Box<dyn Iterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Box::new(Keys(self.keys.iter()))
    }
}

struct Keys<'b, 'a>(std::slice::Iter<'b, CelString<'a>>);

impl<'b, 'a: 'v, 'v> Iterator<'b, 'v> for Keys<'b, 'a> {
    fn next(&mut self) -> Option<&'b (dyn Val + 'v)> {
        let key: &'b (dyn Val + 'v) = self.0.next()?;
        Some(key)
    }
}

// === impl EncodingKey ===

impl Val for EncodingKey {
    fn get_type(&self) -> &Type {
        Self::cel_type()
    }

    fn cel_type() -> &'static Type {
        &DYN_TYPE
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(Self)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for EncodingKey {}

// === impl Encoding ===

impl Val for Encoding {
    fn get_type(&self) -> &Type {
        Self::cel_type()
    }

    fn cel_type() -> &'static Type {
        &DYN_TYPE
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Encoding {}
