//! wasmtime, set up to accept what Envoy's V8 accepts (rule K5) and to count and interrupt what is to be.

use std::num::NonZeroUsize;

use anyhow::anyhow;
use wasmtime::{Config, Engine, Inlining};

use super::cache;
use super::options::EngineOptions;

/// As many frames of a trap as Envoy shows (rule T6).
const FRAMES: usize = 20;

pub(super) fn engine(options: &EngineOptions) -> anyhow::Result<Engine> {
    let mut config = Config::new();
    config.wasm_backtrace_max_frames(NonZeroUsize::new(FRAMES));
    // The two that V8 lacks; all else that it has is wasmtime's default.
    config.wasm_wide_arithmetic(false);
    config.wasm_stack_switching(false);
    config.shared_memory(true);
    // For debuggers and profilers of the host; wasmtime's own backtraces do without.
    config.native_unwind_info(false);
    // Every turn of a loop looks at the epoch, so only where somebody asks for it.
    config.epoch_interruption(options.callback_limit.is_some());
    config.consume_fuel(options.metering);
    if options.inlining {
        config.compiler_inlining(Inlining::Yes);
    }
    // Instances are made on demand, in 20 to 60 us. A pool saves half of that, and would limit tables, memories per
    // module and VMs where Envoy does not.
    config.memory_init_cow(true);
    config.cache(cache::open(&options.cache));
    Engine::new(&config).map_err(|error| anyhow!("cannot start wasmtime: {error:#}"))
}
