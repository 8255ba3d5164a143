//! What each verb does, and how it answers: `<status> <value>`.

use std::rc::Rc;

use meshwright_core::Headers;

use crate::abi::{self, Returned};
use crate::arguments;
use crate::context::Context;
use crate::contexts::{self, Token};
use crate::memory::{self, Mode};
use crate::outcome::Outcome;
use crate::script::Command;
use crate::stage::{Moment, buffer_of, map_of};
use crate::text::{Detail, joined, shown};
use crate::{hostcalls, traps, version, vm};

/// Runs a command on behalf of the context whose script it is in.
pub(crate) fn run(command: &Command, moment: Moment, owner: &Rc<Context>) -> String {
    let returned = of_headers(command)
        .or_else(|| of_bodies(command, moment))
        .or_else(|| of_streams(command))
        .or_else(|| of_the_module(command));
    let answer = match returned {
        Some(Ok(bytes)) => Some(format!("0 {}", shown(&bytes, detail(command, owner)))),
        Some(Err(status)) => Some(status.to_string()),
        None => of_hostcalls(command, owner),
    };
    answer.unwrap_or_else(|| "0 no such verb".to_owned())
}

// The older shorthands tell the client everything.
fn detail(command: &Command, owner: &Context) -> Detail {
    let is_newer = matches!(command.verb.as_str(), "dump" | "dumpsorted" | "propmap");
    match owner.is_told() && !is_newer {
        true => Detail::Whole,
        false => command.detail,
    }
}

/// Whether the body that a command is about has its first argument in it.
pub(crate) fn body_contains(command: &Command) -> bool {
    let body = abi::buffer(buffer(command), 0, u32::MAX).unwrap_or_default();
    let wanted = command.bytes(0);
    wanted.is_empty() || body.windows(wanted.len()).any(|window| window == wanted)
}

fn map(command: &Command) -> u32 {
    command.map.unwrap_or_else(|| map_of(command.stage))
}

fn buffer(command: &Command) -> u32 {
    command.map.unwrap_or_else(|| buffer_of(command.stage))
}

fn status(status: u32) -> Returned {
    if status == 0 {
        Ok(Vec::new())
    } else {
        Err(status)
    }
}

fn text(text: &impl ToString) -> Returned {
    Ok(text.to_string().into_bytes())
}

fn of_headers(command: &Command) -> Option<Returned> {
    let map = map(command);
    let (name, value) = (command.bytes(0), command.bytes(1));
    Some(match command.verb.as_str() {
        "get" => abi::get(map, &name),
        "all" => all(map, &name),
        "names" => headers(map).map(|it| joined_names(&it)),
        "dump" => headers(map).map(|it| joined(it.iter())),
        "dumpsorted" => headers(map).map(|it| joined_sorted(&it)),
        "size" => abi::map_size(map).and_then(|size| text(&size)),
        "add" => status(abi::add(map, &name, &value)),
        "set" => status(abi::replace(map, &name, &value)),
        "del" => status(abi::remove(map, &name)),
        "pairs" => status(abi::set_pairs(map, &command.pairs_from(0))),
        _ => return None,
    })
}

fn of_bodies(command: &Command, moment: Moment) -> Option<Returned> {
    let buffer = buffer(command);
    Some(match command.verb.as_str() {
        "chunk" => text(&format!("{} {}", moment.count, u32::from(moment.end))),
        "read" => {
            let start = command.number(0).map_or(0, arguments::word);
            abi::buffer(buffer, start, command.count(1))
        }
        "put" => {
            let data = command.bytes(2);
            let (start, len) = (command.count(0), command.count(1));
            status(abi::set_buffer(buffer, start, len, &data))
        }
        "grow" => {
            let data = vec![b'x'; command.count(0) as usize];
            status(abi::set_buffer(buffer, 0, u32::MAX, &data))
        }
        _ => return None,
    })
}

