//! What makes a module big: its code by crate, as far as function names are still in it.

use std::collections::BTreeMap;

use rustc_demangle::demangle;
use serde::Serialize;
use wasmparser::TypeRef;

use super::facts::Facts;

/// The code of one crate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CrateSize {
    /// Its name as code spells it, or `(C or C++)`, or `(no name)`.
    pub name: String,
    /// Its functions.
    pub functions: u64,
    /// Bytes of code.
    pub size: u64,
}

const NO_CRATE: &str = "(C or C++)";
const NO_NAME: &str = "(no name)";

/// The largest first; empty when no function has a name.
pub(super) fn by_crate(facts: &Facts) -> Vec<CrateSize> {
    let is_function = |(_, _, ty): &&(String, String, TypeRef)| matches!(ty, TypeRef::Func(_));
    let imported = facts.imported.iter().filter(is_function).count();
    if facts.names.is_empty() {
        return Vec::new();
    }
    let mut crates = BTreeMap::<String, (u64, u64)>::new();
    for (index, size) in (imported..).zip(&facts.bodies) {
        let name = u32::try_from(index)
            .ok()
            .and_then(|index| facts.names.get(&index));
        let name = name.map_or_else(|| NO_NAME.to_owned(), |name| crate_of(name));
        let (functions, total) = crates.entry(name).or_default();
        *functions += 1;
        *total += size;
    }
    let mut sizes: Vec<_> = crates
        .into_iter()
        .map(|(name, (functions, size))| CrateSize {
            name,
            functions,
            size,
        })
        .collect();
    sizes.sort_by_key(|it| std::cmp::Reverse(it.size));
    sizes
}

/// The crate of a function: of the type it belongs to, where it is a method of a trait.
pub(super) fn crate_of(symbol: &str) -> String {
    let readable = format!("{:#}", demangle(symbol));
    if readable == symbol {
        return NO_CRATE.to_owned();
    }
    let path = readable.trim_start_matches(|c: char| !c.is_ascii_alphabetic() && c != '_');
    let path = ["mut ", "dyn ", "const "]
        .iter()
        .fold(path, |path, word| path.trim_start_matches(word));
    let end = path.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let name = end.and_then(|end| path.get(..end)).unwrap_or(path);
    name.to_owned()
}
