//! A configuration that some routes and hosts have otherwise: Envoy has no Wasm configuration for a route, so it is all
//! in the plugin's.

#[cfg(not(target_arch = "wasm32"))]
mod schema;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::config::PluginConfig;
use crate::core::ConfigError;
use crate::core::authority::without_port;
use crate::core::config::{escape_pointer, from_value, members};
use crate::error::Error;
use crate::log_entry::LogEntry;
use crate::message::Request;
use crate::properties::{REQUEST_HOST, XDS_ROUTE_NAME};
use crate::property::Property;
use crate::value::Value;

/// A `T` for every request, and what is otherwise on some routes and for some hosts.
///
/// ```
/// # use meshwright::prelude::*;
/// # use meshwright::PerRoute;
/// #[meshwright::config]
/// struct Limits {
///     bytes: usize,
/// }
///
/// struct Limit {
///     limits: PerRoute<Limits>,
/// }
///
/// impl Filter for Limit {
///     type Config = PerRoute<Limits>;
///
///     fn new(limits: PerRoute<Limits>) -> Result<Self, ConfigError> {
///         Ok(Self { limits })
///     }
/// }
///
/// impl OnRequest for Limit {
///     async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
///         let limits = self.limits.of(&request)?;
///         request.read_body(limits.bytes).await?;
///         Ok(Flow::Continue)
///     }
/// }
///
/// meshwright::main!(Limit: OnRequest, RequestBody);
/// ```
///
/// Its configuration has the fields of `T`, and may have `routes` and `hosts`:
///
/// ```json
/// {
///   "bytes": 1000,
///   "routes": {"upload": {"bytes": 1000000}},
///   "hosts": {"files.example.com": {"bytes": 50000}, "*.example.com": {"bytes": 2000}}
/// }
/// ```
///
/// What is under a name is merged over the fields (RFC 7396: what is not said stays, `null` takes a field away), and
/// then read as a `T`, which so needs no optional fields. What does not fit is refused at start, at `/routes/upload/bytes`.
///
/// A request gets what its route's name has (the property `xds.route_name`), or else its host without the port, or else
/// the longest `*.` that its host ends in, or else the fields. Hosts ignore case. A name that no route has is never
/// asked for, and nothing can tell: plugins do not know the routes. A route is the one that the proxy has picked when
/// this is asked. A `T` cannot have fields `routes` and `hosts` of its own.
#[derive(Debug, Clone)]
pub struct PerRoute<T> {
    elsewhere: T,
    routes: BTreeMap<String, T>,
    hosts: BTreeMap<String, T>,
    /// What hosts end in, with its dot; the longest first.
    endings: Vec<(String, T)>,
}

// The fields that are not those of `T`.
const ROUTES: &str = "routes";
const HOSTS: &str = "hosts";

// === impl PerRoute ===

impl<T> PerRoute<T> {
    /// What this request gets. A hostcall for the route, if there are any, and one for the host. A handler can keep it for
    /// the response, which does not know the host any more.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn of<F>(&self, request: &Request<F>) -> Result<&T, Error> {
        self.find(|property| request.get(property))
    }

    /// What the request of an exchange that is over got.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn of_entry<F>(&self, entry: &LogEntry<F>) -> Result<&T, Error> {
        self.find(|property| entry.get(property))
    }

    /// What a request gets on no route and for no host that is named.
    pub fn elsewhere(&self) -> &T {
        &self.elsewhere
    }

    /// Makes something else of each, such as what handlers are to find ready.
    ///
    /// # Errors
    /// What `make` says, under the route or the host that it says it of.
    pub fn try_map<U>(
        self,
        make: impl Fn(T) -> Result<U, ConfigError>,
    ) -> Result<PerRoute<U>, ConfigError> {
        let under = |field, name: &str, value| {
            let made = make(value).map_err(|error| error.under(&pointer(field, name)))?;
            Ok::<_, ConfigError>((name.to_owned(), made))
        };
        let routes = self.routes.into_iter();
        let hosts = self.hosts.into_iter();
        let endings = self.endings.into_iter();
        let ending = |(ending, value): (String, T)| {
            let (_, made) = under(HOSTS, &format!("*{ending}"), value)?;
            Ok::<_, ConfigError>((ending, made))
        };
        Ok(PerRoute {
            routes: routes
                .map(|(name, value)| under(ROUTES, &name, value))
                .collect::<Result<_, ConfigError>>()?,
            hosts: hosts
                .map(|(name, value)| under(HOSTS, &name, value))
                .collect::<Result<_, ConfigError>>()?,
            endings: endings.map(ending).collect::<Result<_, ConfigError>>()?,
            elsewhere: make(self.elsewhere)?,
        })
    }

    fn find(
        &self,
        property: impl Fn(Property<Value>) -> Result<Option<Value>, Error>,
    ) -> Result<&T, Error> {
        if !self.routes.is_empty()
            && let Some(name) = property(XDS_ROUTE_NAME)?
            && let Some(found) = name.to_str().and_then(|name| self.routes.get(name))
        {
            return Ok(found);
        }
        let has_hosts = !self.hosts.is_empty() || !self.endings.is_empty();
        let authority = match has_hosts {
            true => property(REQUEST_HOST)?,
            false => None,
        };
        let host = authority.map(|authority| without_port(&authority).to_ascii_lowercase());
        Ok(host
            .and_then(|host| self.of_host(std::str::from_utf8(&host).ok()?))
            .unwrap_or(&self.elsewhere))
    }

    fn of_host(&self, host: &str) -> Option<&T> {
        let exact = self.hosts.get(host);
        // A star stands for something.
        let ends = |ending: &&(String, T)| host.len() > ending.0.len() && host.ends_with(&ending.0);
        exact.or_else(|| self.endings.iter().find(ends).map(|(_, value)| value))
    }
}

