//! From a filter's type and what is listed for it to the callbacks that its module exports.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proc_macro::{Group, Spacing, Span, TokenStream, TokenTree};

/// What can be listed, and the callbacks that it needs.
const LISTED: [(&str, &[Callback]); 8] = [
    ("OnRequest", &[REQUEST_HEADERS]),
    ("OnResponse", &[RESPONSE_HEADERS, DELETE]),
    ("OnLog", &[LOG, DELETE]),
    ("RequestBody", &[REQUEST_BODY, REQUEST_TRAILERS, DELETE]),
    ("ResponseBody", &[RESPONSE_BODY, RESPONSE_TRAILERS, DELETE]),
    ("Response", &[AWAITED_RESPONSE_HEADERS, DELETE]),
    ("Callouts", &[HTTP_CALL_RESPONSE, DELETE]),
    ("Timers", &[TICK, DELETE]),
];

/// What stands in the code for the two.
const KRATE: &str = "KRATE";
const FILTER: &str = "FILTER";

/// Its name, without `proxy_on_`; its parameters' names; whether it returns something; the function that does it.
type Callback = (&'static str, &'static str, bool, &'static str);

const CONTEXT_CREATE: Callback = ("context_create", "ab", false, "context_create::<Plugin>");
const CONFIGURE: Callback = ("configure", "ab", true, "configure::<Plugin>");
const REQUEST_HEADERS: Callback = ("request_headers", "abc", true, "request_headers::<Plugin>");
const REQUEST_BODY: Callback = ("request_body", "abc", true, "request_body");
const REQUEST_TRAILERS: Callback = ("request_trailers", "ab", true, "request_trailers");
const RESPONSE_HEADERS: Callback = (
    "response_headers",
    "abc",
    true,
    "response_headers::<Plugin>",
);
const AWAITED_RESPONSE_HEADERS: Callback =
    ("response_headers", "abc", true, "awaited_response_headers");
const RESPONSE_BODY: Callback = ("response_body", "abc", true, "response_body");
const RESPONSE_TRAILERS: Callback = ("response_trailers", "ab", true, "response_trailers");
const HTTP_CALL_RESPONSE: Callback = ("http_call_response", "abcde", false, "http_call_response");
const TICK: Callback = ("tick", "a", false, "tick");
const LOG: Callback = ("log", "a", false, "log::<Plugin>");
const DELETE: Callback = ("delete", "a", false, "delete::<Plugin>");

/// What `main!` was given.
struct Input {
    /// `$crate`, which only as a token means what it means.
    krate: TokenStream,
    filter: TokenStream,
    listed: Vec<&'static (&'static str, &'static [Callback])>,
}

pub(crate) fn write(input: TokenStream) -> TokenStream {
    let input = match read(input) {
        Ok(input) => input,
        Err((message, span)) => return error(&message, span),
    };
    let code: TokenStream = input.code().parse().unwrap_or_default();
    input.fill(code)
}

fn read(input: TokenStream) -> Result<Input, (String, Span)> {
    let mut tokens = input.into_iter();
    let krate = match tokens.next() {
        Some(TokenTree::Group(group)) => group.stream(),
        _ => return Err(("call `meshwright::main!`".to_owned(), Span::call_site())),
    };
    let tokens: Vec<TokenTree> = tokens.collect();
    let colon = tokens
        .iter()
        .enumerate()
        .position(|(at, _)| is_colon(&tokens, at));
    let (filter, listed) = tokens.split_at(colon.unwrap_or(tokens.len()));
    Ok(Input {
        krate,
        filter: filter.iter().cloned().collect(),
        listed: names(listed.get(1..).unwrap_or_default())?,
    })
}

// One that is no part of a path's `::`.
fn is_colon(tokens: &[TokenTree], at: usize) -> bool {
    let is = |at: Option<usize>, spacing: Option<Spacing>| {
        let token = at.and_then(|at| tokens.get(at));
        matches!(token, Some(TokenTree::Punct(it)) if it.as_char() == ':' && spacing.is_none_or(|spacing| it.spacing() == spacing))
    };
    is(Some(at), Some(Spacing::Alone)) && !is(at.checked_sub(1), Some(Spacing::Joint))
}

fn names(
    tokens: &[TokenTree],
) -> Result<Vec<&'static (&'static str, &'static [Callback])>, (String, Span)> {
    let mut listed = Vec::new();
    for token in tokens {
        let name = token.to_string();
        if name == "," {
            continue;
        }
        let found = LISTED.iter().find(|(known, _)| *known == name);
        listed.push(found.ok_or_else(|| (unknown(&name), token.span()))?);
    }
    if listed.is_empty() {
        let message = format!(
            "say what the proxy is to call, as in `main!(MyFilter: OnRequest)`; {}",
            choice()
        );
        return Err((message, Span::call_site()));
    }
    Ok(listed)
}

