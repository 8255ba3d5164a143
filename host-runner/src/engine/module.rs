//! A compiled module, and how a VM is made of it.

use wasmtime::{
    Caller, Extern, ExternType, Func, Instance, InstancePre, Linker, Memory, Module as WasmModule,
    Store, Val,
};

use super::imports;
use crate::abi::AbiVersion;
use crate::host::vm_state::VmState;
use crate::trace;

/// A compiled module whose imports are known, ready to become VMs.
pub(crate) struct Module {
    pub(crate) abi: AbiVersion,
    code: WasmModule,
    linker: Linker<VmState>,
    // When nothing has to be made anew for each VM, which is nearly always.
    ready: Option<InstancePre<VmState>>,
}

// === impl Module ===

impl Module {
    /// `observed` looks at every hostcall that its VMs make: to count it, and for a start section that makes one.
    pub(super) fn new(
        code: WasmModule,
        linker: Linker<VmState>,
        abi: AbiVersion,
        observed: bool,
    ) -> wasmtime::Result<Self> {
        let only_functions = code
            .imports()
            .all(|import| matches!(import.ty(), ExternType::Func(_)));
        let ready = (only_functions && !observed)
            .then(|| linker.instantiate_pre(&code))
            .transpose()?;
        Ok(Self {
            abi,
            code,
            linker,
            ready,
        })
    }

    /// A new instance, and the memory that the host reads and writes.
    pub(crate) fn instantiate(
        &self,
        store: &mut Store<VmState>,
    ) -> wasmtime::Result<(Instance, Option<Memory>)> {
        if let Some(ready) = &self.ready {
            let instance = ready.instantiate(&mut *store)?;
            let memory = self.exported_memory(&instance, store);
            return Ok((instance, memory));
        }
        let imports = self.imports(store)?;
        let instance = Instance::new(&mut *store, &self.code, &imports)?;
        let imported = imports.into_iter().filter_map(Extern::into_memory).last();
        let memory = self.exported_memory(&instance, store).or(imported);
        Ok((instance, memory))
    }

    // The last one wins, under whatever name, as in Envoy's engine.
    fn exported_memory(&self, instance: &Instance, store: &mut Store<VmState>) -> Option<Memory> {
        let exports = self.code.exports();
        let memories = exports.filter(|export| matches!(export.ty(), ExternType::Memory(_)));
        let last = memories.last()?;
        instance.get_memory(store, last.name())
    }

    fn imports(&self, store: &mut Store<VmState>) -> wasmtime::Result<Vec<Extern>> {
        let mut made = Vec::new();
        for import in self.code.imports() {
            let linked = self.linker.get(&mut *store, import.module(), import.name());
            made.push(match (import.ty(), linked) {
                (ExternType::Func(_), Ok(Extern::Func(function))) => {
                    let path = (import.module(), import.name());
                    let function = trace::wrapped(store, function, path);
                    observed(store, function).into()
                }
                _ => imports::create(store, &import)?,
            });
        }
        Ok(made)
    }
}

// The hostcall itself, and one more on the VM's account. Before there is an allocator, it is the start section that
// calls: Envoy has no context then for the call to act on (rule V6).
fn observed(store: &mut Store<VmState>, hostcall: Func) -> Func {
    let ty = hostcall.ty(&mut *store);
    let call = move |mut caller: Caller<'_, VmState>, params: &[Val], results: &mut [Val]| {
        let state = caller.data_mut();
        if state.malloc.is_none() {
            return Err(wasmtime::Error::msg(
                "rule V6: the start section called the host; it crashes Envoy",
            ));
        }
        state.cost.hostcalls += 1;
        hostcall.call(&mut caller, params, results)
    };
    Func::new(store, ty, call)
}
