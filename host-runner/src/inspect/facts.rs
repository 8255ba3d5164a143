//! What stands in a module, section by section.

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::{
    BinaryReaderError, ConstExpr, ExternalKind, FuncType, KnownCustom, MemoryType, Name, Operator,
    Parser, Payload, ProducersSectionReader, TypeRef, ValType,
};

use super::meaning;
use super::{Export, Import, Memory, Section};
use crate::abi::AbiVersion;
use crate::host::callbacks;

/// A module, read.
#[derive(Debug, Default)]
pub(super) struct Facts {
    types: Vec<Option<FuncType>>,
    functions: Vec<u32>,
    pub(super) imported: Vec<(String, String, TypeRef)>,
    exported: Vec<(String, ExternalKind, u32)>,
    pub(super) memory: Memory,
    has_start: bool,
    pub(super) sections: Vec<Section>,
    /// Sizes of the functions that are defined here, in their order.
    pub(super) bodies: Vec<u64>,
    /// Names by function index, the imported ones first.
    pub(super) names: BTreeMap<u32, String>,
    producers: Vec<(String, String)>,
}

type Read<T> = Result<T, BinaryReaderError>;

// === impl Facts ===

impl Facts {
    pub(super) fn read(bytes: &[u8]) -> Read<Self> {
        let mut facts = Self::default();
        for payload in Parser::new(0).parse_all(bytes) {
            facts.add(payload?)?;
        }
        Ok(facts)
    }

    fn add(&mut self, payload: Payload<'_>) -> Read<()> {
        self.add_section(&payload);
        match payload {
            Payload::TypeSection(types) => {
                for group in types {
                    let types = group?.into_types();
                    self.types
                        .extend(types.map(|ty| match ty.composite_type.inner {
                            wasmparser::CompositeInnerType::Func(function) => Some(function),
                            _ => None,
                        }));
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    self.add_import(&import?);
                }
            }
            Payload::FunctionSection(functions) => {
                for ty in functions {
                    self.functions.push(ty?);
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    self.add_memory(&memory?);
                }
            }
            Payload::GlobalSection(globals) => {
                if let Some(first) = globals.into_iter().next() {
                    let first = first?;
                    // Where linkers of the LLVM family put the stack pointer; the stack is below it.
                    self.memory.stack = first
                        .ty
                        .mutable
                        .then(|| i32_const(&first.init_expr))
                        .flatten();
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    self.exported
                        .push((export.name.to_owned(), export.kind, export.index));
                }
            }
            Payload::StartSection { .. } => self.has_start = true,
            Payload::CodeSectionEntry(body) => {
                let range = body.range();
                self.bodies.push((range.end - range.start) as u64);
            }
            Payload::CustomSection(section) => self.add_custom(section.as_known()),
            _ => {}
        }
        Ok(())
    }

    fn add_section(&mut self, payload: &Payload<'_>) {
        let name = match payload {
            Payload::CustomSection(section) => section.name(),
            payload => match section_name(payload) {
                Some(name) => name,
                None => return,
            },
        };
        if let Some((_, range)) = payload.as_section() {
            self.sections.push(Section {
                name: name.to_owned(),
                size: (range.end - range.start) as u64,
            });
        }
    }

    fn add_import(&mut self, import: &wasmparser::Import<'_>) {
        if let TypeRef::Func(ty) = import.ty {
            self.functions.push(ty);
        }
        if let TypeRef::Memory(memory) = import.ty {
            self.add_memory(&memory);
        }
        let (module, name) = (import.module.to_owned(), import.name.to_owned());
        self.imported.push((module, name, import.ty));
    }

    fn add_memory(&mut self, memory: &MemoryType) {
        self.memory.initial_pages = Some(memory.initial);
        self.memory.maximum_pages = memory.maximum;
    }

    // What is broken in here keeps nobody from reading the rest.
    fn add_custom(&mut self, section: KnownCustom<'_>) {
        match section {
            KnownCustom::Name(names) => {
                for name in names.into_iter().map_while(Result::ok) {
                    if let Name::Function(functions) = name {
                        let names = functions.into_iter().map_while(Result::ok);
                        self.names
                            .extend(names.map(|name| (name.index, name.name.to_owned())));
                    }
                }
            }
            KnownCustom::Producers(producers) => self.add_producers(producers),
            _ => {}
        }
    }

    fn add_producers(&mut self, producers: ProducersSectionReader<'_>) {
        for field in producers.into_iter().map_while(Result::ok) {
            let values = field.values.into_iter().map_while(Result::ok);
            self.producers.extend(values.map(|value| {
                let version = value
                    .version
                    .split_once(" (")
                    .map_or(value.version, |it| it.0);
                (
                    field.name.to_owned(),
                    format!("{} {version}", value.name).trim().to_owned(),
                )
            }));
        }
    }

