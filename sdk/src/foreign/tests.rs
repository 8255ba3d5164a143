use std::cell::RefCell;
use std::rc::Rc;

use super::wire::{Field, Fields, Message};
use super::*;
use crate::hostcalls::Hostcalls;
use crate::native::install;

/// Answers every function so, and remembers what was asked.
struct Answers {
    answer: Result<Vec<u8>, Status>,
    asked: RefCell<Vec<(String, Vec<u8>)>>,
}

impl Hostcalls for Answers {
    fn call_foreign_function(&self, name: &[u8], argument: &[u8]) -> Result<Vec<u8>, Status> {
        let name = String::from_utf8_lossy(name).into_owned();
        self.asked.borrow_mut().push((name, argument.to_vec()));
        self.answer.clone()
    }
}

fn host_that(answer: Result<Vec<u8>, Status>) -> Rc<Answers> {
    let host = Rc::new(Answers {
        answer,
        asked: RefCell::default(),
    });
    install(Rc::clone(&host) as Rc<_>);
    host
}

fn verified() -> Result<Option<Verified>, Error> {
    verify_signature(Hash::Sha256, Key::Der(b"key"), b"signed", b"text")
}

#[test]
fn a_function_that_is_not_there_is_none() {
    for status in [
        Status::NOT_FOUND,
        Status::UNIMPLEMENTED,
        Status::INTERNAL_FAILURE,
    ] {
        host_that(Err(status));
        assert_eq!(verified(), Ok(None));
        assert_eq!(sign(Hash::Sha1, Key::Pem("key"), b""), Ok(None));
        assert_eq!(compress(b"a"), Ok(None));
        assert!(Expression::<bool>::new("true").unwrap().is_none());
        assert!(!Function::VerifySignature.is_there());
    }
}

#[test]
fn a_function_that_refuses_is_there() {
    host_that(Err(Status::BAD_ARGUMENT));
    assert!(Function::VerifySignature.is_there());
    assert!(verified().is_err());
}

#[test]
fn what_changes_something_is_an_error_where_it_is_not_there() {
    host_that(Err(Status::NOT_FOUND));
    let declared = Declaration::new("a").declare();
    assert!(declared.unwrap_err().is_not_found());
}

#[test]
fn arguments_are_messages() {
    let host = host_that(Ok(vec![8, 1]));
    assert_eq!(verified(), Ok(Some(Verified::Valid)));
    let declaration = Declaration::new("a").read_only().text();
    declaration.span(Span::Connection).declare().unwrap();
    set_filter_state("k", "v", Span::FilterChain).unwrap();
    let asked = host.asked.borrow();
    let arguments: Vec<&[u8]> = asked.iter().map(|(_, it)| it.as_slice()).collect();
    assert_eq!(
        arguments,
        [
            &b"\x0a\x06sha256\x12\x03key\x1a\x06signed\x22\x04text"[..],
            b"\x0a\x01a\x10\x01\x18\x01\x28\x02",
            b"\x0a\x01k\x12\x01v",
        ]
    );
}

#[test]
fn a_signature_that_is_not_valid_says_why() {
    host_that(Ok(b"\x12\x02no".to_vec()));
    assert_eq!(verified(), Ok(Some(Verified::Invalid("no".to_owned()))));
    host_that(Ok(Vec::new()));
    assert_eq!(verified(), Ok(Some(Verified::Invalid(String::new()))));
}

#[test]
fn an_answer_that_is_another_message_verifies_nothing() {
    for answer in [&b"\x0a\x01\x01"[..], b"\x18\x01"] {
        host_that(Ok(answer.to_vec()));
        assert!(verified().is_err(), "{answer:?}");
    }
}

#[test]
fn a_key_that_cannot_sign_is_an_error_in_the_hosts_words() {
    host_that(Ok(b"\x1a\x06no key".to_vec()));
    let error = sign(Hash::Sha512, Key::Pem("key"), b"text").unwrap_err();
    assert_eq!(error.to_string(), "the host did not sign: no key");
}

#[test]
fn an_expression_is_deleted_when_it_is_dropped() {
    let host = host_that(Ok(vec![7, 0, 0, 0]));
    drop(Expression::<bool>::new("true").unwrap());
    let asked = host.asked.borrow();
    assert_eq!(asked[1], ("expr_delete".to_owned(), vec![7, 0, 0, 0]));
}

#[test]
fn long_fields_are_read_as_they_were_written() {
    let long = vec![1; 70_000];
    let written = Message::new().bytes(2, &long).number(3, 200).finish();
    let read: Vec<_> = Fields(&written).collect();
    assert_eq!(read, [(2, Field::Bytes(&long)), (3, Field::Number(200))]);
}

#[test]
fn what_is_cut_or_no_message_is_not_read_further() {
    let written = Message::new().bytes(2, "abc").finish();
    for end in 0..written.len() {
        assert_eq!(Fields(&written[..end]).count(), 0, "cut at {end}");
    }
    assert_eq!(Fields(&[0xff; 32]).count(), 0);
    assert_eq!(Fields(&[0x0b, 0x01]).count(), 0);
}
