//! The properties that hosts have, with their types.
//!
//! ```
//! # use meshwright::prelude::*;
//! use meshwright::properties;
//!
//! # #[derive(serde::Deserialize)]
//! # struct MyFilter {}
//! # impl OnRequest for MyFilter {
//! async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
//!     let client = request.get(properties::SOURCE_ADDRESS)?.map(|it| it.ip());
//!     let plan = request.get(properties::metadata::<Value>("tenants", "plan"))?;
//!     # let _ = (client, plan);
//!     Ok(Flow::Continue)
//! }
//! # }
//! # meshwright::main!(MyFilter: OnRequest);
//! ```
//!
//! A property is `None` when it is absent: always, on hosts that do not have it; in this phase; or of this exchange. Each
//! says in which phases Envoy 1.40 has it; *request* and *response* are the handlers of headers and bodies, *log* is
//! [`OnLog`](crate::OnLog), and *start* is [`Filter::new`](crate::Filter::new), where [`get`] reads it. What is there and
//! not of its type is an error.
//!
//! A constant is a path, and reading it one hostcall: what is not used is in no module. For the unusual there are
//! [`Property::new`] and [`Stream::property`](crate::Stream::property).

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use crate::core::Headers;
use crate::error::Error;
use crate::property::{self, FromProperty, Property};
use crate::value::Value;

/// A property that is there without a stream (those of which it says *start*), read wherever one is; a handler has
/// [`Stream::get`](crate::Stream::get).
///
/// # Errors
/// When the host refuses, or the value is not of its type.
pub fn get<T: FromProperty, P: AsRef<[u8]>>(property: Property<T, P>) -> Result<Option<T>, Error> {
    property::get_typed(property)
}

/// All values of a header of the request, joined by commas (rule H5). *request*, *log*.
#[must_use]
pub fn request_header(name: &str) -> Property<Value, String> {
    REQUEST_HEADERS.below([name])
}

/// All values of a header of the response, joined by commas (rule H5). *response*, *log*.
#[must_use]
pub fn response_header(name: &str) -> Property<Value, String> {
    RESPONSE_HEADERS.below([name])
}

/// What a filter left as dynamic metadata under a key of a namespace. Its numbers are `f64`, its structures
/// [`Headers`]. *request*, *response*, *log*.
#[must_use]
pub fn metadata<T: FromProperty>(namespace: &str, key: &str) -> Property<T, String> {
    METADATA.below(["filter_metadata", namespace, key])
}

/// An object of the filter state, by its whole key; what [`Stream::set_state`](crate::Stream::set_state) has set is
/// `wasm.<name>`. Most are text, which numbers and booleans are read from too. *request*, *response*, *log*.
#[must_use]
pub fn filter_state<T: FromProperty>(key: &str) -> Property<T, String> {
    Property::<Value>::new("filter_state").below([key])
}

/// As [`filter_state`], of the connection to the upstream. *response*, *log*.
#[must_use]
pub fn upstream_filter_state<T: FromProperty>(key: &str) -> Property<T, String> {
    Property::<Value>::new("upstream_filter_state").below([key])
}

/// What the documentation says of a property, which tests compare with what hosts do.
#[cfg(not(target_arch = "wasm32"))]
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub name: &'static str,
    /// With NUL between its segments.
    pub path: &'static str,
    pub holds: &'static str,
    pub phases: &'static [&'static str],
    /// When it is there; always, where nothing is said.
    pub when: Option<&'static str>,
    pub says: &'static str,
}

/// Somebody who looks at every property of the table.
#[doc(hidden)]
pub trait Visitor {
    fn visit<T: FromProperty + std::fmt::Debug>(
        &mut self,
        name: &'static str,
        property: Property<T>,
    );
}

