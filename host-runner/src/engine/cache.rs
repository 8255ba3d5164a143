//! Compiled modules kept on disk, by wasmtime's own cache: its key is the module's hash with the compiler's version and
//! flags, its files are written aside and renamed, and one that cannot be read is compiled anew.

use std::path::PathBuf;

use wasmtime::{Cache, CacheConfig};

use super::options::ModuleCache;
use crate::envoy::locate::Places;

/// Of zstd's levels.
const FASTEST: i32 = 1;

/// The cache, or none where there can be none: a module is then compiled at every start, which is all that is lost.
pub(super) fn open(cache: &ModuleCache) -> Option<Cache> {
    let mut config = CacheConfig::new();
    config
        .with_directory(folder(cache)?)
        // Reading quickly is what it is for; often used files would be compressed again, more tightly.
        .with_baseline_compression_level(FASTEST)
        .with_optimized_compression_level(FASTEST);
    Cache::new(config).ok()
}

fn folder(cache: &ModuleCache) -> Option<PathBuf> {
    match cache {
        ModuleCache::User => Some(Places::from_environment().home()?.join("modules")),
        ModuleCache::Folder(folder) => Some(folder.clone()),
        ModuleCache::Off => None,
    }
}
