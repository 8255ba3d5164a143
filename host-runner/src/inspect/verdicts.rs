//! Which hosts take a module, what each lacks that it uses, and what surprises even where it loads.

use serde::Serialize;

use super::facts::Facts;
use crate::engine::{Engine, EngineOptions};
use crate::listener::ModuleFile;
use crate::profile::{Answer, Lack, Profile};

/// What one host does with a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// As `--profile` spells it.
    pub profile: &'static str,
    /// Whose host it is.
    pub title: &'static str,
    /// Whether the module loads there.
    pub loads: bool,
    /// Why not, and what it uses in vain; each a sentence.
    pub problems: Vec<String>,
    /// How the host differs from Envoy, whatever the module is.
    pub differences: Vec<&'static str>,
}

/// Something to know before it happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The rule of the host that is behind it.
    pub rule: &'static str,
    /// A sentence.
    pub text: String,
}

const PROFILES: [Profile; 4] = [
    Profile::Envoy,
    Profile::Gcp,
    Profile::NgxWasm,
    Profile::Portable,
];

/// One verdict for each host.
pub(super) fn of(module: &ModuleFile, facts: &Facts) -> anyhow::Result<Vec<Verdict>> {
    let engine = Engine::new(&EngineOptions::default())?;
    let refused = engine
        .load(module, &[])
        .err()
        .map(|error| error.why.to_string());
    Ok(PROFILES
        .iter()
        .map(|profile| verdict(*profile, refused.as_deref(), facts))
        .collect())
}

// What Envoy cannot load no other host can: they are its ABI's, and mostly its engine's.
fn verdict(profile: Profile, refused: Option<&str>, facts: &Facts) -> Verdict {
    let mut loads = refused.is_none();
    let mut problems: Vec<String> = refused.map(|why| format!("it {why}")).into_iter().collect();
    for (lack, names) in lacks(profile, facts) {
        loads &= lack.answer != Answer::Refused;
        let (why, answer) = (lack.why, lack.answer.text());
        problems.push(format!("{why}, so it {answer}: {}", names.join(", ")));
    }
    let pages = profile.max_memory().map(|bytes| bytes / 65_536);
    if let (Some(most), Some(pages)) = (pages, facts.memory.initial_pages)
        && pages > most
    {
        loads = false;
        problems.push(format!(
            "it starts with {pages} pages of memory; the host gives {most}"
        ));
    }
    Verdict {
        profile: profile.name(),
        title: profile.title(),
        loads,
        problems,
        differences: profile.differences(),
    }
}

// What the module uses in vain, by what the host says to it.
fn lacks(profile: Profile, facts: &Facts) -> Vec<(Lack, Vec<&str>)> {
    let used = facts.imported.iter().map(|(_, name, _)| name.as_str());
    let mut lacks: Vec<(Lack, Vec<&str>)> = Vec::new();
    for name in used.chain(facts.markers()) {
        let Some(lack) = profile.lack(name) else {
            continue;
        };
        match lacks.iter_mut().find(|(known, _)| *known == lack) {
            Some((_, names)) => names.push(name),
            None => lacks.push((lack, vec![name])),
        }
    }
    lacks
}

/// What surprises.
pub(super) fn warnings(facts: &Facts) -> Vec<Warning> {
    [restricted_wasi(facts), no_initialize(facts)]
        .into_iter()
        .flatten()
        .collect()
}

fn restricted_wasi(facts: &Facts) -> Option<Warning> {
    let needs: Vec<_> = facts
        .imported
        .iter()
        .filter(|(module, ..)| module.starts_with("wasi_"))
        .map(|(_, name, _)| format!("`{name}`"))
        .collect();
    let fatal = [
        "fd_prestat_get",
        "environ_get",
        "environ_sizes_get",
        "random_get",
    ];
    let dies = needs
        .iter()
        .any(|name| fatal.contains(&name.trim_matches('`')));
    dies.then(|| Warning {
        rule: "K2",
        text: format!(
            "under capability restriction it may die at start unless the WASI calls of its standard library are allowed too: {}",
            needs.join(", ")
        ),
    })
}

fn no_initialize(facts: &Facts) -> Option<Warning> {
    let starts = facts.exports_function("_initialize") || facts.exports_function("_start");
    (!starts && facts.imports_wasi()).then(|| Warning {
        rule: "V11",
        text: "it exports no `_initialize`, so its linker has every export run the constructors first; inside `malloc` \
               they may not call WASI, and every call that hands it bytes returns 6"
            .to_owned(),
    })
}
