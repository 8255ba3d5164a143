//! A proxy in memory: the engine that [`crate::front`] serves with, but no sockets, no threads and no real time.
//!
//! Everything that happens is an event in one queue, taken in the order of a virtual clock and, within an instant, of a
//! seed: the same seed gives the same run, byte for byte.

mod body;
mod call;
mod client;
mod delivery;
mod grpc;
mod proxy;
mod queue;
mod stream;
mod subject;
mod upstream;

pub use self::client::{Broken, Outcome};
pub use self::delivery::{Answering, Chunks, Delivery, End};
pub use self::proxy::Usage;
pub(crate) use self::proxy::{MemoryOptions, Place, Proxy};
pub use self::subject::{Memory, MemorySubjectOptions};
pub(crate) use self::upstream::Backend;
