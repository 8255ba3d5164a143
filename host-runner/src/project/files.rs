//! The files of `sdk/template`: those that every project has, and those of each kind. `NAME` in a path is the filter's.

use super::Kind;

/// Where a file is to be, and its template.
pub(super) type File = (&'static str, &'static str);

macro_rules! template {
    ($path:literal) => {
        include_str!(concat!("../../../sdk/template/", $path))
    };
}

/// Every project's.
pub(super) const COMMON: [File; 7] = [
    ("Cargo.toml", template!("common/Cargo.toml")),
    ("Makefile", template!("common/Makefile")),
    ("README.md", template!("common/README.md")),
    (".gitignore", template!("common/.gitignore")),
    (
        ".github/workflows/ci.yml",
        template!("common/.github/workflows/ci.yml"),
    ),
    ("envoy.yaml", template!("common/envoy.yaml")),
    ("istio.yaml", template!("common/istio.yaml")),
];

const HTTP: [File; 4] = [
    ("src/lib.rs", template!("http/lib.rs")),
    (
        "configuration.schema.json",
        template!("http/configuration.schema.json"),
    ),
    ("configuration.json", template!("http/configuration.json")),
    ("scenarios/NAME.yaml", template!("http/scenario.yaml")),
];

const AUTH: [File; 4] = [
    ("src/lib.rs", template!("auth/lib.rs")),
    (
        "configuration.schema.json",
        template!("auth/configuration.schema.json"),
    ),
    ("configuration.json", template!("auth/configuration.json")),
    ("scenarios/NAME.yaml", template!("auth/scenario.yaml")),
];

const CALLOUT: [File; 4] = [
    ("src/lib.rs", template!("callout/lib.rs")),
    (
        "configuration.schema.json",
        template!("callout/configuration.schema.json"),
    ),
    (
        "configuration.json",
        template!("callout/configuration.json"),
    ),
    ("scenarios/NAME.yaml", template!("callout/scenario.yaml")),
];

const ACCESS_LOG: [File; 4] = [
    ("src/lib.rs", template!("access-log/lib.rs")),
    (
        "configuration.schema.json",
        template!("access-log/configuration.schema.json"),
    ),
    (
        "configuration.json",
        template!("access-log/configuration.json"),
    ),
    ("scenarios/NAME.yaml", template!("access-log/scenario.yaml")),
];

const TCP: [File; 4] = [
    ("src/lib.rs", template!("tcp/lib.rs")),
    (
        "configuration.schema.json",
        template!("tcp/configuration.schema.json"),
    ),
    ("configuration.json", template!("tcp/configuration.json")),
    ("scenarios/NAME.yaml", template!("tcp/scenario.yaml")),
];

// === impl Kind ===

impl Kind {
    pub(super) fn files(self) -> &'static [File] {
        match self {
            Self::Http => &HTTP,
            Self::Auth => &AUTH,
            Self::Callout => &CALLOUT,
            Self::AccessLog => &ACCESS_LOG,
            Self::Tcp => &TCP,
        }
    }

    /// Its plugin configuration, as JSON in one line.
    pub(super) fn configuration(self) -> &'static str {
        let text = match self {
            Self::Http => template!("http/configuration.json"),
            Self::Auth => template!("auth/configuration.json"),
            Self::Callout => template!("callout/configuration.json"),
            Self::AccessLog => template!("access-log/configuration.json"),
            Self::Tcp => template!("tcp/configuration.json"),
        };
        text.trim_ascii_end()
    }
}
