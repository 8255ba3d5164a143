//! From a filter's type and what is listed for it to the callbacks that its module exports.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proc_macro::{Group, Spacing, Span, TokenStream, TokenTree};

/// A callback of the ABI.
struct Callback {
    /// Without `proxy_on_`.
    name: &'static str,
    /// How many `u32`s it takes.
    parameters: usize,
    returns: bool,
    /// What does it; `Plugin` is the filter's type.
    function: &'static str,
}

/// What can be listed, and the callbacks that it needs: a handler that waits can be woken by another one, and goes on in a tick.
struct Capability {
    name: &'static str,
    callbacks: &'static [&'static Callback],
}

/// What `main!` was given.
struct Input {
    /// `$crate`, which only as a token means what it means.
    krate: TokenStream,
    filter: TokenStream,
    listed: Vec<&'static Capability>,
}

/// A message and what it is about.
pub(crate) type Error = (String, Span);

/// What stands in the code for the crate and the filter.
const KRATE: &str = "KRATE";
const FILTER: &str = "FILTER";

const fn callback(
    name: &'static str,
    parameters: usize,
    returns: bool,
    function: &'static str,
) -> Callback {
    Callback {
        name,
        parameters,
        returns,
        function,
    }
}

const CONTEXT_CREATE: Callback = callback("context_create", 2, false, "context_create::<Plugin>");
const CONFIGURE: Callback = callback("configure", 2, true, "configure::<Plugin>");
const REQUEST_HEADERS: Callback = callback("request_headers", 3, true, "request_headers::<Plugin>");
const REQUEST_BODY: Callback = callback("request_body", 3, true, "request_body");
const REQUEST_TRAILERS: Callback = callback("request_trailers", 2, true, "request_trailers");
const RESPONSE_HEADERS: Callback =
    callback("response_headers", 3, true, "response_headers::<Plugin>");
const AWAITED_RESPONSE_HEADERS: Callback =
    callback("response_headers", 3, true, "awaited_response_headers");
const RESPONSE_BODY: Callback = callback("response_body", 3, true, "response_body");
const RESPONSE_TRAILERS: Callback = callback("response_trailers", 2, true, "response_trailers");
const CONFIGURE_AND_START: Callback =
    callback("configure", 2, true, "configure_and_start::<Plugin>");
const NEW_CONNECTION: Callback = callback("new_connection", 1, true, "new_connection::<Plugin>");
const DOWNSTREAM_DATA: Callback = callback("downstream_data", 3, true, "downstream_data");
const UPSTREAM_DATA: Callback = callback("upstream_data", 3, true, "upstream_data");
const GRPC_RECEIVE: Callback = callback("grpc_receive", 3, false, "grpc_receive");
const GRPC_CLOSE: Callback = callback("grpc_close", 3, false, "grpc_close");
const QUEUE_READY: Callback = callback("queue_ready", 2, false, "queue_ready");
const HTTP_CALL_RESPONSE: Callback = callback("http_call_response", 5, false, "http_call_response");
const TICK: Callback = callback("tick", 1, false, "tick");
const LOG: Callback = callback("log", 1, false, "log::<Plugin>");
const DELETE: Callback = callback("delete", 1, false, "delete::<Plugin>");

const fn capability(name: &'static str, callbacks: &'static [&'static Callback]) -> Capability {
    Capability { name, callbacks }
}

const CAPABILITIES: [Capability; 12] = [
    capability("OnRequest", &[&REQUEST_HEADERS]),
    capability("OnResponse", &[&RESPONSE_HEADERS, &TICK, &DELETE]),
    capability("OnLog", &[&LOG, &DELETE]),
    capability(
        "OnConnection",
        &[
            &NEW_CONNECTION,
            &DOWNSTREAM_DATA,
            &UPSTREAM_DATA,
            &TICK,
            &DELETE,
        ],
    ),
    capability("OnStart", &[&CONFIGURE_AND_START, &TICK, &DELETE]),
    capability(
        "RequestBody",
        &[&REQUEST_BODY, &REQUEST_TRAILERS, &TICK, &DELETE],
    ),
    capability(
        "ResponseBody",
        &[&RESPONSE_BODY, &RESPONSE_TRAILERS, &TICK, &DELETE],
    ),
    capability("Response", &[&AWAITED_RESPONSE_HEADERS, &TICK, &DELETE]),
    capability("Callouts", &[&HTTP_CALL_RESPONSE, &TICK, &DELETE]),
    capability("Grpc", &[&GRPC_RECEIVE, &GRPC_CLOSE, &TICK, &DELETE]),
    capability("Queues", &[&QUEUE_READY, &TICK, &DELETE]),
    capability("Timers", &[&TICK, &DELETE]),
];

pub(crate) fn write(input: TokenStream) -> TokenStream {
    match read(input) {
        Ok(input) => input.fill(input.code().parse().unwrap_or_default()),
        Err((message, span)) => error(&message, span),
    }
}

fn read(input: TokenStream) -> Result<Input, Error> {
    let mut tokens = input.into_iter();
    let krate = match tokens.next() {
        Some(TokenTree::Group(group)) => group.stream(),
        _ => return Err(("call `meshwright::main!`".to_owned(), Span::call_site())),
    };
    let tokens: Vec<TokenTree> = tokens.collect();
    let colon = (0..tokens.len()).find(|at| is_colon(&tokens, *at));
    let (filter, listed) = tokens.split_at(colon.unwrap_or(tokens.len()));
    Ok(Input {
        krate,
        filter: filter.iter().cloned().collect(),
        listed: capabilities(listed.get(1..).unwrap_or_default())?,
    })
}

// One that is no part of a path's `::`.
fn is_colon(tokens: &[TokenTree], at: usize) -> bool {
    let spacing = |at: Option<usize>| match tokens.get(at?)? {
        TokenTree::Punct(mark) if mark.as_char() == ':' => Some(mark.spacing()),
        _ => None,
    };
    spacing(Some(at)) == Some(Spacing::Alone) && spacing(at.checked_sub(1)) != Some(Spacing::Joint)
}

fn capabilities(tokens: &[TokenTree]) -> Result<Vec<&'static Capability>, Error> {
    let mut listed = Vec::new();
    for token in tokens {
        let name = token.to_string();
        if name == "," {
            continue;
        }
        let found = CAPABILITIES.iter().find(|known| known.name == name);
        let unknown = || {
            (
                format!("`{name}` cannot be listed; {}", choice()),
                token.span(),
            )
        };
        listed.push(found.ok_or_else(unknown)?);
    }
    if listed.is_empty() {
        let how = "say what the proxy is to call, as in `main!(MyFilter: OnRequest)`";
        return Err((format!("{how}; {}", choice()), Span::call_site()));
    }
    Ok(listed)
}

