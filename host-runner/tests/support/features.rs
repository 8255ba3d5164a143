//! Which proposals of WebAssembly Envoy's engine takes (rule K5).

use wasm_encoder::Instruction::{
    self, Drop, F32x4RelaxedMin, F32x4Splat, I32Const, I32x4ExtractLane, I32x4Splat, I64Add128,
    I64Const, I64MulWideS, RefNull, ReturnCall, StructNewDefault,
};
use wasm_encoder::{HeapType, MemArg};

use super::{LoadCase, filter, loads, refused};
use crate::wasm::Wasm;

pub(super) fn features() -> Vec<LoadCase> {
    let address = MemArg {
        offset: 0,
        align: 2,
        memory_index: 0,
    };
    let with = |body: &[Instruction<'_>]| filter().export("test", "->", body);
    vec![
        loads("K5 SIMD", with(&[I32Const(1), I32x4Splat, Drop])),
        loads(
            "K5 relaxed SIMD",
            with(&[
                Instruction::F32Const(1.0.into()),
                F32x4Splat,
                Instruction::F32Const(1.0.into()),
                F32x4Splat,
                F32x4RelaxedMin,
                I32x4ExtractLane(0),
                Drop,
            ]),
        ),
        loads("K5 sign extension", {
            with(&[I32Const(1), Instruction::I32Extend8S, Drop])
        }),
        loads("K5 bulk memory", {
            with(&[
                I32Const(0),
                I32Const(0),
                I32Const(0),
                Instruction::MemoryFill(0),
            ])
        }),
        loads("K5 several results", filter().export("test", "->iI", &[])),
        loads(
            "K5 tail calls",
            filter().export("test", "->", &[ReturnCall(0)]),
        ),
        loads(
            "K5 garbage collection",
            Wasm::default()
                .struct_type()
                .export("proxy_abi_version_0_2_1", "->", &[])
                .memory("memory", 1, None)
                .export("malloc", "i->i", &[])
                .export("test", "->", &[StructNewDefault(0), Drop]),
        ),
        loads("K5 reference types", {
            with(&[RefNull(HeapType::EXTERN), Drop])
        }),
        loads("K5 a shared memory beside it", filter().shared_memory()),
        loads("K5 several memories", filter().memory("", 1, None)),
        loads("K5 a memory with 64-bit addresses", filter().memory64()),
        loads("K5 atomics on a memory that is not shared", {
            with(&[I32Const(0), Instruction::I32AtomicLoad(address), Drop])
        }),
        refused(
            "K5 wide arithmetic, addition",
            "can compile",
            with(&[
                I64Const(1),
                I64Const(1),
                I64Const(1),
                I64Const(1),
                I64Add128,
                Drop,
                Drop,
            ]),
        ),
        refused(
            "K5 wide arithmetic, multiplication",
            "can compile",
            with(&[I64Const(1), I64Const(1), I64MulWideS, Drop, Drop]),
        ),
        refused(
            "K5 stack switching",
            "can compile",
            filter().continuation_type(),
        ),
    ]
}