/// Writes constants, the rows of the table and the visit of each: one for
/// `NAME: Type = path.of.it in [phases] when "condition";`.
macro_rules! properties {
    ($(
        $(#[doc = $says:literal])+
        $name:ident: $holds:ident = $first:ident $(. $rest:ident)* in [$($phase:ident),+] $(when $when:literal)?;
    )+) => {
        $(
            $(#[doc = $says])+
            ///
            #[doc = concat!("`", stringify!($first), $(".", stringify!($rest),)* "` in", $(" *", stringify!($phase), "*",)+ $(", ", $when,)? ".")]
            pub const $name: Property<$holds> =
                Property::new(concat!(stringify!($first) $(, "\0", stringify!($rest))*));
        )+

        /// The table.
        #[cfg(not(target_arch = "wasm32"))]
        #[doc(hidden)]
        pub const TABLE: &[Row] = &[$(
            Row {
                name: stringify!($name),
                path: concat!(stringify!($first) $(, "\0", stringify!($rest))*),
                holds: stringify!($holds),
                phases: &[$(stringify!($phase)),+],
                when: properties!(@when $($when)?),
                says: concat!($($says),+),
            },
        )+];

        /// Shows every property of the table.
        #[doc(hidden)]
        pub fn visit(visitor: &mut impl Visitor) {
            $(visitor.visit(stringify!($name), $name);)+
        }
    };
    (@when) => { None };
    (@when $when:literal) => { Some($when) };
}

properties! {
    /// Path and query.
    REQUEST_PATH: Value = request.path in [request, log];
    /// Path without query.
    REQUEST_URL_PATH: Value = request.url_path in [request, log];
    /// What follows `?`; empty where there is none.
    REQUEST_QUERY: Value = request.query in [request, log];
    /// `:authority`, or `host`.
    REQUEST_HOST: Value = request.host in [request, log];
    /// `http` or `https`.
    REQUEST_SCHEME: Value = request.scheme in [request, log];
    /// Method.
    REQUEST_METHOD: Value = request.method in [request, log];
    /// Header `user-agent`.
    REQUEST_USERAGENT: Value = request.useragent in [request, log];
    /// Header `referer`.
    REQUEST_REFERER: Value = request.referer in [request, log];
    /// Header `x-request-id`, which Envoy adds.
    REQUEST_ID: Value = request.id in [request, log];
    /// All headers by name, repeated ones joined by commas; empty in the response (rule H1).
    REQUEST_HEADERS: Headers = request.headers in [request, response, log];
    /// When the first byte came.
    REQUEST_TIME: SystemTime = request.time in [request, response, log];
    /// `HTTP/1.0`, `HTTP/1.1`, `HTTP/2` or `HTTP/3`.
    REQUEST_PROTOCOL: Value = request.protocol in [request, response, log];
    /// Bytes of the body: what `content-length` says while that can be read, otherwise what has come.
    REQUEST_SIZE: u64 = request.size in [request, response, log];
    /// Bytes of the body that have come, and of the headers while they can be read.
    REQUEST_TOTAL_SIZE: u64 = request.total_size in [request, response, log];
    /// From the first byte of the request to the last of the response.
    REQUEST_DURATION: Duration = request.duration in [log];

    /// Status code.
    RESPONSE_CODE: u16 = response.code in [response, log];
    /// Why it is that: `via_upstream`, the proxy's reason, or the details of a local reply (rule Y5).
    RESPONSE_CODE_DETAILS: Value = response.code_details in [response, log];
    /// Status of gRPC, of other responses mapped from the code (200 is 2); -1 where it is none of gRPC.
    RESPONSE_GRPC_STATUS: i64 = response.grpc_status in [response, log];
    /// Envoy's response flags, one bit each; 0 when all went well.
    RESPONSE_FLAGS: u64 = response.flags in [request, response, log];
    /// Bytes of the body.
    RESPONSE_SIZE: u64 = response.size in [request, response, log];
    /// Bytes of the body, and of headers and trailers while they can be read.
    RESPONSE_TOTAL_SIZE: u64 = response.total_size in [request, response, log];
    /// All headers by name, repeated ones joined by commas; empty in the request.
    RESPONSE_HEADERS: Headers = response.headers in [request, response, log];
    /// All trailers by name; empty until the log.
    RESPONSE_TRAILERS: Headers = response.trailers in [request, response, log];
    /// From the last byte sent to the upstream to the last one received.
    RESPONSE_BACKEND_LATENCY: Duration = response.backend_latency in [log];

    /// The client: the peer, or who `x-forwarded-for` says, where the proxy trusts that; then the port is 0 (rule M4).
    SOURCE_ADDRESS: SocketAddr = source.address in [request, response, log];
    /// The client's port.
    SOURCE_PORT: u16 = source.port in [request, response, log];
    /// The proxy's end of the client's connection.
    DESTINATION_ADDRESS: SocketAddr = destination.address in [request, response, log];
    /// The proxy's port.
    DESTINATION_PORT: u16 = destination.port in [request, response, log];

    /// The number of the client's connection.
    CONNECTION_ID: u64 = connection.id in [request, response, log];
    /// Whether the client showed a certificate, validated or not (rule M3).
    CONNECTION_MTLS: bool = connection.mtls in [request, response, log];
    /// Whether the client showed a certificate that the proxy has validated (Envoy 1.39 and newer, rule M3).
    CONNECTION_PEER_CERTIFICATE_VALID: bool = connection.peer_certificate_valid in [request, response, log];
    /// The name that the client asked for in TLS; empty without one.
    CONNECTION_REQUESTED_SERVER_NAME: Value = connection.requested_server_name in [request, response, log];
    /// `TLSv1.3` and the like.
    CONNECTION_TLS_VERSION: Value = connection.tls_version in [request, response, log] when "with TLS";
    /// The subject of the proxy's certificate.
    CONNECTION_SUBJECT_LOCAL_CERTIFICATE: Value = connection.subject_local_certificate in [request, response, log] when "with TLS";
    /// The subject of the client's certificate.
    CONNECTION_SUBJECT_PEER_CERTIFICATE: Value = connection.subject_peer_certificate in [request, response, log] when "with TLS";
    /// The first DNS name of the proxy's certificate.
    CONNECTION_DNS_SAN_LOCAL_CERTIFICATE: Value = connection.dns_san_local_certificate in [request, response, log] when "with TLS";
    /// The first DNS name of the client's certificate.
    CONNECTION_DNS_SAN_PEER_CERTIFICATE: Value = connection.dns_san_peer_certificate in [request, response, log] when "with TLS";
    /// The first URI of the proxy's certificate.
    CONNECTION_URI_SAN_LOCAL_CERTIFICATE: Value = connection.uri_san_local_certificate in [request, response, log] when "with TLS";
    /// The first URI of the client's certificate (rule M4).
    CONNECTION_URI_SAN_PEER_CERTIFICATE: Value = connection.uri_san_peer_certificate in [request, response, log] when "with TLS";
    /// The client's certificate, in PEM.
    CONNECTION_PEER_CERTIFICATE: Value = connection.peer_certificate in [request, response, log] when "with TLS";
    /// The SHA-256 of the client's certificate, in hexadecimal.
    CONNECTION_SHA256_PEER_CERTIFICATE_DIGEST: Value = connection.sha256_peer_certificate_digest in [request, response, log] when "with TLS";
    /// Why TLS with the client failed.
    CONNECTION_TRANSPORT_FAILURE_REASON: Value = connection.transport_failure_reason in [request, response, log] when "where it did";
    /// Why the proxy closed the connection.
    CONNECTION_TERMINATION_DETAILS: Value = connection.termination_details in [request, response, log] when "where a filter has closed it";

    /// The host that the request went to.
    UPSTREAM_ADDRESS: SocketAddr = upstream.address in [response, log];
    /// Its port.
    UPSTREAM_PORT: u16 = upstream.port in [response, log];
    /// The proxy's end of the connection to it.
    UPSTREAM_LOCAL_ADDRESS: SocketAddr = upstream.local_address in [response, log];
    /// Why there was no connection; empty where there was one.
    UPSTREAM_TRANSPORT_FAILURE_REASON: Value = upstream.transport_failure_reason in [response, log];
    /// Region, zone and sub-zone of the host, as a message (`envoy.config.core.v3.Locality`).
    UPSTREAM_LOCALITY: Value = upstream.locality in [response, log];
    /// How often the request was sent.
    UPSTREAM_REQUEST_ATTEMPT_COUNT: u64 = upstream.request_attempt_count in [request, response, log];
    /// How many hosts the cluster has.
    UPSTREAM_NUM_ENDPOINTS: u64 = upstream.num_endpoints in [request, response, log];
    /// How long a connection was waited for.
    UPSTREAM_CX_POOL_READY_DURATION: Duration = upstream.cx_pool_ready_duration in [response, log];
    /// `TLSv1.3` and the like.
    UPSTREAM_TLS_VERSION: Value = upstream.tls_version in [response, log] when "with TLS";
    /// The subject of the proxy's certificate.
    UPSTREAM_SUBJECT_LOCAL_CERTIFICATE: Value = upstream.subject_local_certificate in [response, log] when "with TLS";
    /// The first DNS name of the proxy's certificate.
    UPSTREAM_DNS_SAN_LOCAL_CERTIFICATE: Value = upstream.dns_san_local_certificate in [response, log] when "with TLS";
    /// The first URI of the proxy's certificate.
    UPSTREAM_URI_SAN_LOCAL_CERTIFICATE: Value = upstream.uri_san_local_certificate in [response, log] when "with TLS";
    /// The subject of the upstream's certificate.
    UPSTREAM_SUBJECT_PEER_CERTIFICATE: Value = upstream.subject_peer_certificate in [response, log] when "with TLS";
    /// The first DNS name of the upstream's certificate.
    UPSTREAM_DNS_SAN_PEER_CERTIFICATE: Value = upstream.dns_san_peer_certificate in [response, log] when "with TLS";
    /// The first URI of the upstream's certificate.
    UPSTREAM_URI_SAN_PEER_CERTIFICATE: Value = upstream.uri_san_peer_certificate in [response, log] when "with TLS";
    /// The SHA-256 of the upstream's certificate, in hexadecimal.
    UPSTREAM_SHA256_PEER_CERTIFICATE_DIGEST: Value = upstream.sha256_peer_certificate_digest in [response, log] when "with TLS";

    /// All dynamic metadata, as a message (`envoy.config.core.v3.Metadata`); one value of it is [`metadata`].
    METADATA: Value = metadata in [request, response, log];

    /// The plugin's name.
    PLUGIN_NAME: Value = plugin_name in [start, request, response, log];
    /// The plugin's root id.
    PLUGIN_ROOT_ID: Value = plugin_root_id in [start, request, response, log];
    /// The id of the plugin's VM.
    PLUGIN_VM_ID: Value = plugin_vm_id in [start, request, response, log];

    /// The proxy's node, as a message (`envoy.config.core.v3.Node`), of many kilobytes: better ask for what is below it.
    XDS_NODE: Value = xds.node in [start, request, response, log];
    /// The id of the proxy's node.
    XDS_NODE_ID: Value = xds.node.id in [start, request, response, log];
    /// The cluster that the proxy's node is in.
    XDS_NODE_CLUSTER: Value = xds.node.cluster in [start, request, response, log];
    /// The upstream cluster of the route.
    XDS_CLUSTER_NAME: Value = xds.cluster_name in [request, response, log];
    /// The cluster's metadata, as a message.
    XDS_CLUSTER_METADATA: Value = xds.cluster_metadata in [request, response, log];
    /// The route's name, empty where it has none. It does not change in the callback that clears the route cache (rule X3).
    XDS_ROUTE_NAME: Value = xds.route_name in [request, response, log];
    /// The route's metadata, as a message.
    XDS_ROUTE_METADATA: Value = xds.route_metadata in [request, response, log];
    /// The virtual host's name.
    XDS_VIRTUAL_HOST_NAME: Value = xds.virtual_host_name in [request, response, log];
    /// The virtual host's metadata, as a message.
    XDS_VIRTUAL_HOST_METADATA: Value = xds.virtual_host_metadata in [request, response, log];
    /// The upstream host's metadata, as a message.
    XDS_UPSTREAM_HOST_METADATA: Value = xds.upstream_host_metadata in [response, log] when "where it has any";
    /// The metadata of the upstream host's locality, as a message.
    XDS_UPSTREAM_HOST_LOCALITY_METADATA: Value = xds.upstream_host_locality_metadata in [response, log] when "where it has any";
    /// 0 where nothing is said, 1 inbound, 2 outbound.
    XDS_LISTENER_DIRECTION: i64 = xds.listener_direction in [request, response, log];
    /// The listener's metadata, as a message.
    XDS_LISTENER_METADATA: Value = xds.listener_metadata in [request, response, log];
    /// The filter chain's name, empty where it has none.
    XDS_FILTER_CHAIN_NAME: Value = xds.filter_chain_name in [request, response, log];
}
