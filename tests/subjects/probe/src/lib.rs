//! A filter that runs what a request header tells it to: raw hostcalls, each with its status.
//!
//! The plugin configuration is the header's name, or the script itself when there is a dot in it. A script is a list of commands separated by `;`, each
//! `<stage>.<verb> <arguments>`; see `script.rs` for the stages and `command.rs` for the verbs. What came of a command is
//! logged at info as `<command> => <status> <value>` and, up to the response headers, sent to the client as `x-seen`.
//! No SDK is in between, so that every status arrives here as the number it is.
#![cfg(target_arch = "wasm32")]

mod abi;
mod command;
mod entry;
mod script;
mod stream;