fn choice() -> String {
    format!(
        "there are {}",
        CAPABILITIES.map(|known| known.name).join(", ")
    )
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
        let filled = code.into_iter().flat_map(|token| match token {
            TokenTree::Ident(name) if name.to_string() == KRATE => self.krate.clone(),
            TokenTree::Ident(name) if name.to_string() == FILTER => self.filter.clone(),
            TokenTree::Group(group) => {
                let filled = self.fill(group.stream());
                TokenTree::Group(Group::new(group.delimiter(), filled)).into()
            }
            token => token.into(),
        });
        filled.collect()
    }

    fn code(&self) -> String {
        let listed = self.listed.iter();
        let listed = listed.map(|it| format!("impl KRATE::listed::{} for FILTER {{}}", it.name));
        let (listed, table, exports) = (listed.collect::<String>(), self.table(), self.exports());
        format!(
            "{listed}
            impl KRATE::Plugin for FILTER {{
                const CALLBACKS: KRATE::__private::Callbacks = {{
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
                }}
            }}
            #[cfg(not(target_arch = \"wasm32\"))]
            const _: KRATE::__private::Callbacks = <FILTER as KRATE::Plugin>::CALLBACKS;
            #[cfg(target_arch = \"wasm32\")]
            #[allow(unsafe_code, reason = \"an export's name is a promise to the linker\")]
            const _: () = {{
                type Plugin = FILTER;
                {exports}
            }};"
        )
    }

    // One of each name: a handler of responses waits for them too.
    fn callbacks(&self) -> BTreeMap<&'static str, &'static Callback> {
        let mut callbacks = BTreeMap::new();
        let listed = self
            .listed
            .iter()
            .flat_map(|capability| capability.callbacks);
        for callback in [&CONTEXT_CREATE, &CONFIGURE]
            .into_iter()
            .chain(listed.copied())
        {
            let is_handler = callback.function.ends_with("<Plugin>");
            if is_handler || !callbacks.contains_key(callback.name) {
                callbacks.insert(callback.name, callback);
            }
        }
        callbacks
    }

    fn table(&self) -> String {
        let callbacks = self.callbacks();
        let fields = callbacks
            .values()
            .map(|it| format!("{}: Some(KRATE::__private::{}), ", it.name, it.function));
        let fields: String = fields.collect();
        format!("KRATE::__private::Callbacks {{ {fields} ..KRATE::__private::NO_CALLBACKS }}")
    }

    fn exports(&self) -> String {
        let mut code = "
            #[unsafe(no_mangle)] extern \"C\" fn _initialize() { KRATE::__private::initialize() }
            #[unsafe(no_mangle)] extern \"C\" fn proxy_abi_version_0_2_1() {}
            #[unsafe(no_mangle)] extern \"C\" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
                KRATE::__private::allocate(size)
            }"
        .to_owned();
        for callback in self.callbacks().into_values() {
            code.push_str(&callback.export());
        }
        code
    }
}

// === impl Callback ===

impl Callback {
    fn export(&self) -> String {
        let names: Vec<String> = (0..self.parameters).map(|it| format!("p{it}")).collect();
        let result = if self.returns { "-> u32" } else { "" };
        let mut typed = String::new();
        for name in &names {
            let _ = write!(typed, "{name}: u32, ");
        }
        format!(
            "#[unsafe(no_mangle)] extern \"C\" fn proxy_on_{}({typed}) {result} {{
                KRATE::__private::{}({})
            }}",
            self.name,
            self.function,
            names.join(", ")
        )
    }
}