fn unknown(name: &str) -> String {
    format!("`{name}` cannot be listed; {}", choice())
}

fn choice() -> String {
    let names: Vec<&str> = LISTED.iter().map(|(name, _)| *name).collect();
    format!("there are {}", names.join(", "))
}

pub(crate) fn error(message: &str, span: Span) -> TokenStream {
    let code = format!("::core::compile_error!({message:?});");
    let tokens: TokenStream = code.parse().unwrap_or_default();
    let located = tokens.into_iter().map(|mut token| {
        token.set_span(span);
        token
    });
    located.collect()
}

// === impl Input ===

impl Input {
    // Puts the tokens that were given in their places.
    fn fill(&self, code: TokenStream) -> TokenStream {
        code.into_iter()
            .flat_map(|token| match token {
                TokenTree::Ident(name) if name.to_string() == KRATE => self.krate.clone(),
                TokenTree::Ident(name) if name.to_string() == FILTER => self.filter.clone(),
                TokenTree::Group(group) => {
                    let filled = self.fill(group.stream());
                    TokenTree::Group(Group::new(group.delimiter(), filled)).into()
                }
                token => token.into(),
            })
            .collect()
    }

    fn code(&self) -> String {
        let mut code = String::new();
        for (name, _) in &self.listed {
            let _ = write!(code, "impl KRATE::listed::{name} for FILTER {{}}");
        }
        let (table, exports) = (self.table(), self.exports());
        let _ = write!(
            code,
            "impl KRATE::Plugin for FILTER {{ const CALLBACKS: KRATE::__private::Callbacks = {{
                type Plugin = FILTER;
                {table}
            }};

            fn plugins<T>(what: impl FnOnce(&KRATE::__private::Plugins<Self>) -> T) -> T {{
                ::std::thread_local! {{
                    static PLUGINS: KRATE::__private::Plugins<FILTER> = const {{
                        KRATE::__private::Plugins::new()
                    }};
                }}
                PLUGINS.with(what)
            }} }}
            #[cfg(not(target_arch = \"wasm32\"))]
            const _: KRATE::__private::Callbacks = <FILTER as KRATE::Plugin>::CALLBACKS;
            #[cfg(target_arch = \"wasm32\")]
            #[allow(unsafe_code, reason = \"an export's name is a promise to the linker\")]
            const _: () = {{
                type Plugin = FILTER;
                {exports}
            }};"
        );
        code
    }

    // One callback of a name: a handler of responses waits for them too.
    fn callbacks(&self) -> BTreeMap<&'static str, Callback> {
        let always = [CONTEXT_CREATE, CONFIGURE].map(|callback| (callback.0, callback));
        let mut callbacks = BTreeMap::from(always);
        for (name, of) in &self.listed {
            for callback in *of {
                let is_first = !callbacks.contains_key(callback.0);
                if is_first || *name == "OnResponse" {
                    callbacks.insert(callback.0, *callback);
                }
            }
        }
        callbacks
    }

    fn table(&self) -> String {
        let mut fields = String::new();
        for (name, _, _, function) in self.callbacks().values() {
            let _ = write!(fields, "{name}: Some(KRATE::__private::{function}), ");
        }
        format!("KRATE::__private::Callbacks {{ {fields} ..KRATE::__private::NO_CALLBACKS }}")
    }

    fn exports(&self) -> String {
        let mut code = format!(
            "#[unsafe(no_mangle)] extern \"C\" fn _initialize() {{ KRATE::__private::initialize() }}
            #[unsafe(no_mangle)] extern \"C\" fn proxy_abi_version_0_2_1() {{}}
            #[unsafe(no_mangle)] extern \"C\" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {{
                KRATE::__private::allocate(size)
            }}"
        );
        for (name, parameters, returns, function) in self.callbacks().values() {
            let typed: String = parameters
                .chars()
                .map(|it| format!("{it}: u32, "))
                .collect();
            let names: String = parameters.chars().map(|it| format!("{it}, ")).collect();
            let result = if *returns { "-> u32" } else { "" };
            let _ = write!(
                code,
                "#[unsafe(no_mangle)] extern \"C\" fn proxy_on_{name}({typed}) {result} {{
                    KRATE::__private::{function}({names})
                }}"
            );
        }
        code
    }
}
