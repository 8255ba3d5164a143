//! From a scenario file to a group: modules read, names resolved, everything refused that leads nowhere.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use serde_saphyr::Spanned;

use super::cases::{self, Scope};
use super::group::{Case, Group, PluginName, sanitised};
use super::model::{FileModel, PluginModel, RouteModel};
use super::suite::MeshLoader;
use super::template::{Names, Part, Template};
use super::tokens::TokenBook;
use crate::configuration::Form;
use crate::listener::{Cluster, Configuration, Listener, ModuleFile, Plugin, Protocol, Route};
use crate::token::TimeOffset;
use crate::yaml::{Document, Source, YamlError};

/// Loads scenario files; each module is read once.
pub(super) struct Loader<'a> {
    pub(super) wasm_dir: &'a Path,
    pub(super) mesh_loader: &'a MeshLoader<'a>,
    pub(super) modules: HashMap<PathBuf, ModuleFile>,
}

/// One file while it is loaded.
struct File<'a> {
    document: Document<'a>,
    directory: &'a Path,
    model: FileModel,
}

// The cluster of a file that names no routes.
const DEFAULT_CLUSTER: &str = "upstream";

// === impl Loader ===

impl Loader<'_> {
    /// The group of the file at `path`, named `name`. Its upstreams are not started yet.
    pub(super) fn load(&mut self, path: &Path, name: &str) -> Result<Group, YamlError> {
        let source = Source::read(path)?;
        let document = source.only_document()?;
        let mut file = File {
            document,
            directory: path.parent().unwrap_or(Path::new("")),
            model: document.parse()?,
        };
        let cases = cases::read(document, std::mem::take(&mut file.model.cases))?;
        let tokens = TokenBook::load(document, &file.model, file.directory)?;
        let (mut listener, plugins) = self.listener(&file, &tokens)?;
        add_called_clusters(&mut listener, &cases);
        if cases::are_connections(document, &cases)? {
            listener.protocol = Protocol::Tcp;
        }
        let plugins = rename_plugins(&mut listener, plugins, &sanitised(name));
        listener.name = sanitised(name);
        let scope = Scope {
            document,
            listener: &listener,
            plugins: &plugins,
            names: &tokens.sample_names(),
        };
        cases.iter().try_for_each(|case| scope.check(case))?;
        Ok(Group {
            name: name.to_owned(),
            path: path.to_owned(),
            times: times(&tokens, &cases),
            clock: file.model.clock,
            cases: cases.into_iter().map(Arc::new).collect(),
            listener,
            plugins,
            tokens,
            recording: Arc::default(),
            upstreams: Vec::new(),
            talking: None,
            refusing: Vec::new(),
            turn: Mutex::new(()),
        })
    }

    fn listener(
        &mut self,
        file: &File<'_>,
        tokens: &TokenBook,
    ) -> Result<(Listener, Vec<String>), YamlError> {
        let model = &file.model;
        match (&model.plugins, &model.mesh) {
            (Some(plugins), None) => self.plain_listener(file, plugins, &tokens.sample_names()),
            (None, Some(mesh)) if model.routes.is_none() => self.mesh_listener(file, mesh),
            (None, Some(mesh)) => Err(file.document.error(
                mesh.referenced,
                "a mesh has its own routes; remove `routes`",
            )),
            (Some(_), Some(mesh)) => Err(file
                .document
                .error(mesh.referenced, "expected `plugins` or `mesh`, found both")),
            (None, None) => Err(file
                .document
                .error_at_start("expected `plugins` or `mesh`, found neither")),
        }
    }

    fn mesh_listener(
        &self,
        file: &File<'_>,
        mesh: &Spanned<String>,
    ) -> Result<(Listener, Vec<String>), YamlError> {
        let listener = (self.mesh_loader)(&file.directory.join(&mesh.value));
        let mut listener =
            listener.map_err(|error| file.document.error(mesh.referenced, format!("{error:#}")))?;
        listener.address = unbound();
        let names = listener
            .plugins
            .iter()
            .map(|plugin| plugin.name.clone())
            .collect();
        Ok((listener, names))
    }

    fn plain_listener(
        &mut self,
        file: &File<'_>,
        models: &[Spanned<PluginModel>],
        names: &Names,
    ) -> Result<(Listener, Vec<String>), YamlError> {
        let mut plugins: Vec<Plugin> = Vec::new();
        for model in models {
            let plugin = self.plugin(file, model, names)?;
            if plugins.iter().any(|earlier| earlier.name == plugin.name) {
                let message = format!(
                    "the plugin name `{}` is taken; give this one a `name`",
                    plugin.name
                );
                return Err(file.document.error(model.referenced, message));
            }
            plugins.push(plugin);
        }
        let routes = file.routes()?;
        let short_names = plugins.iter().map(|plugin| plugin.name.clone()).collect();
        let listener = Listener {
            clusters: clusters(&routes),
            plugins,
            routes,
            ..Listener::default()
        };
        Ok((listener, short_names))
    }

    fn plugin(
        &mut self,
        file: &File<'_>,
        model: &Spanned<PluginModel>,
        names: &Names,
    ) -> Result<Plugin, YamlError> {
        let refuse = |message: String| file.document.error(model.referenced, message);
        let is_path = Path::new(&model.value.module)
            .extension()
            .is_some_and(|extension| extension == "wasm");
        let path = match is_path {
            true => file.directory.join(&model.value.module),
            false => self.wasm_dir.join(format!("{}.wasm", model.value.module)),
        };
        let module = self
            .module(&path)
            .map_err(|error| refuse(format!("{error:#}")))?;
        let name = model.value.name.clone();
        let configuration = configuration(&model.value, names).map_err(refuse)?;
        let name = name.unwrap_or_else(|| module.name.clone());
        Ok(Plugin {
            root_id: model.value.root_id.clone(),
            ..Plugin::new(name, module, configuration)
        })
    }

    fn module(&mut self, path: &Path) -> anyhow::Result<ModuleFile> {
        if let Some(module) = self.modules.get(path) {
            return Ok(module.clone());
        }
        let module = ModuleFile::read(path)?;
        self.modules.insert(path.to_owned(), module.clone());
        Ok(module)
    }
}

