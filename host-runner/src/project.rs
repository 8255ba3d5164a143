//! New projects: the files of `sdk/template`, filled in.

mod files;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, context};

use self::files::COMMON;

/// What a new filter does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Sets headers of requests and responses.
    #[default]
    Http,
    /// Lets requests pass or not.
    Auth,
    /// Asks a service whether a request may pass.
    Callout,
    /// Logs exchanges.
    AccessLog,
    /// Lets TCP connections pass or not.
    Tcp,
}

/// A project that is to be.
#[derive(Debug)]
pub(crate) struct Project {
    folder: PathBuf,
    name: String,
    kind: Kind,
    sdk: PathBuf,
}

/// Names of what the code of a filter uses, and of Rust itself.
const TAKEN: [&str; 26] = [
    "answer",
    "call",
    "client-request",
    "config",
    "connection",
    "conversation",
    "error",
    "exchange",
    "fault",
    "filter",
    "flow",
    "headers",
    "host",
    "local-reply",
    "log",
    "log-entry",
    "meshwright",
    "passage",
    "reply",
    "request",
    "response",
    "self",
    "serde",
    "talk",
    "test",
    "value",
];

/// The SDK beside host-runner's own sources.
const SDK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../sdk");

// === impl Project ===

impl Project {
    pub(crate) fn new(folder: &Path, kind: Kind, sdk: Option<PathBuf>) -> anyhow::Result<Self> {
        if folder.exists() {
            bail!("`{}` is there already", folder.display());
        }
        let name = folder.file_name().and_then(|name| name.to_str());
        let name = name.filter(|name| is_package_name(name)).with_context(|| {
            format!(
                "`{}` is no name for a package: small letters, digits and `-`, a letter first",
                folder.display()
            )
        })?;
        if TAKEN.contains(&name) {
            bail!("`{name}` is the name of something that every filter uses; take another");
        }
        let sdk = sdk.unwrap_or_else(|| SDK.into());
        let sdk = sdk.canonicalize().with_context(|| {
            format!(
                "there is no SDK in `{}`; say where it is with `--sdk`",
                sdk.display()
            )
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            name: name.to_owned(),
            kind,
            sdk,
        })
    }

    /// Writes all files, once every template has been filled.
    pub(crate) fn write(&self) -> anyhow::Result<()> {
        let files = COMMON.iter().chain(self.kind.files());
        let files = files.map(|(path, text)| {
            let text = self.fill(text);
            Ok((
                *path,
                text.with_context(|| format!("in the template of `{path}`"))?,
            ))
        });
        for (path, text) in files.collect::<anyhow::Result<Vec<_>>>()? {
            let path = self.folder.join(path.replace("NAME", &self.name));
            let parent = path.parent().unwrap_or(&self.folder);
            std::fs::create_dir_all(parent)
                .with_context(|| format!("cannot make `{}`", parent.display()))?;
            std::fs::write(&path, text)
                .with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        Ok(())
    }

    fn fill(&self, text: &str) -> anyhow::Result<String> {
        let host_runner = std::env::current_exe().context("cannot tell where this program is")?;
        let called = self.kind.called();
        let all: Vec<_> = std::iter::once("upstream")
            .chain(called.iter().copied())
            .collect();
        let flags = called.iter().zip(9001..);
        let flags = flags.map(|(name, port)| format!(" --cluster {name}=127.0.0.1:{port}"));
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_syntax(
            SyntaxConfig::builder()
                .keep_trailing_newline(true)
                .build()?,
        );
        Ok(environment.render_str(
            text,
            context! {
                name => self.name.as_str(),
                type => type_name(&self.name),
                sdk => format!("{{ path = {:?} }}", self.sdk.to_string_lossy()),
                host_runner => host_runner.to_string_lossy(),
                configuration => self.kind.configuration(),
                clusters => flags.collect::<String>(),
                all_clusters => all,
                phase => self.kind.phase(),
                tcp => self.kind == Kind::Tcp,
            },
        )?)
    }
}

// === impl Kind ===

impl Kind {
    // What its filter calls.
    fn called(self) -> &'static [&'static str] {
        match self {
            Self::Callout => &["auth"],
            Self::Http | Self::Auth | Self::AccessLog | Self::Tcp => &[],
        }
    }

    // Where Istio puts it.
    fn phase(self) -> &'static str {
        match self {
            Self::Auth | Self::Callout => "AUTHN",
            Self::AccessLog => "STATS",
            Self::Http | Self::Tcp => "UNSPECIFIED_PHASE",
        }
    }
}

// As cargo has them, and cluster and plugin names may be.
fn is_package_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.starts_with(|first: char| first.is_ascii_lowercase()) && name.bytes().all(is_allowed)
}

// `my-filter` is `MyFilter`.
fn type_name(name: &str) -> String {
    let words = name.split('-');
    let capitalised = words.map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    });
    capitalised.collect()
}
