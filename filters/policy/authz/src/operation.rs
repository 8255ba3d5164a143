//! `to[].operation`: what is asked (rules A18-A20).
//! All fields that are set must hold.

use meshwright_core::ConfigError;

use crate::clause::{Clause, Clauses};
use crate::config::Operation;
use crate::predicate::Predicate;

/// Compiles one operation to the clauses that must all hold.
pub(crate) fn compile(operation: &Operation) -> Result<Vec<Clause>, ConfigError> {
    Clauses::default()
        .any_of("methods", &operation.methods, Predicate::method)?
        .none_of("notMethods", &operation.not_methods, Predicate::method)?
        .any_of("ports", &operation.ports, Predicate::destination_port)?
        .none_of(
            "notPorts",
            &operation.not_ports,
            Predicate::destination_port,
        )?
        .any_of("paths", &operation.paths, Predicate::path)?
        .none_of("notPaths", &operation.not_paths, Predicate::path)?
        .any_of("hosts", &operation.hosts, Predicate::host)?
        .none_of("notHosts", &operation.not_hosts, Predicate::host)?
        .or_refuse("at least one field must have a value")
}
