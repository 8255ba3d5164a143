//! What passes a front, kept as a scenario file that replays it.
//!
//! A tape sees one stream: what the client sent and got, what the upstream received and answered. When
//! the stream is over it becomes a case, or a line that says why it cannot be one; the session's file is written anew
//! with every case, so that it is whole whenever the process ends.

mod case;
mod file;
mod secrets;
mod session;
pub(crate) mod tape;
#[cfg(test)]
mod tests;
pub(crate) mod text;

pub use self::session::{RecordOptions, Session, Writer};
