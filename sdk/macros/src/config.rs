//! What `#[meshwright::config]` stands for.

use proc_macro::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};

use crate::exports::error;

// A schema is for people and their editors, not for modules.
const DERIVES: &str = r#"
    #[derive(::meshwright::__private::serde::Deserialize)]
    #[serde(crate = "::meshwright::__private::serde", deny_unknown_fields)]
    #[cfg_attr(
        not(target_arch = "wasm32"),
        derive(::meshwright::__private::schemars::JsonSchema),
        schemars(crate = "::meshwright::__private::schemars")
    )]
"#;

pub(crate) fn write(arguments: TokenStream, item: TokenStream) -> TokenStream {
    if let Some(argument) = arguments.into_iter().next() {
        return error(
            "`#[meshwright::config]` takes no arguments",
            argument.span(),
        );
    }
    let derives: TokenStream = DERIVES.parse().unwrap_or_default();
    [derives, natively(item)].into_iter().collect()
}

// `#[schemars(..)]` is known only where its derive is: each becomes `#[cfg_attr(not(target_arch = "wasm32"), schemars(..))]`.
fn natively(tokens: TokenStream) -> TokenStream {
    let mut follows_hash = false;
    let rewritten = tokens.into_iter().map(|token| {
        let is_attribute = follows_hash;
        follows_hash = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#');
        match token {
            TokenTree::Group(group) => TokenTree::Group(rewritten(&group, is_attribute)),
            other => other,
        }
    });
    rewritten.collect()
}

fn rewritten(group: &Group, is_attribute: bool) -> Group {
    let first = group.stream().into_iter().next();
    let is_schemars = first.is_some_and(|first| first.to_string() == "schemars");
    let stream = match is_attribute && is_schemars {
        true => conditional(group.stream()),
        false => natively(group.stream()),
    };
    let mut rewritten = Group::new(group.delimiter(), stream);
    rewritten.set_span(group.span());
    rewritten
}

fn conditional(attribute: TokenStream) -> TokenStream {
    let condition: TokenStream = "not(target_arch = \"wasm32\")".parse().unwrap_or_default();
    let comma = TokenTree::Punct(Punct::new(',', Spacing::Alone));
    let inside = condition.into_iter().chain([comma]).chain(attribute);
    let name = TokenTree::Ident(Ident::new("cfg_attr", Span::call_site()));
    let group = Group::new(Delimiter::Parenthesis, inside.collect());
    [name, TokenTree::Group(group)].into_iter().collect()
}
