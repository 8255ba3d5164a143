//! `compress` and `uncompress`: the zlib format, at its default level.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use crate::abi::Status;

/// No guest has room for more (rule V8).
const MAX_UNCOMPRESSED: u64 = 1 << 30;

pub(crate) fn compress(bytes: &[u8]) -> Result<Vec<u8>, Status> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.map_err(|_| Status::SERIALIZATION_FAILURE)
}

/// What comes after the compressed data is ignored.
pub(crate) fn uncompress(bytes: &[u8]) -> Result<Vec<u8>, Status> {
    let mut plain = Vec::new();
    let mut decoder = ZlibDecoder::new(bytes).take(MAX_UNCOMPRESSED);
    match decoder.read_to_end(&mut plain) {
        // Nothing is not the compressed form of anything.
        Ok(_) if !bytes.is_empty() => Ok(plain),
        _ => Err(Status::SERIALIZATION_FAILURE),
    }
}
