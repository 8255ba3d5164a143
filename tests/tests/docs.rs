//! What the documents show is what the tests run.

use std::fs;

use meshwright::properties::{Row, TABLE};
use meshwright_tests::root;

#[test]
fn the_example_in_the_scenario_guide_is_the_one_that_runs() {
    let guide = fs::read_to_string(root().join("docs/scenarios.md")).unwrap();
    let example = fs::read_to_string(root().join("tests/scenarios/example.yaml")).unwrap();
    assert!(guide.contains(&format!("```yaml\n{example}```\n")));
}

#[test]
fn the_two_filters_side_by_side_are_those_that_run() {
    let page = fs::read_to_string(root().join("docs/side-by-side.md")).unwrap();
    let code = |path: &str, first: &str| {
        let source = fs::read_to_string(root().join(path)).unwrap();
        let filter = source.split("#[cfg(test)]").next().unwrap().to_owned();
        let start = filter.find(first).unwrap();
        format!("```rust\n{}\n```", filter.get(start..).unwrap().trim_end())
    };
    let ours = code("sdk/cookbook/ask-auth/src/lib.rs", "use std::time");
    let plain = code("tests/subjects/plain-ask-auth/src/lib.rs", "use std::rc");
    assert!(page.contains(&ours) && page.contains(&plain));
    // Without the two lines around it.
    assert!(ours.lines().count() - 2 <= 25, "{ours}");
}

#[test]
fn the_table_of_properties_is_that_of_the_code() {
    let page = fs::read_to_string(root().join("docs/properties.md")).unwrap();
    let (_, table) = page.split_once("|---|---|---|---|\n").unwrap();
    let rows: String = TABLE.iter().map(row).collect();
    assert_eq!(table, rows, "copy this into docs/properties.md:\n{rows}");
}

fn row(row: &Row) -> String {
    let path = row.path.replace('\0', ".");
    let when = row.when.map(|when| format!(", {when}")).unwrap_or_default();
    let Row { holds, phases, .. } = row;
    let phases = phases.join(", ");
    format!(
        "| `{path}` | `{holds}` | {phases}{when} | {} |\n",
        row.says.trim()
    )
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
