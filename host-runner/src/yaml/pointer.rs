//! Where in a YAML document a JSON pointer (RFC 6901) leads.
//! Policies report errors by pointer; people look for a line.

use std::fmt;

use meshwright_core::config::escape_pointer;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

/// A document reduced to the places of its parts.
pub(super) struct Tree {
    root: Spanned<Node>,
}

enum Node {
    Scalar,
    List(Vec<Spanned<Node>>),
    Mapping(Vec<(Spanned<String>, Spanned<Node>)>),
}

/// What a value is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar,
    Collection,
}

struct NodeVisitor;

// === impl Tree ===

impl Tree {
    /// The place of the value at `pointer`, or of the innermost part of it that exists. A member of a mapping is
    /// found at its key.
    pub(super) fn locate(&self, pointer: &str) -> Location {
        let (mut node, mut location) = (&self.root, self.root.referenced);
        for segment in pointer.split('/').skip(1) {
            let Some((at, next)) = node.value.step(segment) else {
                break;
            };
            (node, location) = (next, at);
        }
        location
    }

    /// The place of the value that these keys, in any case, and indices lead to; none when an alias does.
    pub(super) fn value(&self, path: &[String]) -> Option<(Location, Kind)> {
        let mut node = &self.root;
        for segment in path {
            node = match &node.value {
                Node::Scalar => return None,
                Node::List(items) => items.get(segment.parse::<usize>().ok()?)?,
                Node::Mapping(members) => {
                    let mut members = members.iter();
                    let member = members.find(|(key, _)| key.value.eq_ignore_ascii_case(segment));
                    &member?.1
                }
            };
        }
        let kind = match &node.value {
            Node::Scalar => Kind::Scalar,
            Node::List(_) | Node::Mapping(_) => Kind::Collection,
        };
        (node.referenced == node.defined).then_some((node.referenced, kind))
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(|root| Self { root })
    }
}

// === impl Node ===

impl Node {
    fn step(&self, segment: &str) -> Option<(Location, &Spanned<Self>)> {
        match self {
            Self::Scalar => None,
            Self::List(items) => {
                let item = items.get(segment.parse::<usize>().ok()?)?;
                Some((item.referenced, item))
            }
            Self::Mapping(members) => {
                let (key, value) = members
                    .iter()
                    .find(|(key, _)| escape_pointer(&key.value) == segment)?;
                Some((key.referenced, value))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Node::Mapping(members))
    }
}
