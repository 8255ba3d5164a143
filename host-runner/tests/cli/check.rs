//! `check`: whether a filter takes its configuration, and where in the file it does not.

use wasm_encoder::Instruction;

use crate::command::{ALLOW_ALL, DEMO, Folder, Seen, modules, scenario};
use crate::wasm::Wasm;

fn check(files: &[(&str, &str)], arguments: &[&str]) -> Seen {
    let files: Vec<_> = files
        .iter()
        .map(|(name, text)| (*name, text.as_bytes()))
        .collect();
    let fixed = ["check", "--wasm-dir", modules()];
    Folder::with(&files).run(&[&fixed[..], arguments].concat())
}

#[test]
fn a_configuration_that_fits_is_fine_in_every_form() {
    let files = [
        ("c.json", r#"{"requests": 5, "seconds": 60}"#),
        ("c.yaml", "requests: 5\nseconds: 60\n"),
    ];
    check(&files, &["rate-limit", "c.json"]).has(0, &["ok: rate-limit takes c.json\n"]);
    check(&files, &["rate-limit", "c.yaml"]).has(0, &["ok: rate-limit takes c.yaml\n"]);
    for file in ["c.json", "c.yaml"] {
        let seen = check(
            &files,
            &["rate-limit", file, "--configuration-as", "struct"],
        );
        seen.has(0, &["ok: rate-limit"]);
    }
    let module = format!("{}/echo-path.wasm", modules());
    check(&[], &[&module]).has(0, &["ok: echo-path starts without a configuration"]);
}

#[test]
fn a_value_that_does_not_fit_is_shown_in_its_file() {
    let files = [
        ("c.json", "{\n  \"requests\": 5,\n  \"seconds\": \"x\"\n}"),
        ("c.yaml", "requests: 5\n# more\nseconds: 1.5\n"),
        ("list.json", "[1]"),
    ];
    check(&files, &["rate-limit", "c.json"]).has(
        1,
        &[
            "c.json:3:3: configuration rejected: at /seconds: invalid type: string \"x\", expected u64\n",
            "3 |   \"seconds\": \"x\"\n  |   ^\n",
            "refused: rate-limit does not start\n",
        ],
    );
    for form in ["text", "struct"] {
        let seen = check(
            &files,
            &["rate-limit", "c.yaml", "--configuration-as", form],
        );
        seen.has(
            1,
            &["c.yaml:3:1: configuration rejected: at /seconds: invalid type: floating"],
        );
    }
    let seen = check(
        &files,
        &["rate-limit", "list.json", "--configuration-as", "struct"],
    );
    seen.has(
        2,
        &["list.json:1:1: a configuration as a struct is a mapping"],
    );
}

#[test]
fn what_has_no_pointer_is_shown_where_the_text_is_wrong() {
    let files = [
        ("short.json", "{\"requests\": 1}"),
        ("broken.json", "{\n  \"requests\": 5,,\n}"),
        ("short.yaml", "# nothing\nrequests: 1\n"),
        ("empty.json", ""),
    ];
    let seen = |file| check(&files, &["rate-limit", file]);
    seen("short.json").has(
        1,
        &["short.json:1:15: configuration rejected: missing field `seconds`"],
    );
    seen("broken.json").has(
        1,
        &["broken.json:2:17: configuration rejected: key must be a string"],
    );
    seen("short.yaml").has(
        1,
        &["short.yaml:2:1: configuration rejected: missing field `seconds`"],
    );
    seen("empty.json").has(
        1,
        &["empty.json: configuration rejected: missing field `requests`"],
    );
    seen("none.json").has(2, &["none.json: cannot read it"]);
}

#[test]
fn a_module_that_cannot_be_started_is_an_error() {
    let trap = Wasm::filter("0_2_1")
        .export("proxy_on_configure", "ii->i", &[Instruction::Unreachable])
        .finish();
    let silent = Wasm::filter("0_2_1")
        .export("proxy_on_configure", "ii->i", &[Instruction::I32Const(0)])
        .finish();
    let folder = Folder::with(&[
        ("trap.wasm", &trap),
        ("silent.wasm", &silent),
        ("text.wasm", b"text"),
    ]);
    let check = |module| folder.run(&["check", module]);
    check("trap.wasm").has(1, &["unreachable", "refused: trap does not start"]);
    check("silent.wasm").has(1, &["it logged no reason\nrefused: silent does not start"]);
    check("text.wasm").has(2, &["`text.wasm` is not a WebAssembly module"]);
    check("none").has(2, &["`host-runner build` compiles it", "none.wasm"]);
}

#[test]
fn a_call_at_start_is_said() {
    let script = "f.http_call auth :method=GET,:path=/,:authority=a - - 1000";
    let files = [("script", script)];
    check(&files, &["probe", "script"])
        .has(0, &["it calls `auth` when it starts, which is refused"]);
    check(&files, &["probe", "script", "--cluster", "auth"]).has(
        0,
        &["it calls `auth` when it starts, which nobody answers here"],
    );
}

#[test]
fn the_plugins_of_a_scenario_or_a_mesh_are_all_started() {
    let good = scenario(ALLOW_ALL, "status: 200");
    let bad = scenario("{policies: [{name: 5}]}", "status: 200");
    let files = [("good.yaml", good.as_str()), ("bad.yaml", bad.as_str())];
    check(&files, &["good.yaml"]).has(0, &["ok: good/authz starts"]);
    check(&files, &["bad.yaml"]).has(
        1,
        &["bad.yaml:3:31: configuration rejected: at /policies/0/name: invalid type"],
    );
    check(&files, &["good.yaml", "c.json"]).has(2, &["configurations and clusters of its own"]);
    let mesh = format!("{DEMO}/mesh.yaml");
    check(&[], &[&mesh]).has(
        0,
        &[
            "ok: bookinfo/jwt-auth starts",
            "ok: bookinfo/ab-router starts",
        ],
    );
}
