//! What [`main!`](crate::main) has listed for a filter, as marker traits: the module exports the callbacks that these
//! need, and no others.
//!
//! A filter that uses what it does not list does not compile, so that no handler is written that nobody calls, and no
//! answer waited for that cannot come.

use crate::message::{InRequest, InResponse};

/// `OnRequest` is listed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` implements `OnRequest`, but `meshwright::main!` does not list it",
    note = "write `meshwright::main!({Self}: OnRequest);`"
)]
pub trait OnRequest {}

/// `OnResponse` is listed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` implements `OnResponse`, but `meshwright::main!` does not list it",
    note = "write `meshwright::main!({Self}: OnResponse);`"
)]
pub trait OnResponse {}

/// `OnLog` is listed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` implements `OnLog`, but `meshwright::main!` does not list it",
    note = "write `meshwright::main!({Self}: OnLog);`"
)]
pub trait OnLog {}

/// `OnConnection` is listed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` implements `OnConnection`, but `meshwright::main!` does not list it",
    note = "write `meshwright::main!({Self}: OnConnection);`"
)]
pub trait OnConnection {}

/// `OnStart` is listed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` implements `OnStart`, but `meshwright::main!` does not list it",
    note = "add `OnStart` to what `meshwright::main!` lists"
)]
pub trait OnStart {}

/// `RequestBody` is listed: bodies of requests are shown to the module.
#[diagnostic::on_unimplemented(
    message = "`{Self}` reads the request's body, but `meshwright::main!` does not list `RequestBody`",
    note = "write `meshwright::main!({Self}: OnRequest, RequestBody);`"
)]
pub trait RequestBody {}

/// `ResponseBody` is listed: bodies of responses are shown to the module.
#[diagnostic::on_unimplemented(
    message = "`{Self}` reads the response's body, but `meshwright::main!` does not list `ResponseBody`",
    note = "add `ResponseBody` to what `meshwright::main!` lists"
)]
pub trait ResponseBody {}

/// `Response` is listed: handlers of requests can wait for the response.
#[diagnostic::on_unimplemented(
    message = "`{Self}` waits for the response, but `meshwright::main!` does not list `Response`",
    note = "write `meshwright::main!({Self}: OnRequest, Response);`"
)]
pub trait Response {}

/// `Callouts` is listed: handlers can make HTTP calls.
#[diagnostic::on_unimplemented(
    message = "`{Self}` makes calls, but `meshwright::main!` does not list `Callouts`",
    note = "add `Callouts` to what `meshwright::main!` lists"
)]
pub trait Callouts {}

/// `Timers` is listed: handlers can sleep.
#[diagnostic::on_unimplemented(
    message = "`{Self}` waits for a time, but `meshwright::main!` does not list `Timers`",
    note = "add `Timers` to what `meshwright::main!` lists"
)]
pub trait Timers {}

/// `Grpc` is listed: handlers can make gRPC calls.
#[diagnostic::on_unimplemented(
    message = "`{Self}` makes gRPC calls, but `meshwright::main!` does not list `Grpc`",
    note = "add `Grpc` to what `meshwright::main!` lists"
)]
pub trait Grpc {}

/// `Queues` is listed: handlers are told of items in queues.
#[diagnostic::on_unimplemented(
    message = "`{Self}` waits for items of a queue, but `meshwright::main!` does not list `Queues`",
    note = "add `Queues` to what `meshwright::main!` lists"
)]
pub trait Queues {}

/// The bodies of that side are listed: `RequestBody` or `ResponseBody`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` reads a body that `meshwright::main!` does not list",
    note = "add `RequestBody` or `ResponseBody`, whichever it reads, to what `meshwright::main!` lists"
)]
pub trait Body<S> {}

impl<F: RequestBody> Body<InRequest> for F {}

impl<F: ResponseBody> Body<InResponse> for F {}
