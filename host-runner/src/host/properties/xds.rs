//! `xds.*`: what the proxy's configuration calls the things a stream meets, as `config envoy` writes them.

use super::View;
use super::metadata;
use super::upstream::locality;
use super::value::{Field, Value};
use crate::listener::{NODE, Route};

/// The direction of a listener that says none (`envoy.config.core.v3.TrafficDirection.UNSPECIFIED`).
const UNSPECIFIED: i64 = 0;

/// The version of Envoy that answers like this.
const VERSION: [(&str, u64); 3] = [("major_number", 1), ("minor_number", 40), ("patch", 0)];

pub(super) fn attribute<'a>(view: View<'a>, name: &[u8]) -> Option<Value<'a>> {
    if name == b"node" {
        return Some(node());
    }
    // The rest is about a stream (rule P3).
    let info = view.info?;
    match name {
        b"listener_direction" => Some(Value::Int(UNSPECIFIED)),
        b"listener_metadata" => Some(metadata::empty()),
        b"filter_chain_name" => Some(Value::from("")),
        b"virtual_host_name" => virtual_host(view).map(Value::from),
        b"virtual_host_metadata" => virtual_host(view).map(|_| metadata::empty()),
        b"route_name" => route(view).map(|route| Value::from(route.name.as_str())),
        b"route_metadata" => route(view).map(|_| metadata::empty()),
        b"cluster_name" => cluster_name(view).map(Value::from),
        b"cluster_metadata" => cluster_name(view).map(|_| metadata::empty()),
        // There with the host, but nothing was said about it.
        b"upstream_host_metadata" | b"upstream_host_locality_metadata" => {
            info.upstream.as_ref().map(|_| Value::Null)
        }
        _ => None,
    }
}

// The only one, which takes every host, so that a request needs no route to be in it.
fn virtual_host(view: View<'_>) -> Option<&str> {
    let (stream, _) = view.http?;
    stream.parsed.then_some(stream.chain.name.as_str())
}

fn route(view: View<'_>) -> Option<&Route> {
    let (stream, _) = view.http?;
    stream.chain.routes.get(stream.info.route?)
}

/// What the cluster of the stream's route is called.
pub(super) fn cluster_name(view: View<'_>) -> Option<&str> {
    let (stream, _) = view.http?;
    stream.chain.cluster_name(stream.info.route?)
}

// `envoy.config.core.v3.Node`, without the list of extensions that an Envoy adds.
fn node<'a>() -> Value<'a> {
    let field = |name, number, value| Field {
        name,
        number,
        value,
    };
    let (no_map, no_list) = (Value::Map(Vec::new()), Value::List(Vec::new()));
    Value::Message(vec![
        field("id", 1, Value::from(NODE)),
        field("cluster", 2, Value::from(NODE)),
        field("metadata", 3, no_map.clone()),
        field("locality", 4, locality()),
        field("user_agent_name", 6, Value::from("envoy")),
        field("user_agent_version", 7, Value::from("")),
        field("user_agent_build_version", 8, build_version()),
        field("extensions", 9, no_list.clone()),
        field("client_features", 10, no_list.clone()),
        field("listening_addresses", 11, no_list),
        field("dynamic_parameters", 12, no_map),
    ])
}

// `envoy.config.core.v3.BuildVersion`.
fn build_version<'a>() -> Value<'a> {
    let version = VERSION
        .iter()
        .zip(1..)
        .map(|((name, value), number)| Field {
            name,
            number,
            value: Value::Uint(*value),
        });
    Value::Message(vec![
        Field {
            name: "version",
            number: 1,
            value: Value::Message(version.collect()),
        },
        Field {
            name: "metadata",
            number: 2,
            value: Value::Map(Vec::new()),
        },
    ])
}