// Any free port: many groups share one proxy.
fn unbound() -> std::net::SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

fn clusters(routes: &[Route]) -> Vec<Cluster> {
    let names = routes
        .iter()
        .map(|route| route.cluster.clone())
        .collect::<BTreeSet<_>>();
    let clusters = names.into_iter();
    clusters.map(|name| Cluster::new(name, unbound())).collect()
}

// Those that answer to calls of filters.
fn add_called_clusters(listener: &mut Listener, cases: &[Case]) {
    let steps = cases.iter().flat_map(|case| &case.steps);
    for (name, answer) in steps.flat_map(|step| &step.calls) {
        let mut known = listener.clusters.iter_mut();
        // gRPC needs HTTP/2.
        let http2 = answer.value.grpc.is_some();
        match known.find(|known| known.name == *name) {
            Some(known) => known.http2 |= http2,
            None => listener.clusters.push(Cluster {
                http2,
                ..Cluster::new(name.clone(), unbound())
            }),
        }
    }
}

fn rename_plugins(
    listener: &mut Listener,
    short_names: Vec<String>,
    group: &str,
) -> Vec<PluginName> {
    let plugins = listener.plugins.iter_mut().zip(short_names);
    let names = plugins.map(|(plugin, short)| {
        let full = format!("{group}/{}", sanitised(&short));
        plugin.name.clone_from(&full);
        PluginName { short, full }
    });
    names.collect()
}

// Text is handed to the module as it is, anything else as JSON. Only `{{jwks:..}}` is a placeholder here: other
// braces belong to the configuration, and tokens are not minted yet.
fn configuration(model: &PluginModel, names: &Names) -> Result<Configuration, String> {
    match (
        json_with_keys(&model.configuration, names)?,
        model.configuration_as,
    ) {
        (Value::Object(members), Form::Struct) => Ok(Configuration::Struct(members)),
        (_, Form::Struct) => Err(Form::NO_MAPPING.to_owned()),
        (Value::Null, Form::Text) => Ok(Configuration::default()),
        (Value::String(text), Form::Text) => Ok(text.into()),
        (value, Form::Text) => Ok(value.to_string().into()),
    }
}

fn json_with_keys(value: &Value, names: &Names) -> Result<Value, String> {
    match value {
        Value::String(text) => with_keys(text, names).map(Value::String),
        Value::Array(items) => items
            .iter()
            .map(|item| json_with_keys(item, names))
            .collect(),
        Value::Object(members) => {
            let rendered = members
                .iter()
                .map(|(name, value)| Ok((name.clone(), json_with_keys(value, names)?)));
            rendered.collect::<Result<_, String>>().map(Value::Object)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(value.clone()),
    }
}

fn with_keys(text: &str, names: &Names) -> Result<String, String> {
    let Some((before, rest)) = text.split_once("{{jwks:") else {
        return Ok(text.to_owned());
    };
    let (keys, after) = rest
        .split_once("}}")
        .ok_or("expected `}}` after `{{jwks:`")?;
    let keys = format!("{{{{jwks:{keys}}}}}")
        .parse::<Template>()?
        .render_text(names)?;
    Ok(format!("{before}{keys}{}", with_keys(after, names)?))
}

fn times(tokens: &TokenBook, cases: &[Case]) -> Vec<(String, TimeOffset)> {
    let mut times = tokens.times();
    let steps = cases.iter().flat_map(|case| &case.steps);
    for (_, template) in steps.flat_map(|step| step.opening.templates()) {
        times.extend(template.parts().iter().filter_map(|part| match part {
            Part::Time(text, offset) => Some((text.clone(), *offset)),
            _ => None,
        }));
    }
    times
}

// === impl File ===

impl File<'_> {
    fn routes(&self) -> Result<Vec<Route>, YamlError> {
        let Some(routes) = &self.model.routes else {
            return Ok(vec![Route {
                name: String::new(),
                state: None,
                cluster: DEFAULT_CLUSTER.to_owned(),
            }]);
        };
        routes.iter().map(|route| self.route(route)).collect()
    }

    fn route(&self, model: &RouteModel) -> Result<Route, YamlError> {
        let state = match &model.state {
            None => None,
            Some(state) if state.value.len() == 1 => state.value.clone().into_iter().next(),
            Some(state) => {
                return Err(self
                    .document
                    .error(state.referenced, "expected exactly one name and its value"));
            }
        };
        Ok(Route {
            name: model.name.clone(),
            state,
            cluster: model.cluster.clone(),
        })
    }
}
