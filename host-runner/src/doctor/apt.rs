//! Installs Debian packages, where there is apt-get and the right to use it: as root, or by a sudo that asks nothing.

use std::io::Write;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::command::{ask, run};

/// Refreshes the package lists (a fresh machine has none, or old ones) and installs the packages.
pub(super) fn install(packages: &[&str], out: &mut dyn Write) -> anyhow::Result<()> {
    let names = packages.join(" ");
    apt_get(&["update", "-qq"], out)
        .and_then(|()| {
            apt_get(
                &[
                    &["install", "-y", "-qq", "--no-install-recommends"],
                    packages,
                ]
                .concat(),
                out,
            )
        })
        .with_context(|| format!("cannot install the Debian packages {names}"))
}

fn apt_get(args: &[&str], out: &mut dyn Write) -> anyhow::Result<()> {
    run(
        out,
        privileged()?
            .args(["DEBIAN_FRONTEND=noninteractive", "apt-get"])
            .args(args),
    )
}

/// `env`, as root.
fn privileged() -> anyhow::Result<Command> {
    if ask("apt-get", &["--version"]).is_none() {
        bail!("this machine has no apt-get");
    }
    if ask("id", &["-u"]).as_deref() == Some("0") {
        return Ok(Command::new("env"));
    }
    if ask("sudo", &["-n", "true"]).is_none() {
        bail!("that needs root, and sudo is not there or would ask for a password");
    }
    let mut command = Command::new("sudo");
    command.args(["-n", "env"]);
    Ok(command)
}
