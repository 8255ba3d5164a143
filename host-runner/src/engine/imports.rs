//! What a module imports, held against what Envoy offers to modules of its version (rules V3, V7, W1).

use wasmtime::{
    Extern, ExternType, FuncType, HeapType, ImportType, Memory, Module, Ref, Store, Table,
    TableType,
};

use super::error::Refusal;
use super::linkers::Linkers;
use super::types::shown;
use crate::abi::AbiVersion;
use crate::host::vm_state::VmState;

/// Refuses a module that imports what its version does not have. What `stubs` names may be anything.
pub(super) fn check(
    linkers: &Linkers,
    abi: AbiVersion,
    module: &Module,
    stubs: &[String],
    store: &mut Store<VmState>,
) -> Result<(), Refusal> {
    for import in module.imports() {
        let path = path(&import);
        match import.ty() {
            ExternType::Func(_) if stubs.contains(&path) => {}
            ExternType::Func(ty) => {
                let offered = offered(linkers, abi, &import, store);
                let offered = offered.ok_or_else(|| unknown(linkers, abi, &import, store))?;
                check_type(path, &ty, &offered)?;
            }
            ExternType::Memory(_) | ExternType::Table(_) => {
                let why = |error: wasmtime::Error| error.to_string();
                create(store, &import).map_err(|error| Refusal::Uncreatable {
                    import: path,
                    why: why(error),
                })?;
            }
            _ => return Err(Refusal::ImportKind(path)),
        }
    }
    Ok(())
}

/// `module.name`.
pub(super) fn path(import: &ImportType<'_>) -> String {
    format!("{}.{}", import.module(), import.name())
}

/// A memory or a table as the module wants it, whatever it is called: the host makes one for each VM.
pub(super) fn create(
    store: &mut Store<VmState>,
    import: &ImportType<'_>,
) -> wasmtime::Result<Extern> {
    match import.ty() {
        ExternType::Memory(ty) => Memory::new(store, ty).map(Extern::Memory),
        ExternType::Table(ty) => {
            let empty = empty_element(&ty)?;
            Table::new(store, ty, empty).map(Extern::Table)
        }
        _ => Err(wasmtime::Error::msg("it is neither a memory nor a table")),
    }
}

fn empty_element(ty: &TableType) -> wasmtime::Result<Ref> {
    let element: &HeapType = ty.element().heap_type();
    match ty.element().is_nullable() {
        true => Ok(Ref::null(element)),
        false => Err(wasmtime::Error::msg("its elements cannot be null")),
    }
}

fn offered(
    linkers: &Linkers,
    abi: AbiVersion,
    import: &ImportType<'_>,
    store: &mut Store<VmState>,
) -> Option<FuncType> {
    let linker = linkers.of(abi).ok()?;
    match linker.get(&mut *store, import.module(), import.name()) {
        Ok(Extern::Func(function)) => Some(function.ty(store)),
        _ => None,
    }
}

fn unknown(
    linkers: &Linkers,
    abi: AbiVersion,
    import: &ImportType<'_>,
    store: &mut Store<VmState>,
) -> Refusal {
    let others = AbiVersion::ALL.into_iter();
    let others = others.filter(|version| offered(linkers, *version, import, store).is_some());
    let others: Vec<_> = others.map(AbiVersion::name).collect();
    match others.as_slice() {
        [] => Refusal::UnknownImport(path(import)),
        others => Refusal::OtherVersion {
            import: path(import),
            abi: abi.name(),
            others: others.join(" and "),
        },
    }
}

fn check_type(import: String, wanted: &FuncType, offered: &FuncType) -> Result<(), Refusal> {
    if FuncType::eq(wanted, offered) {
        return Ok(());
    }
    let one_too_few = wanted.params().len() == offered.params().len() + 1;
    if one_too_few && (import.ends_with(".path_link") || import.ends_with(".path_symlink")) {
        return Err(Refusal::OneTooFew { import });
    }
    Err(Refusal::ImportType {
        import,
        wanted: shown(wanted),
        offered: shown(offered),
    })
}
