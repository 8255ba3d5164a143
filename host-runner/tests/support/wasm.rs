//! Modules made to measure, for tests of how modules are loaded: a minimal filter, and what a test adds to or leaves
//! out of it.

use wasm_encoder::{
    CodeSection, ConstExpr, ContType, CustomSection, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, GlobalSection, GlobalType, ImportSection, Instruction,
    MemorySection, MemoryType, Module, RefType, StartSection, TableSection, TableType, TypeSection,
    ValType,
};

/// A module under construction. Imports come before functions, as their indices do.
#[derive(Debug, Default, Clone)]
pub(crate) struct Wasm {
    types: TypeSection,
    type_count: u32,
    imports: ImportSection,
    imported_functions: u32,
    functions: FunctionSection,
    function_count: u32,
    tables: TableSection,
    memories: MemorySection,
    globals: GlobalSection,
    exports: ExportSection,
    start: Option<u32>,
    code: CodeSection,
    custom: Vec<(String, Vec<u8>)>,
}

// === impl Wasm ===

impl Wasm {
    /// A module of that ABI version (`0_2_1`) with a memory and an allocator, which is all that a filter must have.
    pub(crate) fn filter(version: &str) -> Self {
        Self::default()
            .export(&format!("proxy_abi_version_{version}"), "->", &[])
            .memory("memory", 1, None)
            .export("malloc", "i->i", &[])
    }

    /// Imports a function; `signature` is `params->results`, `i` for i32 and `I` for i64.
    pub(crate) fn import(mut self, module: &str, name: &str, signature: &str) -> Self {
        let ty = self.function_type(signature);
        self.imports.import(module, name, EntityType::Function(ty));
        self.imported_functions += 1;
        self
    }

    pub(crate) fn import_memory(mut self, module: &str, name: &str, pages: u64) -> Self {
        self.imports.import(module, name, memory_type(pages, None));
        self
    }

    pub(crate) fn import_table(mut self, module: &str, name: &str) -> Self {
        self.imports.import(module, name, table_type(1));
        self
    }

    pub(crate) fn import_global(mut self, module: &str, name: &str) -> Self {
        self.imports.import(module, name, GLOBAL);
        self
    }

    /// Exports a function. Without a body it returns 1 where it returns something.
    pub(crate) fn export(mut self, name: &str, signature: &str, body: &[Instruction<'_>]) -> Self {
        let index = self.add_function(signature, body);
        self.exports.export(name, ExportKind::Func, index);
        self
    }

    /// Has a function run when the module is instantiated.
    pub(crate) fn start(mut self, body: &[Instruction<'_>]) -> Self {
        self.start = Some(self.add_function("->", body));
        self
    }

    /// A memory, exported unless its name is empty.
    pub(crate) fn memory(mut self, name: &str, pages: u64, maximum: Option<u64>) -> Self {
        self.memories.memory(memory_type(pages, maximum));
        if !name.is_empty() {
            let index = self.memories.len() - 1;
            self.exports.export(name, ExportKind::Memory, index);
        }
        self
    }

    pub(crate) fn shared_memory(mut self) -> Self {
        let ty = MemoryType {
            shared: true,
            ..memory_type(1, Some(2))
        };
        self.memories.memory(ty);
        self
    }

    pub(crate) fn memory64(mut self) -> Self {
        let ty = MemoryType {
            memory64: true,
            ..memory_type(1, None)
        };
        self.memories.memory(ty);
        self
    }

    pub(crate) fn table(mut self, elements: u64) -> Self {
        self.tables.table(table_type(elements));
        self
    }

    /// Exports a constant.
    pub(crate) fn global(mut self, name: &str) -> Self {
        self.globals.global(GLOBAL, &ConstExpr::i32_const(0));
        let index = self.globals.len() - 1;
        self.exports.export(name, ExportKind::Global, index);
        self
    }

    /// A type with a struct in it.
    pub(crate) fn struct_type(mut self) -> Self {
        self.types.ty().struct_(Vec::new());
        self.type_count += 1;
        self
    }

    /// A type of the stack-switching proposal.
    pub(crate) fn continuation_type(mut self) -> Self {
        let function = self.function_type("->");
        self.types.ty().cont(&ContType(function));
        self.type_count += 1;
        self
    }

    pub(crate) fn custom(mut self, name: &str, bytes: &[u8]) -> Self {
        self.custom.push((name.to_owned(), bytes.to_vec()));
        self
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        let mut module = Module::new();
        module
            .section(&self.types)
            .section(&self.imports)
            .section(&self.functions)
            .section(&self.tables)
            .section(&self.memories)
            .section(&self.globals)
            .section(&self.exports);
        if let Some(function_index) = self.start {
            module.section(&StartSection { function_index });
        }
        module.section(&self.code);
        for (name, bytes) in &self.custom {
            module.section(&CustomSection {
                name: name.into(),
                data: bytes.into(),
            });
        }
        module.finish()
    }

    fn add_function(&mut self, signature: &str, body: &[Instruction<'_>]) -> u32 {
        let ty = self.function_type(signature);
        self.functions.function(ty);
        let mut function = Function::new([]);
        for instruction in body {
            function.instruction(instruction);
        }
        if body.is_empty() {
            for result in value_types(halves(signature).1) {
                function.instruction(&match result {
                    ValType::I64 => Instruction::I64Const(1),
                    _ => Instruction::I32Const(1),
                });
            }
        }
        function.instruction(&Instruction::End);
        self.code.function(&function);
        self.function_count += 1;
        self.imported_functions + self.function_count - 1
    }

    fn function_type(&mut self, signature: &str) -> u32 {
        let (params, results) = halves(signature);
        self.types
            .ty()
            .function(value_types(params), value_types(results));
        self.type_count += 1;
        self.type_count - 1
    }
}

const GLOBAL: GlobalType = GlobalType {
    val_type: ValType::I32,
    mutable: false,
    shared: false,
};

// Of `params->results`.
fn halves(signature: &str) -> (&str, &str) {
    signature.split_once("->").unwrap_or((signature, ""))
}

fn value_types(letters: &str) -> Vec<ValType> {
    let of = |letter| match letter {
        'I' => ValType::I64,
        _ => ValType::I32,
    };
    letters.chars().map(of).collect()
}

fn memory_type(minimum: u64, maximum: Option<u64>) -> MemoryType {
    MemoryType {
        minimum,
        maximum,
        memory64: false,
        shared: false,
        page_size_log2: None,
    }
}

fn table_type(minimum: u64) -> TableType {
    TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum,
        maximum: None,
        shared: false,
    }
}
