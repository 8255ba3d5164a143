use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::suite::Suite;
use crate::listener::{Cluster, Listener, Route};

mod loading;
mod proxy;
mod running;

const PEM: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";

/// A folder with the files a scenario needs, and one scenario file.
struct Folder {
    folder: TempDir,
}

impl Folder {
    fn with(scenario: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let this = Self { folder };
        for module in ["jwt-auth", "authz", "ab-router"] {
            this.write(&format!("wasm/{module}.wasm"), "not read");
        }
        this.write("tests/keys/demo.pem", PEM);
        this.write("tests/scenarios/sub/case.yaml", scenario);
        this
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn load(&self) -> anyhow::Result<Suite> {
        Suite::load(&[self.path("tests/scenarios")], &self.path("wasm"), &mesh)
    }

    /// The error of loading, without the folder in it.
    fn error(&self) -> String {
        let folder = format!("{}/", self.path("tests/scenarios/sub").display());
        self.load().unwrap_err().to_string().replace(&folder, "")
    }
}

fn mesh(path: &Path) -> anyhow::Result<Listener> {
    anyhow::ensure!(
        path.ends_with("mesh.yaml"),
        "no mesh at `{}`",
        path.file_name().unwrap().display()
    );
    Ok(Listener {
        name: "mesh".to_owned(),
        address: ([127, 0, 0, 1], 1).into(),
        plugins: Vec::new(),
        routes: vec![Route {
            name: String::new(),
            state: None,
            cluster: "reviews-v1".to_owned(),
        }],
        clusters: vec![Cluster::new("reviews-v1", ([127, 0, 0, 1], 1).into())],
        ..Listener::default()
    })
}

fn error(scenario: &str) -> String {
    Folder::with(scenario).error()
}

fn none(_: &mut http::Request<bytes::Bytes>) {}

/// What running the cases on one proxy, or on two, says about each failed one.
fn failures(scenario: &str, quirks: &[proxy::Quirk]) -> Vec<String> {
    let suite = Folder::with(scenario).load().unwrap();
    let listeners = suite.listeners();
    let names = ["runner", "envoy"];
    let subjects = names
        .iter()
        .zip(quirks)
        .map(|(name, quirk)| proxy::Proxy::start(name, &listeners, *quirk, *name == "runner"));
    let jobs = suite.jobs(subjects.collect(), None).into_iter();
    jobs.filter_map(|job| (job.run)().err()).collect()
}

fn holds(scenario: &str) {
    assert_eq!(failures(scenario, &[none]), Vec::<String>::new());
}
