//! `from[].source`: who sends the request (rules A14-A17).
//! All fields that are set must hold.

use meshwright_core::ConfigError;

use crate::clause::{Clause, Clauses};
use crate::config::Source;
use crate::predicate::Predicate;

/// Compiles one source to the clauses that must all hold.
pub(crate) fn compile(source: &Source) -> Result<Vec<Clause>, ConfigError> {
    Clauses::default()
        .any_of("ipBlocks", &source.ip_blocks, Predicate::source_ip)?
        .none_of("notIpBlocks", &source.not_ip_blocks, Predicate::source_ip)?
        .any_of(
            "remoteIpBlocks",
            &source.remote_ip_blocks,
            Predicate::remote_ip,
        )?
        .none_of(
            "notRemoteIpBlocks",
            &source.not_remote_ip_blocks,
            Predicate::remote_ip,
        )?
        .any_of("principals", &source.principals, Predicate::principal)?
        .none_of(
            "notPrincipals",
            &source.not_principals,
            Predicate::principal,
        )?
        .any_of("namespaces", &source.namespaces, Predicate::namespace)?
        .none_of(
            "notNamespaces",
            &source.not_namespaces,
            Predicate::namespace,
        )?
        .any_of(
            "requestPrincipals",
            &source.request_principals,
            Predicate::request_principal,
        )?
        .none_of(
            "notRequestPrincipals",
            &source.not_request_principals,
            Predicate::request_principal,
        )?
        .or_refuse("at least one field must have a value")
}
