//! Checks of the configuration's form that types cannot express (rule J5), each naming its place.

use meshwright_core::ConfigError;
use meshwright_core::headers::is_header_name;

use crate::config::{Config, JwtRule};

/// Istio's own limit (rule J5).
const MAX_SPACE_DELIMITED: usize = 64;

/// A header name and its JSON pointer.
type NamedHeader<'a> = (String, &'a str);

/// Whether every rule is well formed.
pub(crate) fn check(config: &Config) -> Result<(), ConfigError> {
    for (index, rule) in config.jwt_rules.iter().enumerate() {
        let at = |error: ConfigError| error.under(&format!("/jwtRules/{index}"));
        check_keys(rule).map_err(at)?;
        check_durations(rule).map_err(at)?;
        check_names(rule).map_err(at)?;
        check_texts(rule).map_err(at)?;
        check_overwriting(config, rule).map_err(at)?;
    }
    Ok(())
}

// Istio refuses it as well: which of the two would count?
fn check_keys(rule: &JwtRule) -> Result<(), ConfigError> {
    if rule.jwks.is_some() && rule.jwks_uri.is_some() {
        let message = "only one of `jwks` and `jwksUri` may be given";
        return Err(ConfigError::new("/jwksUri", message));
    }
    Ok(())
}

// A fetch that may not take any time never succeeds, and a token of no age is never young enough.
fn check_durations(rule: &JwtRule) -> Result<(), ConfigError> {
    for (pointer, duration) in [
        ("/timeout", rule.timeout),
        ("/maxTokenAge", rule.max_token_age),
    ] {
        if duration.is_some_and(|duration| duration.is_zero()) {
            return Err(ConfigError::new(pointer, "must be longer than nothing"));
        }
    }
    Ok(())
}

fn check_names(rule: &JwtRule) -> Result<(), ConfigError> {
    for (pointer, name) in token_headers(rule).into_iter().chain(output_headers(rule)) {
        if !is_header_name(name) {
            return Err(ConfigError::new(
                pointer,
                format!("`{name}` is not a header name"),
            ));
        }
    }
    Ok(())
}

fn check_texts(rule: &JwtRule) -> Result<(), ConfigError> {
    not_empty("audiences", rule.audiences.iter())?;
    not_empty("fromParams", rule.from_params.iter())?;
    not_empty("fromCookies", rule.from_cookies.iter())?;
    not_empty("requiredClaims", rule.required_claims.iter())?;
    not_empty("requiredType", rule.required_type.iter())?;
    not_empty("jwksCluster", rule.jwks_cluster.iter())?;
    not_empty("spaceDelimitedClaims", rule.space_delimited_claims.iter())?;
    for (index, output) in rule.output_claim_to_headers.iter().enumerate() {
        not_empty(
            &format!("outputClaimToHeaders/{index}/claim"),
            std::iter::once(&output.claim),
        )?;
    }
    if rule.space_delimited_claims.len() > MAX_SPACE_DELIMITED {
        return Err(ConfigError::new(
            "/spaceDelimitedClaims",
            format!("more than {MAX_SPACE_DELIMITED} claims"),
        ));
    }
    Ok(())
}

// Output headers are removed from every request before tokens are looked for (rule J48). Envoy accepts such a
// configuration and then never sees a token, so that every request passes.
fn check_overwriting(config: &Config, rule: &JwtRule) -> Result<(), ConfigError> {
    let sources: Vec<&str> = config
        .jwt_rules
        .iter()
        .flat_map(token_headers)
        .map(|(_, name)| name)
        .collect();
    let has_default = config.jwt_rules.iter().any(JwtRule::has_default_locations);
    for (pointer, name) in output_headers(rule) {
        let is_default = has_default && name.eq_ignore_ascii_case("authorization");
        if is_default
            || sources
                .iter()
                .any(|source| source.eq_ignore_ascii_case(name))
        {
            let message = format!(
                "`{name}` is also where tokens are looked for: they would be removed before"
            );
            return Err(ConfigError::new(pointer, message));
        }
    }
    Ok(())
}

fn token_headers(rule: &JwtRule) -> Vec<NamedHeader<'_>> {
    let headers = rule.from_headers.iter().enumerate();
    headers
        .map(|(index, header)| (format!("/fromHeaders/{index}/name"), header.name.as_str()))
        .collect()
}

fn output_headers(rule: &JwtRule) -> Vec<NamedHeader<'_>> {
    let payload = rule.output_payload_to_header.iter();
    let payload = payload.map(|name| ("/outputPayloadToHeader".to_owned(), name.as_str()));
    let claims = rule.output_claim_to_headers.iter().enumerate();
    let claims = claims.map(|(index, output)| {
        (
            format!("/outputClaimToHeaders/{index}/header"),
            output.header.as_str(),
        )
    });
    payload.chain(claims).collect()
}

fn not_empty<'a>(
    member: &str,
    mut texts: impl Iterator<Item = &'a String>,
) -> Result<(), ConfigError> {
    if texts.any(String::is_empty) {
        return Err(ConfigError::new(format!("/{member}"), "must not be empty"));
    }
    Ok(())
}
