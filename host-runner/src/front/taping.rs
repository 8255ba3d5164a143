//! What a recording sees of the front's work: each stream's tape is told of what the worker lets out and of what arrives.

use super::driver::State;
use super::read::Piece;
use crate::host::effect::HttpEffect;
use crate::host::stream::Direction;
use crate::host::world::StreamId;
use crate::record::tape::Tape;

/// Tells a stream's tape, if it has one, what is about to be done.
pub(super) fn record(state: &State, id: StreamId, effect: &HttpEffect) {
    let Some(tape) = state.tape(id) else {
        return;
    };
    match effect {
        HttpEffect::RequestHeaders {
            headers, cluster, ..
        } => {
            let chain = state.worker.stream(id).map(|stream| &stream.chain);
            if let Some(cluster) = chain.and_then(|chain| chain.clusters.get(*cluster)) {
                tape.sent_to(&cluster.name, headers);
            }
        }
        HttpEffect::RequestData { bytes, .. } => tape.sent_data(bytes),
        HttpEffect::ResponseHeaders { headers, end } => tape.response(headers, *end),
        HttpEffect::ResponseData { bytes, end } => tape.response_data(bytes, *end),
        HttpEffect::ResponseTrailers(trailers) => tape.response_trailers(trailers),
        HttpEffect::Reset => tape.trouble("the client was cut off"),
        HttpEffect::Finished => tape.finish(),
        // No scenario says what trailers an upstream received, or when somebody stopped reading.
        HttpEffect::RequestTrailers(_)
        | HttpEffect::UnsendableRequest { .. }
        | HttpEffect::Read(..) => {}
    }
}

impl Piece {
    /// Tells a tape what has arrived.
    pub(super) fn record(&self, tape: Option<&Tape>, way: Direction) {
        let Some(tape) = tape else {
            return;
        };
        match self {
            Self::Data { bytes, .. } => tape.arrived(way, bytes),
            Self::Trailers(trailers) => tape.trailers_arrived(way, trailers),
            Self::Broken(_) => tape.trouble("a message broke off"),
        }
    }
}