    /// The names of exported functions, in export order.
    pub(super) fn markers(&self) -> impl Iterator<Item = &str> {
        let functions = self.exported.iter();
        functions
            .filter(|(_, kind, _)| *kind == ExternalKind::Func)
            .map(|(name, ..)| name.as_str())
    }

    pub(super) fn exports_function(&self, name: &str) -> bool {
        self.markers().any(|export| export == name)
    }

    pub(super) fn imports_wasi(&self) -> bool {
        let mut modules = self.imported.iter().map(|(module, ..)| module);
        modules.any(|module| module.starts_with("wasi_"))
    }

    pub(super) fn imports(&self) -> Vec<Import> {
        let imports = self.imported.iter().map(|(module, name, ty)| Import {
            module: module.clone(),
            name: name.clone(),
            ty: self.type_text(ty),
            group: meaning::of_import(module, name),
        });
        imports.collect()
    }

    pub(super) fn exports(&self) -> Vec<Export> {
        let exports = self.exported.iter().map(|(name, kind, index)| Export {
            name: name.clone(),
            ty: match kind {
                ExternalKind::Func => self.function_text(*index),
                kind => format!("{kind:?}").to_lowercase(),
            },
            group: meaning::of_export(name),
        });
        exports.collect()
    }

    /// What the host runs (rules V6, V10).
    pub(super) fn start(&self) -> Vec<String> {
        let functions: &[&str] = match self.exports_function("_initialize") {
            true if self.exports_function("main") => &["_initialize", "main"],
            true if self.exports_function("__main_void") => &["_initialize", "__main_void"],
            true => &["_initialize"],
            false if self.exports_function("_start") => &["_start"],
            false => &[],
        };
        let section = self.has_start.then_some("the start section");
        let all = section.into_iter().chain(functions.iter().copied());
        all.map(str::to_owned).collect()
    }

    /// Hostcalls and WASI calls that it imports and callbacks that it exports (rule K1).
    pub(super) fn capabilities(&self, abi: AbiVersion) -> Vec<String> {
        let calls = self.imported.iter().filter(|(module, name, ty)| {
            let restrictable = module != "env" || name.starts_with("proxy_");
            restrictable && matches!(ty, TypeRef::Func(_))
        });
        let calls = calls.map(|(_, name, _)| name.clone());
        let callbacks = self
            .markers()
            .filter(|name| name.starts_with("proxy_") && callbacks::signature(abi, name).is_some());
        let all: BTreeSet<_> = calls.chain(callbacks.map(str::to_owned)).collect();
        all.into_iter().collect()
    }

    /// What the producers section and the function names tell.
    pub(super) fn made_with(&self) -> Vec<String> {
        let sdk = meaning::sdk(&self.names, &self.imported);
        let producers = self
            .producers
            .iter()
            .map(|(field, value)| match field.as_str() {
                "language" => format!("language {value}"),
                _ => value.clone(),
            });
        sdk.map(str::to_owned)
            .into_iter()
            .chain(producers)
            .collect()
    }

    fn type_text(&self, ty: &TypeRef) -> String {
        match ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => self.signature(*ty),
            TypeRef::Table(_) => "table".to_owned(),
            TypeRef::Memory(memory) => format!("memory of {} pages", memory.initial),
            TypeRef::Global(_) => "global".to_owned(),
            TypeRef::Tag(_) => "tag".to_owned(),
        }
    }

    fn function_text(&self, function: u32) -> String {
        let ty = self.functions.get(function as usize);
        ty.map(|ty| self.signature(*ty)).unwrap_or_default()
    }

    fn signature(&self, ty: u32) -> String {
        let list = |types: &[ValType]| {
            let types: Vec<_> = types.iter().map(ValType::to_string).collect();
            types.join(", ")
        };
        match self.types.get(ty as usize) {
            Some(Some(ty)) if ty.results().is_empty() => {
                format!("({}) -> nothing", list(ty.params()))
            }
            Some(Some(ty)) => format!("({}) -> {}", list(ty.params()), list(ty.results())),
            _ => "function".to_owned(),
        }
    }
}

fn i32_const(expression: &ConstExpr<'_>) -> Option<u64> {
    match expression.get_operators_reader().read().ok()? {
        Operator::I32Const { value } => u64::try_from(value).ok(),
        _ => None,
    }
}

fn section_name(payload: &Payload<'_>) -> Option<&'static str> {
    Some(match payload {
        Payload::TypeSection(_) => "type",
        Payload::ImportSection(_) => "import",
        Payload::FunctionSection(_) => "function",
        Payload::TableSection(_) => "table",
        Payload::MemorySection(_) => "memory",
        Payload::TagSection(_) => "tag",
        Payload::GlobalSection(_) => "global",
        Payload::ExportSection(_) => "export",
        Payload::StartSection { .. } => "start",
        Payload::ElementSection(_) => "element",
        Payload::DataCountSection { .. } => "data count",
        Payload::CodeSectionStart { .. } => "code",
        Payload::DataSection(_) => "data",
        _ => return None,
    })
}
