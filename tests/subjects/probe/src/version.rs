//! What differs between the ABI versions: how the configuration is read, how streams go on (rules V7 and section 1.6).

#[cfg(not(feature = "abi-0-1-0"))]
pub(crate) use of_0_2::{close, configuration, early_configuration, go_on};

#[cfg(feature = "abi-0-1-0")]
pub(crate) use of_0_1::{close, configuration, early_configuration, go_on};

#[cfg(not(feature = "abi-0-1-0"))]
mod of_0_2 {
    use crate::abi;
    use crate::call::Input;
    use crate::outcome::Outcome;

    const VM_CONFIGURATION: u32 = 6;
    const PLUGIN_CONFIGURATION: u32 = 7;

    /// The plugin configuration, in on_configure.
    pub(crate) fn configuration() -> Vec<u8> {
        abi::buffer(PLUGIN_CONFIGURATION, 0, u32::MAX).unwrap_or_default()
    }

    /// The configurations that there may be before on_configure.
    pub(crate) fn early_configuration() -> [Vec<u8>; 2] {
        let virtual_machine = abi::buffer(VM_CONFIGURATION, 0, u32::MAX);
        [virtual_machine.unwrap_or_default(), configuration()]
    }

    /// Resumes a stream: 0 request, 1 response, 2 downstream, 3 upstream.
    pub(crate) fn go_on(stream: i64) -> Option<Outcome> {
        Some(abi::call("continue_stream", vec![Input::Number(stream)]))
    }

    /// Closes a stream, numbered alike.
    pub(crate) fn close(stream: i64) -> Option<Outcome> {
        Some(abi::call("close_stream", vec![Input::Number(stream)]))
    }
}

#[cfg(feature = "abi-0-1-0")]
mod of_0_1 {
    use crate::abi;
    use crate::outcome::Outcome;

    /// The plugin configuration, in on_configure.
    pub(crate) fn configuration() -> Vec<u8> {
        let configuration = abi::call("get_configuration", Vec::new());
        configuration.bytes().unwrap_or_default()
    }

    /// The configuration that there may be before on_configure; the host decides which.
    pub(crate) fn early_configuration() -> [Vec<u8>; 1] {
        [configuration()]
    }

    /// Resumes a stream: 0 request, 1 response.
    pub(crate) fn go_on(stream: i64) -> Option<Outcome> {
        match stream {
            0 => Some(abi::call("continue_request", Vec::new())),
            1 => Some(abi::call("continue_response", Vec::new())),
            _ => None,
        }
    }

    /// No stream can be closed.
    pub(crate) fn close(_stream: i64) -> Option<Outcome> {
        None
    }
}
