//! What a program is given where a plugin has something else: arguments, standard output, an end.

use std::io;

use thiserror::Error;
use wasmtime::{Caller, Linker, Result, Val};

use super::allocating::LinkHostcall as _;
use super::guest::Region;
use super::wasi::{
    EBADF, EIO, ENOTSUP, Errno, MODULES, errno, gathered, memory, string_list, string_sizes,
};
use super::{Guest, function_type};
use crate::host::vm_state::VmState;

/// The program has ended itself.
#[derive(Debug, Clone, Copy, Error)]
#[error("it ended with exit code {0}")]
pub(crate) struct Exit(pub(crate) u32);

/// Puts them in the place of a plugin's.
pub(crate) fn link(linker: &mut Linker<VmState>, arguments: &[String]) -> Result<()> {
    linker.allow_shadowing(true);
    for module in MODULES {
        link_arguments(linker, module, arguments)?;
        linker.hostcall(
            module,
            "fd_write",
            |caller: Caller<'_, VmState>, fd: u32, iovs: u32, count: u32, out: u32| {
                errno(write(&mut Guest::new(caller), fd, Region(iovs, count), out))
            },
        )?;
        linker.func_wrap(module, "proc_exit", |code: u32| -> Result<()> {
            Err(Exit(code).into())
        })?;
        // As the standard has them, which Envoy does not (rule W1): a program never gets there.
        for (name, params) in [("path_link", "iiiiiii"), ("path_symlink", "iiiii")] {
            let ty = function_type(linker, params);
            linker.func_new(module, name, ty, |_, _, results| {
                if let Some(result) = results.first_mut() {
                    *result = Val::I32(ENOTSUP.cast_signed());
                }
                Ok(())
            })?;
        }
    }
    Ok(())
}

fn link_arguments(linker: &mut Linker<VmState>, module: &str, arguments: &[String]) -> Result<()> {
    let strings: Vec<String> = arguments.iter().map(|it| format!("{it}\0")).collect();
    let sized = strings.clone();
    linker.hostcall(
        module,
        "args_sizes_get",
        move |caller: Caller<'_, VmState>, count: u32, size: u32| {
            errno(string_sizes(&mut Guest::new(caller), &sized, (count, size)))
        },
    )?;
    linker.hostcall(
        module,
        "args_get",
        move |caller: Caller<'_, VmState>, pointers: u32, at: u32| {
            errno(string_list(
                &mut Guest::new(caller),
                &strings,
                (pointers, at),
            ))
        },
    )?;
    Ok(())
}

// As they are, without a log's lines.
fn write(
    guest: &mut Guest<'_>,
    fd: u32,
    regions: Region,
    out: u32,
) -> std::result::Result<(), Errno> {
    let bytes = gathered(guest, regions)?;
    let written = match fd {
        1 => written(io::stdout().lock(), &bytes),
        2 => written(io::stderr().lock(), &bytes),
        _ => return Err(EBADF),
    };
    written.map_err(|_| EIO)?;
    memory(guest.write_u32(out, u32::try_from(bytes.len()).unwrap_or(u32::MAX)))
}

fn written(mut to: impl io::Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes)?;
    to.flush()
}
