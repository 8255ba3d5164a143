//! What an expression may use: the functions of Envoy's expression builder, and of its meaning what the `cel` crate does
//! likewise.

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, operators};

/// Functions that stand before their arguments, by the number of these.
const GLOBAL: [(&str, usize); 11] = [
    ("bytes", 1),
    ("double", 1),
    ("duration", 1),
    ("dyn", 1),
    ("int", 1),
    ("matches", 2),
    ("size", 1),
    ("string", 1),
    ("timestamp", 1),
    ("type", 1),
    ("uint", 1),
];

/// Functions of a value, by the number of arguments.
const OF_A_VALUE: [(&str, usize); 5] = [
    ("contains", 1),
    ("endsWith", 1),
    ("matches", 1),
    ("size", 0),
    ("startsWith", 1),
];

/// Functions of a timestamp, which take a time zone, or of a duration.
const OF_A_TIME: [&str; 10] = [
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
];

/// Attributes that are maps or messages, of which this library does not know whether two are equal.
const MAPS: [&[&str]; 5] = [
    &["request", "headers"],
    &["response", "headers"],
    &["response", "trailers"],
    &["upstream", "locality"],
    &["xds", "node"],
];

/// Looks at every call. `Err(None)` is what Envoy refuses as well, `Err(Some)` says what is different here.
pub(super) fn calls(expression: &IdedExpr) -> Result<(), Option<String>> {
    match &expression.expr {
        Expr::Call(call) => {
            exists(call)?;
            compares(call)?;
            if let Some(target) = &call.target {
                calls(target)?;
            }
            call.args.iter().try_for_each(calls)
        }
        Expr::Select(select) => {
            if select.test && is_message(&path(&select.operand)) {
                let text = "`has` of a field of a message is true here even where the field has its default";
                return Err(Some(text.to_owned()));
            }
            calls(&select.operand)
        }
        Expr::Comprehension(it) => {
            let parts = [
                &it.iter_range,
                &it.accu_init,
                &it.loop_cond,
                &it.loop_step,
                &it.result,
            ];
            parts.into_iter().try_for_each(calls)
        }
        Expr::List(list) => list.elements.iter().try_for_each(calls),
        Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
            EntryExpr::MapEntry(entry) => calls(&entry.key).and_then(|()| calls(&entry.value)),
            EntryExpr::StructField(field) => calls(&field.value),
        }),
        Expr::Struct(_) => Err(Some("messages cannot be made here".to_owned())),
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Ok(()),
    }
}

fn exists(call: &CallExpr) -> Result<(), Option<String>> {
    let (name, count) = (call.func_name.as_str(), call.args.len());
    match (name, &call.target) {
        ("bool", None) if count == 1 => {
            return Err(Some("there is no conversion to `bool` here".to_owned()));
        }
        ("getMilliseconds", Some(target)) if !is_time(target) => {
            let text = "`getMilliseconds` of a duration counts its seconds too here";
            return Err(Some(text.to_owned()));
        }
        _ => {}
    }
    let is_operator = name.starts_with(['_', '!', '-', '@']);
    let exists = match call.target {
        None => is_operator || GLOBAL.contains(&(name, count)),
        Some(_) => OF_A_VALUE.contains(&(name, count)) || (OF_A_TIME.contains(&name) && count <= 1),
    };
    if exists { Ok(()) } else { Err(None) }
}

fn is_time(expression: &IdedExpr) -> bool {
    match &expression.expr {
        Expr::Call(call) => call.func_name == "timestamp",
        _ => path(expression) == ["request", "time"],
    }
}

// Maps and messages have no equality here.
fn compares(call: &CallExpr) -> Result<(), Option<String>> {
    let compares = matches!(
        call.func_name.as_str(),
        operators::EQUALS | operators::NOT_EQUALS
    );
    if compares && call.args.iter().any(|side| is_map(&path(side))) {
        let text = "attributes that are maps or messages cannot be compared here";
        return Err(Some(text.to_owned()));
    }
    Ok(())
}

fn is_map(path: &[&str]) -> bool {
    path.len() == 1 && is_family(path) || is_message(path) || MAPS.contains(&path)
}

fn is_family(path: &[&str]) -> bool {
    let families = [
        "request",
        "response",
        "connection",
        "source",
        "destination",
        "upstream",
        "xds",
        "filter_state",
        "upstream_filter_state",
    ];
    path.first().is_some_and(|name| families.contains(name))
}

fn is_message(path: &[&str]) -> bool {
    match path {
        ["metadata", ..] | ["upstream", "locality"] | ["xds", "node"] => true,
        ["xds", name, ..] => name.ends_with("_metadata"),
        _ => false,
    }
}

/// The names of `a.b.c`; nothing for what is no such path.
fn path(expression: &IdedExpr) -> Vec<&str> {
    match &expression.expr {
        Expr::Ident(name) => vec![name],
        Expr::Select(select) => {
            let mut names = path(&select.operand);
            if !names.is_empty() {
                names.push(&select.field);
            }
            names
        }
        _ => Vec::new(),
    }
}