impl<T: DeserializeOwned> PluginConfig for PerRoute<T> {
    fn read(bytes: &[u8]) -> Result<Self, ConfigError> {
        let mut fields = members(bytes)?;
        let routes = overrides(ROUTES, &mut fields)?;
        let hosts = overrides(HOSTS, &mut fields)?;
        let base = Json::Object(fields);
        let mut read = Self {
            elsewhere: from_value(base.clone())?,
            routes: BTreeMap::new(),
            hosts: BTreeMap::new(),
            endings: Vec::new(),
        };
        for (name, patch) in routes {
            let value = merged(&base, &patch, &pointer(ROUTES, &name))?;
            if name.is_empty() {
                return Err(ConfigError::new(
                    pointer(ROUTES, &name),
                    "a route has a name",
                ));
            }
            read.routes.insert(name, value);
        }
        for (name, patch) in hosts {
            let value = merged(&base, &patch, &pointer(HOSTS, &name))?;
            read.insert_host(&name, value)?;
        }
        Ok(read)
    }
}

impl<T> PerRoute<T> {
    fn insert_host(&mut self, name: &str, value: T) -> Result<(), ConfigError> {
        let host = name.to_ascii_lowercase();
        let ending = host.strip_prefix('*').filter(|rest| rest.starts_with('.'));
        let plain = ending.map_or(host.as_str(), |ending| ending.trim_start_matches('.'));
        let has_port = without_port(plain.as_bytes()).len() < plain.len();
        let refused = |why: &str| Err(ConfigError::new(pointer(HOSTS, name), why));
        if plain.is_empty() || plain.contains('*') || has_port {
            return refused("expected a host without a port, or `*.` and one");
        }
        let is_new = match ending {
            Some(ending) => {
                let is_new = self.endings.iter().all(|(known, _)| known != ending);
                let is_longer = |known: &(String, T)| known.0.len() > ending.len();
                let place = self.endings.partition_point(is_longer);
                self.endings.insert(place, (ending.to_owned(), value));
                is_new
            }
            None => self.hosts.insert(host, value).is_none(),
        };
        match is_new {
            true => Ok(()),
            false => refused("this host is there twice, because hosts ignore case"),
        }
    }
}

// What is under the names of a field, which is taken out.
fn overrides(
    field: &str,
    fields: &mut Map<String, Json>,
) -> Result<Map<String, Json>, ConfigError> {
    match fields.remove(field) {
        None => Ok(Map::new()),
        Some(Json::Object(overrides)) => Ok(overrides),
        Some(_) => Err(ConfigError::new(
            format!("/{field}"),
            "expected a mapping of names to what is otherwise there",
        )),
    }
}

fn merged<T: DeserializeOwned>(base: &Json, patch: &Json, at: &str) -> Result<T, ConfigError> {
    let mut value = base.clone();
    json_patch::merge(&mut value, patch);
    from_value(value).map_err(|error| error.under(at))
}

fn pointer(field: &str, name: &str) -> String {
    format!("/{field}/{}", escape_pointer(name))
}
