//! What the documents show is what the tests run.

use std::fs;

use meshwright_tests::root;

#[test]
fn the_example_in_the_scenario_guide_is_the_one_that_runs() {
    let guide = fs::read_to_string(root().join("docs/scenarios.md")).unwrap();
    let example = fs::read_to_string(root().join("tests/scenarios/example.yaml")).unwrap();
    assert!(guide.contains(&format!("```yaml\n{example}```\n")));
}

#[test]
fn the_makefile_helps_and_stays_short() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    assert!(makefile.lines().count() <= 60);
    let help = std::process::Command::new("make")
        .current_dir(root())
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for target in ["run", "envoy", "test", "bench", "lint"] {
        assert!(help.contains(&format!("make {target}")), "{help}");
    }
}
