//! The macros of `meshwright`, which re-exports them and documents them.

mod config;
mod exports;
mod test;

use proc_macro::TokenStream;

/// Behind `meshwright::main!`: `{path of the crate} Filter: Listed, Listed`.
#[proc_macro]
pub fn exports(input: TokenStream) -> TokenStream {
    exports::write(input)
}

/// See `meshwright::config`.
#[proc_macro_attribute]
pub fn config(arguments: TokenStream, item: TokenStream) -> TokenStream {
    config::write(arguments, item)
}

/// See `meshwright::test`.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, function: TokenStream) -> TokenStream {
    test::write(arguments, &function)
}
