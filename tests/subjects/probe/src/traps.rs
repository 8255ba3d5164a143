//! The ways to end a VM: a trap, an endless loop, two kinds of stack overflow.

use std::hint::black_box;

/// The `unreachable` instruction.
pub(crate) fn unreachable() -> ! {
    core::arch::wasm32::unreachable()
}

/// Never returns (rule T8).
pub(crate) fn spin() -> ! {
    loop {
        black_box(());
    }
}

/// Overflows the stack that this module keeps in its memory (rule T6).
#[inline(never)]
pub(crate) fn overflow(depth: u32) -> u32 {
    let frame = black_box([depth; 64]);
    let below = match depth {
        u32::MAX => 0,
        _ => overflow(depth + 1),
    };
    below ^ frame.first().copied().unwrap_or(0)
}

/// Overflows the stack of the engine: its frames have nothing in memory (rule T6).
#[inline(never)]
pub(crate) fn overflow_engine(depth: u32) -> u32 {
    match depth {
        u32::MAX => 0,
        _ => overflow_engine(depth + 1).wrapping_mul(3) ^ depth,
    }
}
