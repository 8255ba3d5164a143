//! How a plugin gets its configuration.

use serde::de::DeserializeOwned;

use crate::core::ConfigError;
use crate::core::config::from_json;

/// The type of a plugin's configuration: whatever serde can deserialise, from JSON; or [`NoConfig`].
pub trait PluginConfig: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// When it does not fit, with the place as a JSON pointer.
    fn read(bytes: &[u8]) -> Result<Self, ConfigError>;
}

/// The configuration of a plugin that has none. A configuration that is not empty is refused.
#[derive(Debug, Clone, Copy)]
pub struct NoConfig;

impl<T: DeserializeOwned> PluginConfig for T {
    fn read(bytes: &[u8]) -> Result<Self, ConfigError> {
        from_json(bytes)
    }
}

impl PluginConfig for NoConfig {
    fn read(bytes: &[u8]) -> Result<Self, ConfigError> {
        match bytes.trim_ascii() {
            b"" | b"{}" => Ok(Self),
            _ => Err(ConfigError::new("", "this filter has no configuration")),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for NoConfig {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "NoConfig".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "object", "additionalProperties": false })
    }
}
