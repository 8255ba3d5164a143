//! Debian's way to wasm32-wasip1, for machines where rustup cannot download: distribution packages, and the standard
//! library compiled from its source along with the modules (about a minute, once per target folder).

use std::path::Path;
use std::process::Command;

use crate::command::ask;

/// The linker for modules, of the package `lld-22`.
pub(crate) const LINKER: &str = "/usr/bin/wasm-ld-22";

const RUSTC: &str = "/usr/bin/rustc";

/// Each package with a file that is there when the package is.
const PACKAGES: [(&str, &str); 5] = [
    ("cargo-web", "/usr/bin/cargo"),
    ("rustc-web", RUSTC),
    (
        "rust-web-src",
        "/usr/lib/rustlib/src/rust/library/Cargo.lock",
    ),
    ("wasi-libc", "/usr/lib/wasm32-wasi/libc.a"),
    ("lld-22", LINKER),
];

/// What the rustup proxies and `cargo run` leave in the environment would lead Debian's cargo to the other rustc.
const FOREIGN_VARIABLES: [&str; 3] = ["RUSTUP_TOOLCHAIN", "CARGO", "LD_LIBRARY_PATH"];

/// The packages still to be installed, or to be upgraded; none when the route is complete.
pub(crate) fn missing_packages() -> Vec<&'static str> {
    let is_missing =
        |(package, file): &(&str, &str)| !Path::new(file).exists() || is_too_old(package);
    PACKAGES
        .into_iter()
        .filter(is_missing)
        .map(|(package, _)| package)
        .collect()
}

/// Debian's original packages carry an older Rust than its security updates do.
fn is_too_old(package: &str) -> bool {
    package == "rustc-web"
        && !ask(RUSTC, &["--version"]).is_some_and(|version| super::is_new_enough(&version))
}

/// Debian's cargo, set up so that it compiles the standard library and finds wasi-libc and the linker.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new("/usr/bin/cargo");
    for variable in FOREIGN_VARIABLES {
        cargo.env_remove(variable);
    }
    cargo
        .env("RUSTC", RUSTC)
        // `-Zbuild-std` is for nightly compilers only; this lets a stable one take it.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_WASM32_WASIP1_LINKER", LINKER)
        .env(
            "CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS",
            "-Clink-self-contained=no -Lnative=/usr/lib/wasm32-wasi",
        );
    cargo
}
