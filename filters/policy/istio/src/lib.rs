//! Istio resources in, plugin configurations out: [`compile`] reads documents as people write them for Istio and
//! returns what jwt-auth, authz and ab-router need to do the same for one workload.
//!
//! ```
//! use policy_istio::{Resource, Service, Workload, compile};
//! use serde_json::json;
//!
//! let virtual_service = json!({
//!     "apiVersion": "networking.istio.io/v1alpha3", "kind": "VirtualService", "metadata": {"name": "reviews"},
//!     "spec": {"hosts": ["reviews"], "http": [{"route": [{"destination": {"host": "reviews"}}]}]}
//! });
//! let resources = [Resource::new("mesh.yaml", virtual_service)];
//! let services = [Service::new("reviews", "default")];
//!
//! let plugins = compile(&resources, &services, &Workload::default()).map_err(|errors| errors[0].to_string())?;
//! assert_eq!(plugins.destinations[0].cluster, "outbound|||reviews.default.svc.cluster.local");
//! assert!(plugins.jwt_auth.is_none() && plugins.authz.is_none());
//! # Ok::<(), String>(())
//! ```
//!
//! | step | where |
//! |---|---|
//! | apiVersion, kind, metadata | `document` |
//! | the spec of each kind, Istio's field names | `kinds` |
//! | which policies apply to the workload (rules A2, J1) | `workload` |
//! | what a host means, and who answers for a service | `host`, `ownership` |
//! | destinations that must exist | `registry` |
//! | the configurations, checked by building what runs them | `compile` |

#![doc(test(attr(deny(warnings))))]

mod compile;
mod document;
mod host;
mod kinds;
mod ownership;
mod registry;
mod resource;
mod service;
mod workload;

pub use compile::{Destination, PluginConfigs, compile};
pub use resource::{Resource, ResourceError};
pub use service::Service;
pub use workload::Workload;
