//! The WASI preview 1 subset that Envoy offers, under both of its module names (section 1.5 of the host rules).
//!
//! Written by hand, because the point is to have what Envoy has and nothing more: no files, no sockets, no sleep.

use wasmtime::{Caller, Linker, Result, Val};

use super::allocating::{self, LinkHostcall as _};
use super::guest::Region;
use super::{Guest, function_type};
use crate::abi::Status;
use crate::host::vm_state::VmState;

/// A WASI error number; 0 is success.
pub(super) type Errno = u32;

/// Both names of its module.
pub(super) const MODULES: [&str; 2] = ["wasi_snapshot_preview1", "wasi_unstable"];

pub(super) const SUCCESS: Errno = 0;
pub(super) const EBADF: Errno = 8;
const EFAULT: Errno = 21;
const EINVAL: Errno = 28;
pub(super) const EIO: Errno = 29;
const ENOENT: Errno = 44;
const ENOSYS: Errno = 52;
const ENOTDIR: Errno = 20;
pub(super) const ENOTSUP: Errno = 58;

/// More random bytes at once than this are refused.
const MAX_RANDOM: u32 = 65_536;
const RIGHT_FD_WRITE: u64 = 1 << 6;

/// A call that answers one number whatever it is asked.
struct Fixed {
    name: &'static str,
    /// `i` = i32, `I` = i64.
    params: &'static str,
    errno: Errno,
    /// Whether it knows standard output and standard error only, as its first parameter.
    standard: bool,
    /// Which parameter points to what it makes 0 first, and how many bytes that has.
    zeroed: Option<(usize, usize)>,
}

const fn fixed(name: &'static str, params: &'static str, errno: Errno) -> Fixed {
    Fixed {
        name,
        params,
        errno,
        standard: false,
        zeroed: None,
    }
}

/// `path_link` and `path_symlink` have one parameter fewer than the standard's, as in Envoy, so that a module which Envoy
/// refuses is refused here (rule W1).
const FIXED: [Fixed; 33] = [
    fixed("fd_read", "iiii", ENOSYS),
    fixed("fd_pread", "iiiIi", ENOSYS),
    fixed("fd_seek", "iIii", SUCCESS),
    fixed("fd_close", "i", SUCCESS),
    fixed("fd_fdstat_set_flags", "ii", ENOSYS),
    fixed("fd_fdstat_set_rights", "iII", SUCCESS).standard(),
    fixed("fd_advise", "iIIi", SUCCESS),
    fixed("fd_allocate", "iII", SUCCESS).standard(),
    fixed("fd_datasync", "i", SUCCESS).standard(),
    fixed("fd_sync", "i", SUCCESS).standard(),
    fixed("fd_tell", "ii", SUCCESS).standard().offset(1),
    fixed("fd_filestat_get", "ii", EBADF),
    fixed("fd_filestat_set_size", "iI", SUCCESS).standard(),
    fixed("fd_filestat_set_times", "iIIi", SUCCESS).standard(),
    fixed("fd_readdir", "iiiIi", ENOTDIR).size(4),
    fixed("fd_renumber", "ii", ENOTSUP).standard(),
    fixed("fd_prestat_get", "ii", EBADF),
    fixed("fd_prestat_dir_name", "iii", ENOSYS),
    fixed("path_create_directory", "iii", ENOTSUP),
    fixed("path_filestat_get", "iiiii", ENOTSUP),
    fixed("path_filestat_set_times", "iiiiIIi", ENOTSUP),
    fixed("path_link", "iiiiii", ENOTSUP),
    fixed("path_open", "iiiiiIIii", ENOENT),
    fixed("path_readlink", "iiiiii", ENOTSUP).size(5),
    fixed("path_remove_directory", "iii", ENOTSUP),
    fixed("path_rename", "iiiiii", ENOTSUP),
    fixed("path_symlink", "iiii", ENOTSUP),
    fixed("path_unlink_file", "iii", ENOTSUP),
    fixed("sock_accept", "iii", ENOTSUP).size(2),
    fixed("sock_recv", "iiiiii", ENOTSUP).size(4),
    fixed("sock_send", "iiiii", ENOTSUP).size(4),
    fixed("sock_shutdown", "ii", ENOTSUP),
    fixed("sched_yield", "", SUCCESS),
];

// === impl Fixed ===

impl Fixed {
    const fn standard(mut self) -> Self {
        self.standard = true;
        self
    }

    const fn size(mut self, parameter: usize) -> Self {
        self.zeroed = Some((parameter, 4));
        self
    }

