//! The callbacks of root contexts that something outside a stream causes.

use crate::host::callout::{CallId, CallResponse, CallStatus, Callouts};
use crate::host::effect::{Effect, RootId};
use crate::host::traffic::Traffic;
use crate::host::vm::VmFailed;

impl Traffic<'_> {
    /// The tick timer of a root context has run out (rule Q1).
    pub(crate) fn tick(&mut self, root: RootId) {
        let context = root.context;
        let ticked: Result<_, VmFailed> = self.call(root.vm, context, |it| &it.tick, context);
        if ticked.is_ok() {
            let state = self.state(root.vm);
            let period = state.and_then(|it| it.roots.get(it.root_index(context))?.tick);
            self.world.effects.push_back(Effect::Tick(root, period));
        }
        self.run_after(root.vm);
    }

    /// A queue of a root context has an item (rule Q2).
    pub(crate) fn queue_ready(&mut self, root: RootId, token: u32) {
        let params = (root.context, token);
        let _: Result<_, VmFailed> = self.call(root.vm, root.context, |it| &it.queue_ready, params);
        self.run_after(root.vm);
    }

    /// The answer to an HTTP call (rules C2 to C4); none when it broke off after it had begun.
    pub(crate) fn http_call_response(&mut self, call: CallId, response: Option<CallResponse>) {
        let CallId { root, token } = call;
        let (headers, body, trailers) = response.as_ref().map_or((0, 0, 0), CallResponse::counts);
        let params = (root.context, token, headers, body, trailers);
        if let Some(callouts) = self.callouts(root) {
            if response.is_none() {
                callouts.status = CallStatus::reset();
            }
            callouts.response = response;
        }
        let _: Result<_, VmFailed> =
            self.call(root.vm, root.context, |it| &it.http_call_response, params);
        if let Some(callouts) = self.callouts(root) {
            callouts.response = None;
            callouts.status.message.clear();
        }
        self.run_after(root.vm);
    }

    fn callouts(&mut self, root: RootId) -> Option<&mut Callouts> {
        self.state(root.vm)?.callouts(root.context)
    }
}
