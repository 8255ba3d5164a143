//! From one test function to one test for each host.

use std::fmt::Write as _;

use proc_macro::{Delimiter, Span, TokenStream, TokenTree};

use crate::exports::error;

pub(crate) fn write(arguments: TokenStream, function: &TokenStream) -> TokenStream {
    match expand(arguments, function) {
        Ok(code) => code,
        Err((message, span)) => error(message, span),
    }
}

fn expand(
    arguments: TokenStream,
    function: &TokenStream,
) -> Result<TokenStream, (&'static str, Span)> {
    let (filter, on_envoy) = filter(arguments)?;
    let name = name(function).ok_or(("this is no function", Span::call_site()))?;
    let mut tests = vec![(
        "native",
        format!("::meshwright::testing::Host::native::<{filter}>()"),
    )];
    let module = |on| {
        format!(
            "::meshwright::testing::Host::{on}(env!(\"CARGO_PKG_NAME\"), env!(\"CARGO_MANIFEST_DIR\"))"
        )
    };
    tests.push(("wasm", module("wasm")));
    if on_envoy {
        tests.push(("envoy", module("envoy")));
    }
    let mut code = String::new();
    for (on, host) in tests {
        let _ = write!(code, "#[test] fn {on}() {{ {name}({host}); }}");
    }
    let tests = format!("mod {name} {{ use super::*; {code} }}");
    let tests: TokenStream = tests
        .parse()
        .map_err(|_| ("this is no type", Span::call_site()))?;
    let allowed =
        "#[allow(clippy::needless_pass_by_value, reason = \"each test has a host of its own\")]";
    let allowed: TokenStream = allowed.parse().unwrap_or_default();
    // The function as it is, so that what fails in it is found in it.
    Ok([allowed, function.clone(), tests].into_iter().collect())
}

// `Filter` or `Filter, envoy`.
fn filter(arguments: TokenStream) -> Result<(String, bool), (&'static str, Span)> {
    let tokens: Vec<TokenTree> = arguments.into_iter().collect();
    let is_comma = |token: &TokenTree| token.to_string() == ",";
    let mut parts = tokens.split(is_comma);
    let filter: TokenStream = parts.next().unwrap_or_default().iter().cloned().collect();
    if filter.is_empty() {
        return Err((
            "say which filter is tested: `#[meshwright::test(MyFilter)]`",
            Span::call_site(),
        ));
    }
    match parts.next() {
        None | Some([]) => Ok((filter.to_string(), false)),
        Some([word]) if word.to_string() == "envoy" => Ok((filter.to_string(), true)),
        Some([word, ..]) => Err(("only `envoy` can follow the filter", word.span())),
    }
}

// What follows `fn`, outside of all brackets.
fn name(function: &TokenStream) -> Option<String> {
    let mut tokens = function.clone().into_iter();
    tokens.find(|token| matches!(token, TokenTree::Ident(word) if word.to_string() == "fn"))?;
    let name = tokens.next()?;
    let follows = tokens.next()?;
    let is_function =
        matches!(&follows, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis);
    is_function.then(|| name.to_string())
}