    const fn offset(mut self, parameter: usize) -> Self {
        self.zeroed = Some((parameter, 8));
        self
    }

    fn answer(&self, guest: &mut Guest<'_>, params: &[Val]) -> std::result::Result<(), Errno> {
        let param = |index: usize| {
            params
                .get(index)
                .and_then(Val::i32)
                .map_or(0, i32::cast_unsigned)
        };
        if self.standard && !matches!(param(0), 1 | 2) {
            return Err(EBADF);
        }
        if let Some((out, bytes)) = self.zeroed {
            memory(guest.write(param(out), &vec![0; bytes]))?;
        }
        if self.name == "sock_recv" {
            memory(guest.write(param(5), &[0; 2]))?;
        }
        match self.errno {
            SUCCESS => Ok(()),
            errno => Err(errno),
        }
    }
}

pub(super) fn link(linker: &mut Linker<VmState>) -> Result<()> {
    for module in MODULES {
        link_fixed(linker, module)?;
        link_output(linker, module)?;
        link_environment(linker, module)?;
    }
    Ok(())
}

fn link_fixed(linker: &mut Linker<VmState>, module: &str) -> Result<()> {
    for fixed in &FIXED {
        let ty = function_type(linker, fixed.params);
        linker.func_new(module, fixed.name, ty, move |caller, params, results| {
            allocating::check(caller.data(), fixed.name)?;
            let answer = fixed.answer(&mut Guest::new(caller), params);
            if let Some(result) = results.first_mut() {
                *result = Val::I32(errno(answer).cast_signed());
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn link_output(linker: &mut Linker<VmState>, module: &str) -> Result<()> {
    linker.hostcall(
        module,
        "fd_write",
        |caller: Caller<'_, VmState>, fd: u32, iovs: u32, count: u32, out: u32| {
            errno(write(&mut Guest::new(caller), fd, Region(iovs, count), out))
        },
    )?;
    linker.hostcall(
        module,
        "fd_pwrite",
        |caller: Caller<'_, VmState>, fd: u32, iovs: u32, count: u32, _: u64, out: u32| {
            errno(write(&mut Guest::new(caller), fd, Region(iovs, count), out))
        },
    )?;
    linker.hostcall(
        module,
        "fd_fdstat_get",
        |caller: Caller<'_, VmState>, fd: u32, out: u32| {
            errno(fdstat(&mut Guest::new(caller), fd, out))
        },
    )?;
    // Envoy's returns; a libc `exit` then runs into `unreachable`, which is the trap one sees.
    linker.hostcall(module, "proc_exit", |_: Caller<'_, VmState>, _: u32| {})?;
    Ok(())
}

fn link_environment(linker: &mut Linker<VmState>, module: &str) -> Result<()> {
    linker.hostcall(
        module,
        "args_sizes_get",
        |caller: Caller<'_, VmState>, count: u32, size: u32| {
            let mut guest = Guest::new(caller);
            errno(zero(&mut guest, count).and_then(|()| zero(&mut guest, size)))
        },
    )?;
    linker.hostcall(
        module,
        "environ_sizes_get",
        |caller: Caller<'_, VmState>, count: u32, size: u32| {
            let strings = environment(caller.data());
            errno(string_sizes(
                &mut Guest::new(caller),
                &strings,
                (count, size),
            ))
        },
    )?;
    linker.hostcall(
        module,
        "environ_get",
        |caller: Caller<'_, VmState>, pointers: u32, strings: u32| {
            let variables = environment(caller.data());
            errno(string_list(
                &mut Guest::new(caller),
                &variables,
                (pointers, strings),
            ))
        },
    )?;
    linker.hostcall(
        module,
        "args_get",
        |_: Caller<'_, VmState>, _: u32, _: u32| SUCCESS,
    )?;
    linker.hostcall(
        module,
        "clock_time_get",
        |caller: Caller<'_, VmState>, id: u32, _: u64, out: u32| {
            let now = caller.data().shared.clock.nanoseconds();
            // Realtime and monotonic; both read the one clock.
            errno(if id <= 1 {
                memory(Guest::new(caller).write_u64(out, now))
            } else {
                Err(ENOTSUP)
            })
        },
    )?;
    linker.hostcall(
        module,
        "clock_res_get",
        |caller: Caller<'_, VmState>, id: u32, out: u32| {
            errno(if id <= 1 {
                memory(Guest::new(caller).write_u64(out, 1))
            } else {
                Err(ENOTSUP)
            })
        },
    )?;
    linker.hostcall(
        module,
        "random_get",
        |caller: Caller<'_, VmState>, out: u32, size: u32| {
            errno(random(&mut Guest::new(caller), out, size))
        },
    )?;
    // No events, no waiting: a guest's `sleep` returns at once.
    linker.hostcall(
        module,
        "poll_oneoff",
        |caller: Caller<'_, VmState>, _: u32, _: u32, _: u32, out: u32| {
            errno(zero(&mut Guest::new(caller), out))
        },
    )?;
    Ok(())
}

