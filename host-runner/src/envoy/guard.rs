//! Ends Envoy when host-runner itself ends without a chance to (SIGKILL, a crash): nothing may be left behind.
//! A shell waits on a pipe that only host-runner holds open; when it closes, the shell kills Envoy and cleans up.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

const SCRIPT: &str = r#"read -r _; kill -9 "$1"; rm -rf -- "$2""#;

/// Watches over one process and its folder until dropped; dropping it does no harm to either.
#[derive(Debug)]
pub(super) struct Guard {
    shell: Child,
}

// === impl Guard ===

impl Guard {
    pub(super) fn over(process: u32, folder: &Path) -> anyhow::Result<Self> {
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "meshwright-guard", &process.to_string()])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Out of the terminal's group, so that Ctrl-C reaches host-runner alone.
            .process_group(0)
            .spawn()
            .context("cannot start `sh` to watch over Envoy")?;
        Ok(Self { shell })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Killed before its pipe closes, so that it never acts on a process id that may be someone else's by then.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_the_pipe_closes_the_process_and_its_folder_are_gone() {
        let folder = tempfile::tempdir().unwrap().keep();
        let mut process = Command::new("sleep").arg("600").spawn().unwrap();
        let mut guard = Guard::over(process.id(), &folder).unwrap();
        drop(guard.shell.stdin.take());
        assert!(!process.wait().unwrap().success());
        guard.shell.wait().unwrap();
        assert!(!folder.exists());
    }

    #[test]
    fn a_dropped_guard_leaves_the_process_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new("sleep").arg("600").spawn().unwrap();
        drop(Guard::over(process.id(), folder.path()).unwrap());
        assert!(process.try_wait().unwrap().is_none());
        process.kill().unwrap();
        process.wait().unwrap();
    }
}
