//! How modules are loaded and run: what is counted, what is limited, which host is played. The defaults are Envoy's,
//! with one guard that Envoy lacks: a callback that never ends is interrupted (rule T8).

use std::path::PathBuf;
use std::time::Duration;

use crate::profile::Profile;

/// How an engine loads and runs modules.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Counts what every callback costs: fuel (a deterministic measure of the instructions it ran), memory and hostcalls.
    /// Makes all code slower, so only who asks for budgets pays for it.
    pub metering: bool,
    /// Compiles functions into their callers, as V8 does: for who serves long. Compiling takes twice as long, a request
    /// whose token is checked by RSA a quarter less, and backtraces may lack the frames of what was inlined.
    pub inlining: bool,
    /// A callback that runs longer fails its VM; none lets it run for ever, as Envoy does.
    pub callback_limit: Option<Duration>,
    /// Bytes that each memory of a VM may grow to.
    pub max_memory: u64,
    /// Imports, as `env.foo`, that may be missing: the module loads, and a call of one traps with its name.
    pub stub_imports: Vec<String>,
    /// The host that is played: what it lacks, modules lack.
    pub profile: Profile,
    /// Where compiled modules are kept between runs.
    pub cache: ModuleCache,
}

/// Where compiled modules are kept, so that an unchanged one is compiled once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ModuleCache {
    /// In our folder of the user's cache; nowhere, when there is none or it cannot be written.
    #[default]
    User,
    /// In that folder, which must be an absolute path.
    Folder(PathBuf),
    /// Nowhere.
    Off,
}

/// 16 384 pages, which is what Envoy allows (rule V8).
pub const MAX_MEMORY: u64 = 1 << 30;

/// Far longer than any callback takes that a proxy could bear.
pub const CALLBACK_LIMIT: Duration = Duration::from_secs(10);

// === impl EngineOptions ===

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            metering: false,
            inlining: false,
            callback_limit: Some(CALLBACK_LIMIT),
            max_memory: MAX_MEMORY,
            stub_imports: Vec::new(),
            profile: Profile::default(),
            cache: ModuleCache::default(),
        }
    }
}
