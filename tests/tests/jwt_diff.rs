//! `jwt-auth` does what Envoy's native `jwt_authn` does, on Envoy and on host-runner: every case by rule, and some generated.

use meshwright_tests::build_module;
use meshwright_tests::jwt_diff::report::{Report, difference};
use meshwright_tests::jwt_diff::run::{Ran, Session, Verdict};
use meshwright_tests::jwt_diff::setups;

/// Generated cases; `make jwt-diff` has more.
const COUNT: usize = 300;

#[test]
fn jwt_auth_does_what_jwt_authn_does_but_for_the_listed_deviations() -> anyhow::Result<()> {
    let session = Session::start(setups(1, COUNT)?, &build_module("jwt-auth")?.path)?;
    let all = session.run()?;
    let report = Report::of(&all);
    let shown = |ran: &Ran| Some(difference(session.setups().get(ran.setup)?, ran));
    let different = all.iter().filter(|ran| ran.verdict == Verdict::Different);
    let different: Vec<String> = different.filter_map(shown).take(5).collect();
    assert!(report.cases() > COUNT, "{report}");
    assert!(different.is_empty(), "{}\n{report}", different.join("\n"));
    assert!(
        report.stale().is_empty(),
        "listed, but did not occur: {:?}",
        report.stale()
    );
    Ok(())
}
