//! A plugin as `envoy.extensions.wasm.v3.PluginConfig`.

use serde_json::{Map, Value, json};

use super::bootstrap::{BootstrapOptions, module_file_name};
use crate::listener::{Configuration, Plugin};

pub(super) fn plugin_config(plugin: &Plugin, options: &BootstrapOptions) -> Value {
    let mut config = json!({
        "name": plugin.name,
        // Envoy prefixes what a root context logs with the root id, not with the plugin's name.
        "root_id": plugin.root_id(),
        "failure_policy": plugin.failure_policy.envoy_name(),
        "configuration": plugin.configuration.to_any(),
        "vm_config": vm_config(plugin, options),
    });
    let Some(fields) = config.as_object_mut() else {
        return config;
    };
    if plugin.allow_on_headers_stop_iteration {
        fields.insert("allow_on_headers_stop_iteration".into(), json!(true));
    }
    if !plugin.allowed_capabilities.is_empty() {
        let names = plugin.allowed_capabilities.iter();
        let allowed: Map<_, _> = names.map(|name| (name.clone(), json!({}))).collect();
        let restriction = json!({ "allowed_capabilities": allowed });
        fields.insert("capability_restriction_config".into(), restriction);
    }
    config
}

/// The VM id is the module's hash unless another is asked for: plugins of one module share a VM (L1), those of two
/// never do.
fn vm_config(plugin: &Plugin, options: &BootstrapOptions) -> Value {
    let file = match &options.modules {
        Some(folder) => folder.join(module_file_name(&plugin.module)),
        None => plugin.module.path.clone(),
    };
    let mut config = json!({
        "vm_id": plugin.vm_id(),
        "runtime": "envoy.wasm.runtime.v8",
        "code": { "local": { "filename": file.to_string_lossy() } },
    });
    let Some(fields) = config.as_object_mut() else {
        return config;
    };
    if !plugin.vm.configuration.is_empty() {
        fields.insert(
            "configuration".into(),
            Configuration::from(plugin.vm.configuration.as_str()).to_any(),
        );
    }
    if !plugin.vm.environment.is_empty() {
        let variables = json!({ "key_values": plugin.vm.environment });
        fields.insert("environment_variables".into(), variables);
    }
    config
}
