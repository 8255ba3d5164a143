//! A trace for people: hostcalls below their callback, statuses in one column, long values cut.

use std::fmt::Write as _;

use super::decode::Value;
use super::event::{Argument, Event, What};

/// Longer values are cut here, and their length is named.
const SHOWN: usize = 120;

/// The trace, one line for each thing and each reason.
pub(crate) fn text(events: &[Event]) -> String {
    events.iter().map(line).collect()
}

fn line(event: &Event) -> String {
    match &event.what {
        What::Callback { name, arguments } => {
            let who = format!("{} #{}", event.plugin, event.context);
            format!("{who:<16} {}({})\n", short(name), listed(arguments))
        }
        What::Hostcall {
            name,
            arguments,
            results,
            status,
            bytes,
            effective,
            why,
        } => {
            let status = status.as_deref().unwrap_or("-");
            let mut line = format!("    {status:<13}{}({})", short(name), listed(arguments));
            if !results.is_empty() {
                let _ = write!(line, " -> {}", listed(results));
            }
            if *bytes > 0 {
                let _ = write!(line, "  [{bytes} B]");
            }
            if *effective != 0 {
                let _ = write!(line, "  (as #{effective})");
            }
            line.push('\n');
            if let Some(why) = why {
                let _ = writeln!(line, "                 why: {why}");
            }
            line
        }
        What::Note { text } => format!("    !            {text}\n"),
        What::Return {
            result,
            fuel,
            micros,
            trap,
            ..
        } => ending(result.as_deref(), trap.as_deref(), (*fuel, *micros)),
    }
}

fn ending(result: Option<&str>, trap: Option<&str>, (fuel, micros): (u64, u64)) -> String {
    let cost = format!("{fuel} fuel, {micros} µs");
    match trap {
        Some(trap) => {
            let indented = trap.trim_end().replace('\n', "\n      ");
            format!("  = TRAP  ({cost})\n      {indented}\n")
        }
        None => format!("  = {}  ({cost})\n", result.unwrap_or("returned")),
    }
}

fn short(name: &str) -> &str {
    name.strip_prefix("proxy_").unwrap_or(name)
}

fn listed(arguments: &[Argument]) -> String {
    let shown = arguments.iter().map(|it| match &it.value {
        Value::Word(word) => (*word).to_owned(),
        value => format!("{} {}", it.name, shown(value)),
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn shown(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::Word(word) => (*word).to_owned(),
        Value::Bytes(bytes) => quoted(bytes),
        Value::Pairs(pairs) => {
            let pair = |(name, value): &(Vec<u8>, Vec<u8>)| {
                format!(
                    "{}: {}",
                    String::from_utf8_lossy(name).escape_debug(),
                    quoted(value)
                )
            };
            format!(
                "{{{}}}",
                pairs.iter().map(pair).collect::<Vec<_>>().join(", ")
            )
        }
        Value::Outside => "<outside the memory>".to_owned(),
        Value::Malformed => "<malformed pairs, which read as none (M3)>".to_owned(),
    }
}

// Text as it is, other bytes escaped; a number of the ABI is a number as well.
fn quoted(bytes: &[u8]) -> String {
    let cut = bytes.get(..SHOWN).unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text
            .chars()
            .take(SHOWN)
            .flat_map(char::escape_debug)
            .collect(),
        Err(_) => cut.escape_ascii().to_string(),
    };
    let note = match <[u8; 8]>::try_from(bytes) {
        Ok(number) if bytes.contains(&0) => format!(" = {}", i64::from_le_bytes(number)),
        _ => String::new(),
    };
    match bytes.len() > SHOWN {
        true => format!("\"{text}…\" ({} B)", bytes.len()),
        false => format!("\"{text}\"{note}"),
    }
}
