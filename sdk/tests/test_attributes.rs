//! What stands above a `#[meshwright::test]` is about its tests, the function, or both.

#![expect(clippy::panic, reason = "a test fails by it")]

use meshwright::prelude::*;
use meshwright::testing::Host;

struct Plain;

impl Filter for Plain {
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl OnRequest for Plain {
    async fn on_request(&self, _: Request<Self>) -> Result<Flow, Error> {
        Ok(Flow::Continue)
    }
}

meshwright::main!(Plain: OnRequest);

#[meshwright::test(Plain)]
#[ignore = "so that it is seen that it is not run"]
fn what_is_ignored_is_not_run(_: Host) {
    panic!("it was run");
}

#[meshwright::test(Plain)]
#[cfg_attr(all(), ignore = "under a condition")]
fn what_is_ignored_under_a_condition_is_not_run(_: Host) {
    panic!("it was run");
}

#[meshwright::test(Plain)]
#[should_panic(expected = "as it should")]
fn what_should_panic_passes_when_it_does(_: Host) {
    panic!("as it should");
}

#[cfg(any())]
#[meshwright::test(Plain)]
fn what_is_not_there_above_is_not_compiled(_: NoSuchHost) {}

#[meshwright::test(Plain)]
#[cfg(any())]
fn what_is_not_there_below_is_not_compiled(_: NoSuchHost) {}

/// A function is documented as others are.
#[meshwright::test(Plain)]
/// Wherever that stands.
#[expect(clippy::assertions_on_constants, reason = "it is the function's")]
fn lints_are_expected_of_the_function(_: Host) {
    assert!(true);
}
