//! A token taken apart: the compact form of RFC 7515 section 7.1, header, claims, signature.
//!
//! Parsing stops at the first thing wrong, in Envoy's order, so that the reply names the same failure (rules J21-J28).

use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::claims::Claims;
use crate::config::Compat;
use crate::explain::Parts;
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
    /// From the header: what kind of token it is (RFC 7515 section 4.1.9).
    pub(crate) kind: Option<String>,
    /// The payload's members, types of the registered ones checked.
    pub(crate) claims: Claims,
    /// The payload as it was in the token, for rule J45.
    pub(crate) payload_text: Vec<u8>,
    /// The payload as JSON: decoded, and where Envoy is laxer than JSON made so.
    pub(crate) payload: Vec<u8>,
    /// What the signature is over.
    pub(crate) signing_input: Vec<u8>,
    /// The signature, decoded.
    pub(crate) signature: Vec<u8>,
}

/// What matters of the first part.
struct Header {
    algorithm: Algorithm,
    key_id: Option<String>,
    kind: Option<String>,
}

// === impl Jws ===

impl Jws {
    pub(crate) fn parse(token: &[u8], compat: Compat) -> Result<Self, Failure> {
        let [header_text, payload_text, signature] = split(token, compat)?;
        let header = Header::parse(header_text, compat)?;
        let payload = base64url::decode(payload_text, compat).ok_or(Failure::PayloadBase64)?;
        let (members, payload) =
            json::object_and_json(payload, compat).ok_or(Failure::PayloadJson)?;
        Ok(Self {
            algorithm: header.algorithm,
            key_id: header.key_id,
            kind: header.kind,
            claims: Claims::parse(members)?,
            payload_text: payload_text.to_vec(),
            payload,
            signing_input: [header_text, b".", payload_text].concat(),
            signature: base64url::decode(signature, compat).ok_or(Failure::SignatureBase64)?,
        })
    }
}

/// The parts of a token as far as they can be read, whatever is wrong with the others.
pub(crate) fn parts(token: &[u8], compat: Compat) -> Option<Parts> {
    let [header, payload, signature] = split(token, compat).ok()?;
    let object = |text| json::object(&base64url::decode(text, compat)?, compat);
    Some(Parts {
        header: object(header),
        claims: object(payload),
        signature_bytes: base64url::decode(signature, compat).map(|signature| signature.len()),
    })
}

/// Three parts that are not empty. Empty ones do not count in Envoy, however many there are (rules J21, X1).
fn split(token: &[u8], compat: Compat) -> Result<[&[u8]; 3], Failure> {
    if token.len() > MAX_TOKEN {
        return Err(Failure::TooLarge);
    }
    let mut parts = token
        .split(|byte| *byte == b'.')
        .filter(|part| compat == Compat::Strict || !part.is_empty());
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(payload), Some(signature), None)
            if ![header, payload, signature].contains(&&b""[..]) =>
        {
            Ok([header, payload, signature])
        }
        _ => Err(Failure::BadFormat),
    }
}

// === impl Header ===

impl Header {
    /// Everything else in the header is ignored, and by Envoy `crit` too (rules J25, X3).
    fn parse(text: &[u8], compat: Compat) -> Result<Self, Failure> {
        let json = base64url::decode(text, compat).ok_or(Failure::HeaderBase64)?;
        let mut header = json::object(&json, compat).ok_or(Failure::HeaderJson)?;
        let algorithm = parse_algorithm(&header)?;
        let key_id = match header.remove("kid") {
            None => None,
            Some(Value::String(id)) => Some(id).filter(|id| !id.is_empty()),
            Some(_) => return Err(Failure::HeaderKid),
        };
        if compat == Compat::Strict {
            check_extensions(&header)?;
        }
        let kind = header.get("typ").and_then(Value::as_str);
        Ok(Self {
            algorithm,
            key_id,
            kind: kind.map(str::to_owned),
        })
    }
}

/// RFC 7515 section 4.1.11: extensions that must be understood; none is. `b64` is one even where `crit` forgets it, because
/// it changes what was signed (RFC 7797 section 6).
fn check_extensions(header: &Object) -> Result<(), Failure> {
    let is_plain = header
        .get("b64")
        .is_none_or(|b64| *b64 == Value::Bool(true));
    match header.contains_key("crit") || !is_plain {
        true => Err(Failure::UnknownExtension),
        false => Ok(()),
    }
}

fn parse_algorithm(header: &Object) -> Result<Algorithm, Failure> {
    let name = header
        .get("alg")
        .and_then(Value::as_str)
        .ok_or(Failure::HeaderAlg)?;
    Algorithm::named(name).ok_or(Failure::UnsupportedAlg)
}
