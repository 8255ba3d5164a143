//! The rule map of the conformance engine is complete: each rule has a script, another test, or a reason.

use meshwright_tests::conformance::Group;
use meshwright_tests::conformance::rules::Rules;
use meshwright_tests::root;

#[test]
fn every_rule_has_a_script_or_a_reason() {
    let folder = root().join("tests/conformance");
    let groups = Group::read_all(&folder.join("scripts")).unwrap();
    Rules::read(&folder).unwrap().check(&groups).unwrap();
    let scripts: usize = groups.iter().map(|group| group.scripts.len()).sum();
    assert!(scripts >= 300, "{scripts} scripts");
}
