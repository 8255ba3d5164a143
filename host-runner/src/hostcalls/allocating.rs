//! How every hostcall is defined: it traps where it is not allowed, and fails where a test wants it to.
//!
//! While the host is in the guest's allocator next to nothing is allowed (rule V11).

use wasmtime::{Caller, Linker, Result, WasmRet, WasmTy};

use crate::host::vm_state::VmState;

/// What is harmless at any time.
const HARMLESS: [&str; 4] = ["proxy_log", "fd_write", "clock_time_get", "poll_oneoff"];

/// Where a plugin is when it starts.
const STARTING: [&str; 4] = [
    "instantiation",
    "_initialize",
    "proxy_on_vm_start",
    "proxy_on_configure",
];

/// Defines a hostcall that traps where it is not allowed.
pub(super) trait LinkHostcall {
    fn hostcall<Params, R>(
        &mut self,
        module: &str,
        name: &'static str,
        call: impl Hostcall<Params, R>,
    ) -> Result<&mut Self>;
}

/// A function over a caller and some parameters.
pub(super) trait Hostcall<Params, R> {
    fn link(self, linker: &mut Linker<VmState>, module: &str, name: &'static str) -> Result<()>;
}

/// What a hostcall returns, and which of that says that it failed.
pub(super) trait Returned: WasmRet + Sized {
    /// None where it returns nothing that could say so.
    fn failed(status: u32) -> Option<Self>;
}

/// Traps if the guest is in its allocator and that call is not harmless.
pub(super) fn check(state: &VmState, name: &str) -> Result<()> {
    if !state.allocating || HARMLESS.contains(&name) {
        return Ok(());
    }
    let text = format!("rule V11: the module's allocator called `{name}`");
    Err(wasmtime::Error::msg(text))
}

fn forced_status(state: &VmState, name: &str) -> Option<u32> {
    let starts = STARTING.contains(&state.callback);
    state.shared.faults.status_of(name, starts)
}

// === impl LinkHostcall ===

impl LinkHostcall for Linker<VmState> {
    fn hostcall<Params, R>(
        &mut self,
        module: &str,
        name: &'static str,
        call: impl Hostcall<Params, R>,
    ) -> Result<&mut Self> {
        call.link(self, module, name)?;
        Ok(self)
    }
}

// === impl Returned ===

impl Returned for u32 {
    fn failed(status: u32) -> Option<Self> {
        Some(status)
    }
}

impl Returned for () {
    fn failed(_: u32) -> Option<Self> {
        None
    }
}

// === impl Hostcall ===

macro_rules! hostcall {
    ($($param:ident $value:ident)*) => {
        impl<Call, R, $($param),*> Hostcall<($($param,)*), R> for Call
        where
            Call: Fn(Caller<'_, VmState>, $($param),*) -> R + Send + Sync + 'static,
            R: Returned,
            $($param: WasmTy,)*
        {
            fn link(self, linker: &mut Linker<VmState>, module: &str, name: &'static str) -> Result<()> {
                let checked = move |caller: Caller<'_, VmState>, $($value: $param),*| {
                    check(caller.data(), name)?;
                    let forced = forced_status(caller.data(), name);
                    if let Some(failed) = forced.and_then(R::failed) {
                        return Ok(failed);
                    }
                    Ok::<R, wasmtime::Error>(self(caller, $($value),*))
                };
                linker.func_wrap(module, name, checked).map(drop)
            }
        }
    };
}

hostcall!();
hostcall!(A a);
hostcall!(A a B b);
hostcall!(A a B b C c);
hostcall!(A a B b C c D d);
hostcall!(A a B b C c D d E e);
hostcall!(A a B b C c D d E e F f);
hostcall!(A a B b C c D d E e F f G g);
hostcall!(A a B b C c D d E e F f G g H h);
hostcall!(A a B b C c D d E e F f G g H h I i);
hostcall!(A a B b C c D d E e F f G g H h I i J j);
hostcall!(A a B b C c D d E e F f G g H h I i J j K k);
hostcall!(A a B b C c D d E e F f G g H h I i J j K k L l);
