//! The header changes of a verdict, none of them needless: each costs a hostcall and clears the proxy's route cache.

use std::collections::BTreeSet;

use meshwright_core::{HeaderEdit, RequestHead};

use crate::location::Location;
use crate::query;
use crate::rule::{Accepted, Rule};

/// Takes out every header that a rule may write and this request brought along (rule J48).
pub(crate) fn sanitise(names: &BTreeSet<String>, head: &RequestHead) -> Vec<HeaderEdit> {
    let brought = names.iter().filter(|name| head.header(name).is_some());
    brought.cloned().map(HeaderEdit::Remove).collect()
}

/// Sanitises, removes the tokens, and writes the outputs of `rule`.
pub(crate) fn outputs(
    names: &BTreeSet<String>,
    rule: &Rule,
    accepted: &[Accepted<'_>],
    head: &RequestHead,
) -> Vec<HeaderEdit> {
    let written = write_headers(rule, accepted);
    let mut edits = sanitise(names, head);
    // Setting a header replaces what was there.
    edits.retain(|edit| !written.iter().any(|other| name(other) == name(edit)));
    if !rule.forwards_token() {
        edits.extend(remove_tokens(accepted, head));
    }
    edits.extend(written);
    edits
}

/// One value sets the header, later ones are appended: Envoy adds those of every token (rules J16, J46).
fn write_headers(rule: &Rule, accepted: &[Accepted<'_>]) -> Vec<HeaderEdit> {
    let mut edits: Vec<HeaderEdit> = Vec::new();
    for (header, value) in accepted
        .iter()
        .flat_map(|accepted| rule.outputs().headers(&accepted.token))
    {
        let is_first = !edits.iter().any(|edit| name(edit) == header);
        edits.push(match is_first {
            true => HeaderEdit::Set(header, value),
            false => HeaderEdit::Append(header, value),
        });
    }
    edits
}

/// Rule J17: all values of a token's header, all parameters of its name; a cookie stays.
fn remove_tokens(accepted: &[Accepted<'_>], head: &RequestHead) -> Vec<HeaderEdit> {
    let mut headers: BTreeSet<&str> = BTreeSet::new();
    let mut path = None;
    for accepted in accepted {
        match accepted.location {
            Location::Header { name, .. } => {
                headers.insert(name);
            }
            Location::Param(name) => {
                let rest = path
                    .as_deref()
                    .or(head.path_and_query())
                    .unwrap_or_default();
                path = Some(query::without(rest, name));
            }
            Location::Cookie(_) => {}
        }
    }
    let removed = headers
        .into_iter()
        .map(|name| HeaderEdit::Remove(name.to_owned()));
    removed
        .chain(path.map(|path| HeaderEdit::Set(":path".to_owned(), path)))
        .collect()
}

fn name(edit: &HeaderEdit) -> &str {
    match edit {
        HeaderEdit::Set(name, _) | HeaderEdit::Append(name, _) | HeaderEdit::Remove(name) => name,
    }
}
