//! The entry points of the module.
#![expect(
    unsafe_code,
    reason = "the ABI finds entry points by their unmangled names"
)]

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::abi;
use crate::command::Moment;
use crate::stream::Stream;

thread_local! {
    // Two plugins of this module share the VM (rule L4), so each root context has a configuration of its own.
    static CONFIGURATIONS: RefCell<BTreeMap<u32, Vec<u8>>> = const { RefCell::new(BTreeMap::new()) };
    static STREAMS: RefCell<BTreeMap<u32, Stream>> = const { RefCell::new(BTreeMap::new()) };
}

const PLUGIN_CONFIGURATION: u32 = 7;

fn create(context: u32, root: u32) {
    let configuration = CONFIGURATIONS.with_borrow(|all| all.get(&root).cloned());
    if let Some(configuration) = configuration {
        STREAMS.with_borrow_mut(|streams| streams.insert(context, Stream::new(&configuration)));
    }
}

fn stage(context: u32, stage: char, count: u32, end: bool) -> u32 {
    let moment = Moment { count, end };
    STREAMS.with_borrow_mut(|streams| {
        streams
            .get_mut(&context)
            .map_or(0, |stream| stream.stage(stage, moment))
    })
}

macro_rules! entry {
    ($($name:ident($($parameter:ident),*) $(-> $result:ty)? $body:block)*) => { $(
        // SAFETY: the ABI gives the name its meaning and its type.
        #[unsafe(no_mangle)]
        extern "C" fn $name($($parameter: u32),*) $(-> $result)? $body
    )* };
}

unsafe extern "C" {
    fn __wasm_call_ctors();
}

entry! {
    _initialize() {
        // SAFETY: called once, before anything else (rule V11).
        unsafe { __wasm_call_ctors() }
    }
    proxy_abi_version_0_2_1() {}
    proxy_on_memory_allocate(size) -> *mut u8 {
        Box::leak(vec![0; size as usize].into_boxed_slice()).as_mut_ptr()
    }
    proxy_on_context_create(context, root) { create(context, root); }
    proxy_on_configure(context, _size) -> u32 {
        let configuration = abi::buffer(PLUGIN_CONFIGURATION, 0, u32::MAX).unwrap_or_default();
        CONFIGURATIONS.with_borrow_mut(|all| all.insert(context, configuration));
        1
    }
    proxy_on_request_headers(context, count, end) -> u32 { stage(context, 'q', count, end == 1) }
    proxy_on_request_body(context, count, end) -> u32 { stage(context, 'b', count, end == 1) }
    proxy_on_request_trailers(context, count) -> u32 { stage(context, 't', count, true) }
    proxy_on_response_headers(context, count, end) -> u32 { stage(context, 's', count, end == 1) }
    proxy_on_response_body(context, count, end) -> u32 { stage(context, 'r', count, end == 1) }
    proxy_on_response_trailers(context, count) -> u32 { stage(context, 'u', count, true) }
    proxy_on_log(context) { stage(context, 'l', 0, true); }
    proxy_on_done(context) -> u32 { stage(context, 'd', 0, true); 1 }
    proxy_on_delete(context) { STREAMS.with_borrow_mut(|streams| streams.remove(&context)); }
}
