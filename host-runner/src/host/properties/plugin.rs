//! `plugin_*`: who the plugin says it is.

use super::View;
use super::value::Value;

pub(super) fn attribute<'a>(view: View<'a>, name: &[u8]) -> Option<Value<'a>> {
    let plugin = view.plugin?;
    let text = match name {
        b"plugin_name" => &plugin.name,
        b"plugin_root_id" => &plugin.root_id,
        b"plugin_vm_id" => &plugin.vm_id,
        _ => return None,
    };
    Some(Value::from(text.as_str()))
}
