//! Every way a token can fail, each with its reply: status, text and reason code together.
//!
//! The texts are Envoy's, byte for byte (rule J43), because clients and dashboards match on them.

use meshwright_core::{LocalReply, Reason, RequestHead, Verdict};
use std::sync::Arc;

use crate::challenge::challenge;
use crate::explain::Refusal;

/// Why a token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    TooLarge,
    BadFormat,
    HeaderBase64,
    HeaderJson,
    HeaderAlg,
    UnsupportedAlg,
    HeaderKid,
    UnknownExtension,
    PayloadBase64,
    PayloadJson,
    IssType,
    SubType,
    JtiType,
    IatType,
    IatRange,
    NbfType,
    NbfRange,
    ExpType,
    ExpRange,
    AudType,
    SignatureBase64,
    UnknownIssuer,
    NotYetValid,
    Expired,
    BadAudience,
    NoExpiry,
    BadKind,
    MissingClaim,
    TooOld,
    NoKeys,
    NoMatchingKey,
    Ed25519Length,
    BadSignature,
    TooMuchWork,
}

/// The body of the reply and the reason code.
type Row = (&'static str, &'static str);

// === impl Failure ===

impl Failure {
    const fn row(self) -> Row {
        match self {
            // Envoy has no such limit of its own; its header limit answers 431 before (rule 1.10, denial of service).
            Self::TooLarge => (Self::BadFormat.row().0, "jwt.too_large"),
            // Ours too: Envoy checks as many signatures as a request makes it (rule 1.10).
            Self::TooMuchWork => (Self::BadSignature.row().0, "jwt.too_much_work"),
            Self::BadFormat => (
                "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections",
                "jwt.bad_format",
            ),
            Self::HeaderBase64 => (
                "Jwt header is an invalid Base64url encoded",
                "jwt.bad_header_base64",
            ),
            Self::HeaderJson => ("Jwt header is an invalid JSON", "jwt.bad_header_json"),
            Self::HeaderAlg => (
                "Jwt header [alg] field is required and must be a string",
                "jwt.bad_alg",
            ),
            Self::UnsupportedAlg => ("Jwt header [alg] is not supported", "jwt.unsupported_alg"),
            Self::HeaderKid => ("Jwt header [kid] field is not a string", "jwt.bad_kid"),
            Self::UnknownExtension => (
                "Jwt header [crit] has an unknown extension",
                "jwt.unknown_extension",
            ),
            Self::PayloadBase64 => (
                "Jwt payload is an invalid Base64url encoded",
                "jwt.bad_payload_base64",
            ),
            Self::PayloadJson => ("Jwt payload is an invalid JSON", "jwt.bad_payload_json"),
            Self::IssType => ("Jwt payload [iss] field is not a string", "jwt.bad_iss"),
            Self::SubType => ("Jwt payload [sub] field is not a string", "jwt.bad_sub"),
            Self::JtiType => ("Jwt payload [jti] field is not a string", "jwt.bad_jti"),
            Self::IatType => ("Jwt payload [iat] field is not an integer", "jwt.bad_iat"),
            Self::IatRange => (
                "Jwt payload [iat] field is not a positive 64 bit integer",
                "jwt.iat_out_of_range",
            ),
            Self::NbfType => ("Jwt payload [nbf] field is not an integer", "jwt.bad_nbf"),
            Self::NbfRange => (
                "Jwt payload [nbf] field is not a positive 64 bit integer",
                "jwt.nbf_out_of_range",
            ),
            Self::ExpType => ("Jwt payload [exp] field is not an integer", "jwt.bad_exp"),
            Self::ExpRange => (
                "Jwt payload [exp] field is not a positive 64 bit integer",
                "jwt.exp_out_of_range",
            ),
            Self::AudType => (
                "Jwt payload [aud] field is not a string or string list",
                "jwt.bad_aud",
            ),
            Self::SignatureBase64 => (
                "Jwt signature is an invalid Base64url encoded",
                "jwt.bad_signature_base64",
            ),
            Self::UnknownIssuer => ("Jwt issuer is not configured", "jwt.unknown_issuer"),
            Self::NotYetValid => ("Jwt not yet valid", "jwt.not_yet_valid"),
            Self::Expired => ("Jwt is expired", "jwt.expired"),
            Self::BadAudience => ("Audiences in Jwt are not allowed", "jwt.bad_audience"),
            // These have no counterpart in Envoy: they come of our additions.
            Self::NoExpiry => ("Jwt payload [exp] field is required", "jwt.no_exp"),
            Self::BadKind => ("Jwt header [typ] is not allowed", "jwt.bad_typ"),
            Self::MissingClaim => ("Jwt payload lacks a required claim", "jwt.missing_claim"),
            Self::TooOld => ("Jwt is too old", "jwt.too_old"),
            Self::NoKeys => ("Jwks remote fetch is failed", "jwt.no_keys"),
            Self::NoMatchingKey => (
                "Jwks doesn't have key to match kid or alg from Jwt",
                "jwt.no_matching_key",
            ),
            Self::Ed25519Length => (
                "Jwt ED25519 signature is wrong length",
                "jwt.bad_ed25519_length",
            ),
            Self::BadSignature => ("Jwt verification fails", "jwt.bad_signature"),
        }
    }

    /// 403 for the audience, 401 for everything else (rule J39).
    const fn status(self) -> u16 {
        match self {
            Self::BadAudience => 403,
            _ => 401,
        }
    }

    /// The same for people who ask why.
    pub(crate) fn refusal(self) -> Refusal {
        let (text, code) = self.row();
        Refusal {
            code,
            text,
            status: self.status(),
        }
    }

    /// The reply of rules J39, J40 and J42, because of `rule`.
    pub(crate) fn deny(self, head: &RequestHead, rule: &Arc<str>) -> Verdict {
        let (text, code) = self.row();
        let details = format!("jwt_authn_access_denied{{{}}}", text.replace(' ', "_"));
        let reply = LocalReply::new(self.status(), text)
            .with_header("www-authenticate", challenge(head))
            .with_details(details);
        Verdict::deny(reply, Reason::of_rule(code, Arc::clone(rule)))
    }
}
