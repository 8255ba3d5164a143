//! Playing a host that lacks some of what Envoy has: it answers as that host does, and the log says why.

use wasmtime::{Caller, Error, ExternType, Linker, Module, Result, Val};

use super::error::Refusal;
use super::imports::path;
use crate::host::vm_state::VmState;
use crate::profile::{Answer, Lack, Profile};

/// Refuses a module for an import that the host refuses.
pub(super) fn check(module: &Module, profile: Profile) -> std::result::Result<(), Refusal> {
    for import in module.imports() {
        if let Some(lack) = profile.lack(import.name())
            && lack.answer == Answer::Refused
        {
            return Err(Refusal::Profile {
                import: path(&import),
                profile: profile.name(),
                why: lack.why,
            });
        }
    }
    Ok(())
}

/// Links what the host lacks as it answers.
pub(super) fn link(linker: &mut Linker<VmState>, module: &Module, profile: Profile) -> Result<()> {
    linker.allow_shadowing(true);
    for import in module.imports() {
        if let ExternType::Func(ty) = import.ty()
            && let Some(lack) = profile.lack(import.name())
        {
            let said = said(import.name(), lack, profile);
            let call = move |caller: Caller<'_, VmState>, _: &[Val], results: &mut [Val]| {
                answer(&caller, lack.answer, &said, results)
            };
            linker.func_new(import.module(), import.name(), ty, call)?;
        }
    }
    Ok(())
}

fn said(name: &str, lack: Lack, profile: Profile) -> String {
    let (why, answer) = (lack.why, lack.answer.text());
    format!("`{name}`: {why}; {} {answer}", profile.name())
}

fn answer(
    caller: &Caller<'_, VmState>,
    answer: Answer,
    said: &str,
    results: &mut [Val],
) -> Result<()> {
    match (answer, results.first_mut()) {
        (Answer::Status(status), Some(result)) => {
            *result = Val::I32(status.cast_signed());
            caller.data().log("warn", said.to_owned());
            Ok(())
        }
        _ => Err(Error::msg(said.to_owned())),
    }
}
