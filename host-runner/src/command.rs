//! Runs other programs in the open: each command line is printed before it runs, and a failure repeats it.
//! For what changes the machine (`doctor --fix`) or takes long (`build`).

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// Runs a command whose output goes straight to the terminal (to standard error, which is for progress).
pub(crate) fn run(out: &mut dyn Write, command: &mut Command) -> anyhow::Result<()> {
    let line = announce(out, command)?;
    command.stdin(Stdio::null()).stdout(std::io::stderr());
    let status = command
        .status()
        .with_context(|| format!("cannot run `{line}`"))?;
    match status.success() {
        true => Ok(()),
        false => bail!("`{line}` failed ({status})"),
    }
}

/// Runs a command and returns what it wrote to standard output; when it fails, all it wrote is part of the error.
pub(crate) fn capture(out: &mut dyn Write, command: &mut Command) -> anyhow::Result<String> {
    let line = announce(out, command)?;
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run `{line}`"))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.success() {
        true => Ok(stdout),
        false => {
            let stderr = String::from_utf8_lossy(&output.stderr);
            bail!(
                "`{line}` failed ({}):\n{stdout}{}",
                output.status,
                stderr.trim_end()
            )
        }
    }
}

/// What a command answers on standard output, without line break; none when it cannot run or fails.
pub(crate) fn ask(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let answer = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(answer)
}

fn announce(out: &mut dyn Write, command: &Command) -> anyhow::Result<String> {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line = words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ");
    writeln!(out, "$ {line}")?;
    out.flush()?;
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_command_is_announced_before_it_runs() {
        let mut out = Vec::new();
        assert_eq!(
            capture(&mut out, &mut shell("echo hello")).unwrap(),
            "hello\n"
        );
        assert_eq!(out, b"$ sh -c echo hello\n");
    }

    #[test]
    fn a_failing_command_repeats_what_it_said() {
        let error = capture(&mut Vec::new(), &mut shell("echo oops >&2; exit 3")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`sh -c echo oops >&2; exit 3` failed (exit status: 3):\noops"
        );
    }

    #[test]
    fn a_program_that_is_not_there_has_no_answer() {
        assert_eq!(ask("meshwright-no-such-program", &[]), None);
    }
}
