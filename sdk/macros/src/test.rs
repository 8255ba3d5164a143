//! From one test function to one test for each host.

use proc_macro::{Delimiter, Group, Span, TokenStream, TokenTree};

use crate::exports::error;

/// A test function, and what stands above it.
#[derive(Default)]
struct Function {
    /// What is about its tests: `#[ignore]`, `#[should_panic]`.
    of_tests: TokenStream,
    /// What is about both: `#[cfg]`.
    of_both: TokenStream,
    /// The function as it is, with all other attributes, so that what fails in it is found in it.
    code: TokenStream,
    name: String,
}

/// Where an attribute belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Tests,
    Function,
    Both,
}

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
    let function = Function::read(function)?;
    let name = &function.name;
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
    let mut code = TokenStream::new();
    for (on, host) in tests {
        code.extend(function.of_tests.clone());
        code.extend(parsed(&format!("#[test] fn {on}() {{ {name}({host}); }}"))?);
    }
    // Within a module they are compiled, as far as they can be, and not run.
    let allowed = "#[cfg_attr(target_arch = \"wasm32\", allow(dead_code, reason = \"its tests run elsewhere\"))]
        #[allow(clippy::needless_pass_by_value, reason = \"each test has a host of its own\")]";
    let tests = [parsed("use super::*;")?, code].into_iter().collect();
    let tests = Group::new(Delimiter::Brace, tests);
    Ok([
        function.of_both.clone(),
        parsed(allowed)?,
        function.code,
        function.of_both.clone(),
        parsed(&format!("#[cfg(not(target_arch = \"wasm32\"))] mod {name}"))?,
        TokenTree::Group(tests).into(),
        function.of_both,
        parsed(&format!(
            "#[cfg(target_arch = \"wasm32\")]
            const _: ::core::marker::PhantomData<{filter}> = ::core::marker::PhantomData;"
        ))?,
    ]
    .into_iter()
    .collect())
}

fn parsed(code: &str) -> Result<TokenStream, (&'static str, Span)> {
    code.parse()
        .map_err(|_| ("this is no type", Span::call_site()))
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

// === impl Function ===

impl Function {
    // Attributes come first.
    fn read(tokens: &TokenStream) -> Result<Self, (&'static str, Span)> {
        let name = name(tokens).ok_or(("this is no function", Span::call_site()))?;
        let mut function = Self {
            name,
            ..Self::default()
        };
        let mut tokens = tokens.clone().into_iter().peekable();
        while let Some(mark) =
            tokens.next_if(|token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == '#'))
        {
            let attribute = tokens.next();
            let place = match &attribute {
                Some(TokenTree::Group(attribute)) => Place::of(attribute.stream()),
                _ => Place::Function,
            };
            let to = match place {
                Place::Tests => &mut function.of_tests,
                Place::Both => &mut function.of_both,
                Place::Function => &mut function.code,
            };
            to.extend([mark].into_iter().chain(attribute));
        }
        function.code.extend(tokens);
        Ok(function)
    }
}

// === impl Place ===

impl Place {
    // Where an attribute belongs, without its brackets. One under a condition belongs where it does without.
    fn of(attribute: TokenStream) -> Self {
        let mut tokens = attribute.into_iter();
        let name = tokens.next().map(|name| name.to_string());
        match (name.as_deref(), tokens.next()) {
            (Some("ignore" | "should_panic"), _) => Self::Tests,
            (Some("cfg"), _) => Self::Both,
            (Some("cfg_attr"), Some(TokenTree::Group(group))) => {
                let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
                let parts = tokens.split(|token| token.to_string() == ",").skip(1);
                let mut places = parts.map(|part| Self::of(part.iter().cloned().collect()));
                places.next().unwrap_or(Self::Function)
            }
            _ => Self::Function,
        }
    }
}
