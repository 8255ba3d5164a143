//! The three that are compared, started with many configurations at once.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use host_runner::envoy::{BootstrapOptions, Envoy, EnvoyOptions, bootstrap};
use host_runner::front::{Front, FrontOptions};
use host_runner::listener::{Cluster, Listener, ModuleFile, Plugin, Route};
use host_runner::subject::Subject;
use serde_json::{Value, json};

use super::case::Setup;
use super::native;
use super::outcome::CLAIMS;

/// One of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Envoy with its own `jwt_authn`.
    Native,
    /// Envoy with our module.
    OnEnvoy,
    /// host-runner with our module.
    OnRunner,
}

/// Where one configuration is served, as long as this is kept; or why it is not.
pub type Place = Result<Served, String>;

/// Where one configuration is served.
#[derive(Clone)]
pub struct Served {
    /// The listener.
    pub address: SocketAddr,
    _subject: Arc<dyn Subject>,
}

/// Starts subjects.
#[derive(Debug)]
pub struct Starter {
    /// Our module.
    pub module: ModuleFile,
    /// Where all requests go.
    pub upstream: SocketAddr,
}

/// The metadata that native Envoy leaves to later filters, and the filter state that ours does (J44, W3), in base64, so that
/// whatever is in it can stand in a header.
const NATIVE_CLAIMS: &str = "%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:payload)%";
const OUR_CLAIMS: &str = "%FILTER_STATE(wasm.meshwright.jwt.payload:TYPED)%";

// === impl Starter ===

impl Starter {
    /// A place for each of the configurations, in their order: all in one proxy, if it takes them all. Those that are
    /// thought to be refused are started alone, and any others that are get found by halving.
    #[must_use]
    pub fn start(&self, kind: Kind, setups: &[&Setup]) -> Vec<Place> {
        let mut places: Vec<Option<Place>> = vec![None; setups.len()];
        let numbered = setups.iter().copied().enumerate();
        let (refused, taken): (Vec<_>, Vec<_>) = numbered.partition(|(_, setup)| setup.refused);
        let chunks = refused.chunks(1).chain([taken.as_slice()]);
        for (at, place) in chunks.flat_map(|chunk| self.start_or_halve(kind, chunk)) {
            if let Some(free) = places.get_mut(at) {
                *free = Some(place);
            }
        }
        let places = places.into_iter();
        places
            .map(|place| place.unwrap_or_else(|| Err("it was not started".to_owned())))
            .collect()
    }

    fn start_or_halve(&self, kind: Kind, setups: &[(usize, &Setup)]) -> Vec<(usize, Place)> {
        match (self.start_all(kind, setups), setups) {
            (Ok(places), _) => {
                let numbers = setups.iter().map(|(at, _)| *at);
                numbers.zip(places.into_iter().map(Ok)).collect()
            }
            (Err(error), [(at, _)]) => vec![(*at, Err(format!("{error:#}")))],
            (Err(_), _) => {
                let (left, right) = setups.split_at(setups.len() / 2);
                [left, right]
                    .into_iter()
                    .flat_map(|half| self.start_or_halve(kind, half))
                    .collect()
            }
        }
    }

    fn start_all(&self, kind: Kind, setups: &[(usize, &Setup)]) -> anyhow::Result<Vec<Served>> {
        if setups.is_empty() {
            return Ok(Vec::new());
        }
        let numbered = setups.iter();
        let listeners: Vec<_> = numbered
            .map(|(at, setup)| self.listener(kind, *at, setup))
            .collect();
        let subject: Arc<dyn Subject> = match kind {
            Kind::OnRunner => Arc::new(Front::start(&listeners, &FrontOptions::default())?),
            Kind::Native | Kind::OnEnvoy => Arc::new(Envoy::run(
                &envoy(kind, setups, &listeners)?,
                &EnvoyOptions::default(),
            )?),
        };
        let served = listeners.iter().map(|listener| {
            let address = subject.address(&listener.name);
            Ok(Served {
                address: address.context("it listens")?,
                _subject: Arc::clone(&subject),
            })
        });
        served.collect()
    }

    fn listener(&self, kind: Kind, at: usize, setup: &Setup) -> Listener {
        let name = format!("s{at:03}");
        let configuration = setup.configuration().to_string();
        let plugin = Plugin::new(
            format!("jwt-auth/{name}"),
            self.module.clone(),
            configuration,
        );
        Listener {
            plugins: if kind == Kind::Native {
                Vec::new()
            } else {
                vec![plugin]
            },
            routes: vec![Route {
                name: String::new(),
                state: None,
                cluster: "upstream".to_owned(),
            }],
            clusters: vec![Cluster::new("upstream", self.upstream)],
            name,
            ..Listener::default()
        }
    }
}

impl std::fmt::Debug for Served {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_tuple("Served")
            .field(&self.address)
            .finish()
    }
}

fn envoy(kind: Kind, setups: &[(usize, &Setup)], listeners: &[Listener]) -> anyhow::Result<Value> {
    let options = BootstrapOptions {
        admin: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        modules: None,
    };
    let mut document = bootstrap(listeners, &options);
    for (index, (_, setup)) in setups.iter().enumerate() {
        let place =
            format!("/static_resources/listeners/{index}/filter_chains/0/filters/0/typed_config");
        let manager = document
            .pointer_mut(&place)
            .context("a connection manager")?;
        adapt(manager, kind, setup).context("a connection manager of ours")?;
    }
    Ok(document)
}

fn adapt(manager: &mut Value, kind: Kind, setup: &Setup) -> Option<()> {
    let claims = match kind {
        Kind::Native => NATIVE_CLAIMS,
        Kind::OnEnvoy | Kind::OnRunner => OUR_CLAIMS,
    };
    if kind == Kind::Native {
        let filters = manager.pointer_mut("/http_filters")?.as_array_mut()?;
        filters.insert(0, native::filter(&setup.rules));
    }
    let host = manager
        .pointer_mut("/route_config/virtual_hosts/0")?
        .as_object_mut()?;
    let header = json!({ "header": { "key": CLAIMS, "value": claims } });
    host.insert("response_headers_to_add".to_owned(), json!([header]));
    Some(())
}
