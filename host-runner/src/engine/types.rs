//! Function types as people read them, and as Envoy compares them: parameter by parameter, result by result.

use wasmtime::{FuncType, ValType};

/// `(i32, i64) -> i32`.
pub(super) fn shown(ty: &FuncType) -> String {
    let list = |types: &mut dyn Iterator<Item = ValType>| {
        types
            .map(|ty| ty.to_string())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let results = list(&mut ty.results());
    let results = if results.is_empty() {
        "nothing"
    } else {
        &results
    };
    format!("({}) -> {results}", list(&mut ty.params()))
}

/// The same for a function of `params` times i32 that returns one i32 or nothing.
pub(super) fn shown_callback(params: usize, returns: bool) -> String {
    let results = if returns { "i32" } else { "nothing" };
    format!("({}) -> {results}", vec!["i32"; params].join(", "))
}

/// Whether it takes `params` times i32 and returns one i32 or nothing.
pub(super) fn is_callback(ty: &FuncType, params: usize, returns: bool) -> bool {
    let is_i32 = |ty: ValType| matches!(ty, ValType::I32);
    ty.params().len() == params
        && ty.results().len() == usize::from(returns)
        && ty.params().chain(ty.results()).all(is_i32)
}
