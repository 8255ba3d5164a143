//! The `log` crate's logger, writing to the host.

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::hostcalls::host;

struct HostLogger;

/// Routes `log` and panics to the host's log. The host decides which levels it keeps.
pub(crate) fn install() {
    if log::set_logger(&HostLogger).is_err() {
        return;
    }
    log::set_max_level(LevelFilter::Debug);
    // A native test prints panics itself.
    #[cfg(target_arch = "wasm32")]
    std::panic::set_hook(Box::new(|panic| write(5, &panic.to_string())));
}

// === impl HostLogger ===

impl Log for HostLogger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        write(wire_level(record.level()), &record.args().to_string());
    }

    fn flush(&self) {}
}

fn wire_level(level: Level) -> u32 {
    match level {
        Level::Trace => 0,
        Level::Debug => 1,
        Level::Info => 2,
        Level::Warn => 3,
        Level::Error => 4,
    }
}

// A host that refuses to log is left alone, since there is nowhere to say so.
fn write(level: u32, message: &str) {
    let _ = host().log(level, message.as_bytes());
}