// One log line per call: standard output at info, standard error at error, one trailing line end removed.
fn write(
    guest: &mut Guest<'_>,
    fd: u32,
    Region(iovs, count): Region,
    out: u32,
) -> std::result::Result<(), Errno> {
    let level = match fd {
        1 => "info",
        2 => "error",
        _ => return Err(EBADF),
    };
    let bytes = gathered(guest, Region(iovs, count))?;
    let text = String::from_utf8_lossy(bytes.strip_suffix(b"\n").unwrap_or(&bytes)).into_owned();
    guest.state().log(level, text);
    memory(guest.write_u32(out, u32::try_from(bytes.len()).unwrap_or(u32::MAX)))
}

/// The bytes of a list of regions.
pub(super) fn gathered(
    guest: &Guest<'_>,
    Region(iovs, count): Region,
) -> std::result::Result<Vec<u8>, Errno> {
    let mut bytes = Vec::new();
    for iov in 0..count {
        let at = iovs.saturating_add(iov.saturating_mul(8));
        let region = memory(
            guest
                .read_u32(at)
                .and_then(|p| Ok(Region(p, guest.read_u32(at.saturating_add(4))?))),
        )?;
        if region.1 > 0 {
            bytes.extend(memory(guest.read(region))?);
        }
    }
    Ok(bytes)
}

// `NAME=value` and a NUL for each.
fn environment(state: &VmState) -> Vec<String> {
    let variables = state.environment.iter();
    variables
        .map(|(name, value)| format!("{name}={value}\0"))
        .collect()
}

/// How many strings there are, and how many bytes.
pub(super) fn string_sizes(
    guest: &mut Guest<'_>,
    strings: &[String],
    (count, size): (u32, u32),
) -> std::result::Result<(), Errno> {
    let bytes: usize = strings.iter().map(String::len).sum();
    memory(guest.write_u32(count, u32::try_from(strings.len()).unwrap_or(u32::MAX)))?;
    memory(guest.write_u32(size, u32::try_from(bytes).unwrap_or(u32::MAX)))
}

/// Where each of them is, and they themselves, one after the other.
pub(super) fn string_list(
    guest: &mut Guest<'_>,
    strings: &[String],
    (mut pointers, mut at): (u32, u32),
) -> std::result::Result<(), Errno> {
    for string in strings {
        memory(guest.write_u32(pointers, at))?;
        memory(guest.write(at, string.as_bytes()))?;
        pointers = pointers.saturating_add(4);
        at = at.saturating_add(u32::try_from(string.len()).unwrap_or(u32::MAX));
    }
    Ok(())
}

fn fdstat(guest: &mut Guest<'_>, fd: u32, out: u32) -> std::result::Result<(), Errno> {
    if !matches!(fd, 1 | 2) {
        return Err(EBADF);
    }
    let mut fdstat = [0; 24];
    if let Some(rights) = fdstat.get_mut(8..16) {
        rights.copy_from_slice(&RIGHT_FD_WRITE.to_le_bytes());
    }
    // Where it cannot be written it is not, and nothing is said of it.
    let _ = guest.write(out, &fdstat);
    Ok(())
}

fn random(guest: &mut Guest<'_>, out: u32, size: u32) -> std::result::Result<(), Errno> {
    if size > MAX_RANDOM {
        return Err(EINVAL);
    }
    if size == 0 {
        return Ok(());
    }
    let mut bytes = vec![0; size as usize];
    getrandom::fill(&mut bytes).map_err(|_| EIO)?;
    memory(guest.write(out, &bytes))
}

fn zero(guest: &mut Guest<'_>, out: u32) -> std::result::Result<(), Errno> {
    memory(guest.write_u32(out, 0))
}

pub(super) fn memory<T>(result: std::result::Result<T, Status>) -> std::result::Result<T, Errno> {
    result.map_err(|_| EFAULT)
}

pub(super) fn errno(result: std::result::Result<(), Errno>) -> Errno {
    result.err().unwrap_or(SUCCESS)
}
