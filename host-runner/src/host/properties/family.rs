//! The families of attributes, by the first segment of a path.

use super::value::Value;
use super::{View, connection, filter_state, request, response, upstream, xds};

/// A top-level attribute that has others below it and no encoding of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Request,
    Response,
    Connection,
    Source,
    Destination,
    Upstream,
    FilterState,
    UpstreamFilterState,
    Xds,
}

// === impl Family ===

impl Family {
    /// The family of that name, if it is there to be asked: without a stream only `xds` is (rule P3).
    pub(super) fn attribute<'a>(view: View<'a>, name: &[u8]) -> Option<Value<'a>> {
        let family = match name {
            b"request" => Self::Request,
            b"response" => Self::Response,
            b"connection" => Self::Connection,
            b"source" => Self::Source,
            b"destination" => Self::Destination,
            b"upstream" => Self::Upstream,
            b"filter_state" => Self::FilterState,
            b"upstream_filter_state" => Self::UpstreamFilterState,
            b"xds" => Self::Xds,
            _ => return None,
        };
        let there = match family {
            Self::Xds => true,
            Self::UpstreamFilterState => upstream::is_connected(view),
            _ => view.info.is_some(),
        };
        there.then_some(Value::Family(family, view))
    }

    /// An attribute of the family.
    pub(crate) fn get<'a>(self, view: View<'a>, name: &[u8]) -> Option<Value<'a>> {
        if self == Self::Xds {
            return xds::attribute(view, name);
        }
        let info = view.info?;
        match self {
            Self::Request => request::attribute(view, info, name),
            Self::Response => response::attribute(view, info, name),
            Self::Connection => connection::attribute(info, name),
            Self::Source => connection::address(info.connection.peer, name),
            Self::Destination => connection::address(info.connection.local, name),
            Self::Upstream => upstream::attribute(view, info, name),
            Self::FilterState => filter_state::object(info, name),
            // Nothing here leaves state on an upstream connection.
            Self::UpstreamFilterState | Self::Xds => None,
        }
    }
}
