//! What a file of Istio resources, which may be a mesh, has jwt-auth configured with.

use anyhow::bail;
use policy_istio::{Workload, compile};
use serde_json::Value;

use super::document;
use crate::yaml::Source;

/// The configuration by the `RequestAuthentication`s that apply to a workload; other resources are not looked at. A mesh
/// says which workload it is about, so `workload` is for files without one.
///
/// # Errors
/// When a resource is not understood, with its place, or none applies.
pub(crate) fn request_authentication(
    source: &Source,
    workload: Option<Workload>,
) -> anyhow::Result<policy_jwt::Config> {
    let (mesh, mut resources) = document::sort(source)?;
    let workload = match (mesh, workload) {
        (Some(_), Some(_)) => bail!("{}: a mesh says itself which workload it is", source.name()),
        (Some(mesh), None) => mesh.workload(),
        (None, workload) => workload.unwrap_or_default(),
    };
    resources.retain(|(resource, _)| is_request_authentication(&resource.document));
    let listed = resources.iter().map(|(resource, _)| resource.clone());
    let compiled = compile(&listed.collect::<Vec<_>>(), &[], &workload);
    match compiled.map_err(|errors| document::located(source, &resources, &errors))? {
        plugins if plugins.jwt_auth.is_none() => bail!(
            "{}: no RequestAuthentication with rules applies to a workload of namespace `{}` with the labels {}",
            source.name(),
            workload.namespace,
            labels(&workload)
        ),
        plugins => Ok(plugins.jwt_auth.unwrap_or_default()),
    }
}

fn is_request_authentication(document: &Value) -> bool {
    document.get("kind").and_then(Value::as_str) == Some("RequestAuthentication")
}

fn labels(workload: &Workload) -> String {
    let labels = workload.labels.iter();
    let labels: Vec<_> = labels
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("[{}]", labels.join(", "))
}
