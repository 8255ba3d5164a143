//! A token taken apart: the compact form of RFC 7515 section 7.1, header, claims, signature.
//!
//! Parsing stops at the first thing wrong, in Envoy's order, so that the reply names the same failure (rules J21-J28).

use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::claims::Claims;
use crate::failure::Failure;
use crate::json::{self, Object};

/// Longer than any header Envoy accepts by default (60 KiB), short enough to bound the work.
const MAX_TOKEN: usize = 64 * 1024;

/// A well-formed token. Nothing about it has been verified.
#[derive(Debug)]
pub(crate) struct Jws {
    /// From the header: how it is signed.
    pub(crate) algorithm: Algorithm,
    /// From the header: which key signed it; empty reads as absent (rule J25).
    pub(crate) key_id: Option<String>,
    /// The payload's members, types of the registered ones checked.
    pub(crate) claims: Claims,
    /// The payload as it was in the token, for rule J45.
    pub(crate) payload_text: Vec<u8>,
    /// The payload, decoded.
    pub(crate) payload: Vec<u8>,
    /// What the signature is over.
    pub(crate) signing_input: Vec<u8>,
    /// The signature, decoded.
    pub(crate) signature: Vec<u8>,
}

// === impl Jws ===

impl Jws {
    pub(crate) fn parse(token: &[u8]) -> Result<Self, Failure> {
        let [header, payload_text, signature] = split(token)?;
        let (algorithm, key_id) = parse_header(header)?;
        let payload = base64url::decode(payload_text).ok_or(Failure::PayloadBase64)?;
        let claims = Claims::parse(json::object(&payload).ok_or(Failure::PayloadJson)?)?;
        Ok(Self {
            algorithm,
            key_id,
            claims,
            payload_text: payload_text.to_vec(),
            payload,
            signing_input: [header, b".", payload_text].concat(),
            signature: base64url::decode(signature).ok_or(Failure::SignatureBase64)?,
        })
    }
}

/// Three parts that are not empty; empty ones do not count (rule J21).
fn split(token: &[u8]) -> Result<[&[u8]; 3], Failure> {
    if token.len() > MAX_TOKEN {
        return Err(Failure::TooLarge);
    }
    let mut parts = token
        .split(|byte| *byte == b'.')
        .filter(|part| !part.is_empty());
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(payload), Some(signature), None) => Ok([header, payload, signature]),
        _ => Err(Failure::BadFormat),
    }
}

// Everything else in the header is ignored, `crit` included, because Envoy does (rule J25).
fn parse_header(text: &[u8]) -> Result<(Algorithm, Option<String>), Failure> {
    let json = base64url::decode(text).ok_or(Failure::HeaderBase64)?;
    let mut header = json::object(&json).ok_or(Failure::HeaderJson)?;
    let algorithm = parse_algorithm(&header)?;
    let key_id = match header.remove("kid") {
        None => None,
        Some(Value::String(id)) => Some(id).filter(|id| !id.is_empty()),
        Some(_) => return Err(Failure::HeaderKid),
    };
    Ok((algorithm, key_id))
}

fn parse_algorithm(header: &Object) -> Result<Algorithm, Failure> {
    let name = header
        .get("alg")
        .and_then(Value::as_str)
        .ok_or(Failure::HeaderAlg)?;
    Algorithm::named(name).ok_or(Failure::UnsupportedAlg)
}
