//! What the gRPC hostcalls return, and what they leave for the driver (rule 2.11).

use super::*;
use crate::host::vm_state::PluginIdentity;

const GRPC_CALL: u32 = 5;
const GRPC_STREAM: u32 = 6;

fn vm() -> VmState {
    let mut vm = VmState::for_linking();
    vm.clusters = vec!["grpc".to_owned()].into();
    vm.current = vm.new_root(PluginIdentity::default(), Vec::new());
    vm
}

fn open(vm: &mut VmState, service: &[u8], kind: GrpcKind) -> Result<u32, Status> {
    vm.grpc_open(GrpcCall {
        service: service.to_vec(),
        path: GrpcPath {
            service: b"test.Svc".to_vec(),
            method: b"Do".to_vec(),
        },
        metadata: Vec::new(),
        kind,
    })
}

fn call() -> GrpcKind {
    GrpcKind::Call {
        message: b"hi".to_vec(),
        timeout: Duration::ZERO,
    }
}

fn effects(vm: &mut VmState) -> Vec<&'static str> {
    let effects = vm.world.effects.drain(..).map(|effect| match effect {
        Effect::Grpc(_, GrpcEffect::Open(_)) => "open",
        Effect::Grpc(_, GrpcEffect::Send { end: false, .. }) => "send",
        Effect::Grpc(_, GrpcEffect::Send { end: true, .. }) => "send all",
        Effect::Grpc(_, GrpcEffect::Reset) => "reset",
        _ => "other",
    });
    effects.collect()
}

#[test]
fn a_call_sends_its_message_at_once_and_a_stream_when_it_is_told() {
    let mut vm = vm();
    assert_eq!(open(&mut vm, b"grpc", call()), Ok(GRPC_CALL));
    assert_eq!(effects(&mut vm), ["open", "send all"]);
    assert_eq!(open(&mut vm, b"grpc", GrpcKind::Stream), Ok(GRPC_STREAM));
    assert_eq!(vm.grpc_send(GRPC_STREAM, b"", false), Ok(()));
    assert_eq!(vm.grpc_close(GRPC_STREAM), Ok(()));
    assert_eq!(effects(&mut vm), ["open", "send", "send all"]);
}

#[test]
fn a_cluster_that_only_a_message_knows_uses_a_token_up() {
    let mut vm = vm();
    let nobody = b"\x0a\x06\x0a\x04nope";
    assert_eq!(open(&mut vm, b"nope", call()), Err(Status::PARSE_FAILURE));
    assert_eq!(open(&mut vm, nobody, call()), Err(Status::INTERNAL_FAILURE));
    assert_eq!(vm.unavailable.len(), 1);
    assert_eq!(open(&mut vm, b"grpc", call()), Ok(GRPC_CALL + 4));
    assert_eq!(vm.grpc_cancel(GRPC_CALL), Err(Status::NOT_FOUND));
}

#[test]
fn only_streams_are_sent_on() {
    let mut vm = vm();
    let _ = open(&mut vm, b"grpc", call());
    let sent = [4, GRPC_CALL, 7, GRPC_STREAM].map(|token| vm.grpc_send(token, b"", false));
    let bad = Err(Status::BAD_ARGUMENT);
    assert_eq!(sent, [bad, bad, bad, Err(Status::NOT_FOUND)]);
}

#[test]
fn a_stream_is_closed_as_often_as_one_likes_and_cancelled_once() {
    let mut vm = vm();
    let _ = open(&mut vm, b"grpc", GrpcKind::Stream);
    assert_eq!(vm.grpc_close(GRPC_STREAM), Ok(()));
    assert_eq!(vm.grpc_close(GRPC_STREAM), Ok(()));
    assert_eq!(vm.grpc_cancel(GRPC_STREAM), Ok(()));
    assert_eq!(vm.grpc_cancel(GRPC_STREAM), Err(Status::NOT_FOUND));
    assert_eq!(vm.grpc_close(GRPC_STREAM), Err(Status::NOT_FOUND));
}

#[test]
fn closing_a_call_cancels_it() {
    let mut vm = vm();
    let _ = open(&mut vm, b"grpc", call());
    assert_eq!(vm.grpc_close(GRPC_CALL), Ok(()));
    assert_eq!(effects(&mut vm), ["open", "send all", "reset"]);
    assert_eq!(vm.grpc_close(GRPC_CALL), Err(Status::NOT_FOUND));
    assert_eq!(vm.grpc_close(8), Err(Status::BAD_ARGUMENT));
}