fn of_streams(command: &Command) -> Option<Returned> {
    let path = || arguments::path(command.word(0));
    Some(match command.verb.as_str() {
        "prop" => abi::property(&path()).bytes(),
        "propmap" => abi::property(&path())
            .bytes()
            .map(|pairs| joined_sorted(&Headers::from_pairs(pairs).unwrap_or_default())),
        "state" => status(abi::set_property(&path(), &command.bytes(1))),
        "call" => abi::foreign(&command.bytes(0), &command.bytes(1)),
        "reply" => status(abi::reply(
            command.count(0),
            &command.bytes(2),
            &command.bytes(1),
            &command.pairs_from(4),
            command.number(3).unwrap_or(-1),
        )),
        _ => return None,
    })
}

fn of_the_module(command: &Command) -> Option<Returned> {
    let mode = |on| {
        memory::set_mode(if command.word(0) == "off" {
            Mode::Allocate
        } else {
            on
        });
        Ok(Vec::new())
    };
    Some(match command.verb.as_str() {
        "note" | "if" => Ok(Vec::new()),
        "count" => text(&vm::count(&command.text)),
        "keep" => {
            vm::keep(command.word(0));
            Ok(Vec::new())
        }
        "memgrow" => text(&memory::grow(command.count(0))),
        "mallocfail" => mode(Mode::Fail),
        "malloctrap" => mode(Mode::Trap),
        "mallocall" => mode(Mode::Call),
        "trap" | "unreachable" => traps::unreachable(),
        "spin" => traps::spin(),
        "overflow" if command.word(0) == "engine" => text(&traps::overflow_engine(0)),
        "overflow" => text(&traps::overflow(0)),
        _ => return None,
    })
}

fn of_hostcalls(command: &Command, owner: &Rc<Context>) -> Option<String> {
    let stream = || command.number(0).unwrap_or(0);
    let outcome = match command.verb.as_str() {
        "effl" => abi::set_effective_context(vm::variable("stream").0),
        "cont" => version::go_on(stream())?,
        "close" => version::close(stream())?,
        "getp" => abi::property(&arguments::path(command.word(0))),
        verb => raw(verb, command, owner)?,
    };
    outcome.remember();
    Some(outcome.shown(command.detail))
}

// The words fill what goes in; those that are left are where outs shall be.
fn raw(verb: &str, command: &Command, owner: &Rc<Context>) -> Option<Outcome> {
    let call = hostcalls::find(verb)?;
    let mut words = command.words.iter().map(String::as_str);
    let takes = call.takes.iter().filter(|kind| kind.is_input());
    let inputs = takes.filter_map(|kind| kind.input(words.next().unwrap_or_default()));
    let inputs = inputs.collect();
    let pointers = words.map(|word| arguments::region(word).map(|(pointer, _)| pointer));
    let outcome = call.invoke(inputs, pointers.collect());
    remember_owner(call.name, &outcome, owner);
    Some(outcome)
}

// So that a root which is told of it later knows whose script goes on.
fn remember_owner(name: &str, outcome: &Outcome, owner: &Rc<Context>) {
    let kind = match name {
        "proxy_http_call" | "proxy_grpc_call" | "proxy_grpc_stream" => Token::Callout,
        "proxy_register_shared_queue" => Token::Queue,
        "envoy_resolve_dns" => Token::Name,
        "proxy_set_tick_period_milliseconds" => {
            let root = contexts::get(contexts::get(vm::running().context).root);
            root.ticker.replace(Some(Rc::clone(owner)));
            return;
        }
        _ => return,
    };
    if let Ok(token) = outcome.number() {
        contexts::asked(kind, token, owner);
    }
}

fn all(map: u32, name: &[u8]) -> Returned {
    let pairs = headers(map)?;
    let values = pairs
        .iter()
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value);
    Ok(values.collect::<Vec<_>>().join(&b'|'))
}

fn headers(map: u32) -> Result<Headers, u32> {
    Ok(Headers::from_pairs(abi::pairs(map)?).unwrap_or_default())
}

fn joined_names(headers: &Headers) -> Vec<u8> {
    let names = headers.iter().map(|(name, _)| name);
    names.collect::<Vec<_>>().join(&b' ')
}

fn joined_sorted(headers: &Headers) -> Vec<u8> {
    let mut pairs: Vec<_> = headers.iter().collect();
    pairs.sort_unstable();
    joined(pairs.into_iter())
}
