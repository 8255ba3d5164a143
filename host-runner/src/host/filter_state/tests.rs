use super::*;

fn prototypes(name: &[u8], prototype: Prototype) -> Prototypes {
    let mut prototypes = Prototypes::default();
    prototypes.declare(name.to_vec(), prototype).unwrap();
    prototypes
}

fn value(state: &FilterState, name: &[u8]) -> Option<Vec<u8>> {
    state.property(name).map(|property| property.value)
}

#[test]
fn a_property_lives_as_long_as_its_stream() {
    let connection = ConnectionState::default();
    let mut first = FilterState::new(connection.clone());
    let undeclared = Prototypes::default();
    first
        .set_property(b"a", b"1".to_vec(), &undeclared)
        .unwrap();
    assert_eq!(value(&first, b"a"), Some(b"1".to_vec()));
    assert_eq!(value(&FilterState::new(connection), b"a"), None);
}

#[test]
fn a_property_declared_for_the_connection_is_shared_by_its_streams() {
    let declared = prototypes(
        b"a",
        Prototype {
            span: Span::Connection,
            ..Prototype::default()
        },
    );
    let connection = ConnectionState::default();
    let mut first = FilterState::new(connection.clone());
    first.set_property(b"a", b"1".to_vec(), &declared).unwrap();
    assert_eq!(
        value(&FilterState::new(connection), b"a"),
        Some(b"1".to_vec())
    );
}

#[test]
fn a_read_only_property_is_set_once() {
    let declared = prototypes(
        b"a",
        Prototype {
            read_only: true,
            ..Prototype::default()
        },
    );
    let mut state = FilterState::default();
    state.set_property(b"a", b"1".to_vec(), &declared).unwrap();
    let again = state.set_property(b"a", b"2".to_vec(), &declared);
    assert_eq!(again, Err(Status::BAD_ARGUMENT));
    assert_eq!(value(&state, b"a"), Some(b"1".to_vec()));
}

#[test]
fn the_first_life_span_of_a_key_stays() {
    let mut state = FilterState::default();
    let text = |text: &str| Object::Text(text.into());
    state.set(b"k", text("a"), Span::Connection);
    state.set(b"k", text("b"), Span::Request);
    assert!(matches!(state.get(b"k"), Some(Object::Text(text)) if text == b"a"));
}

#[test]
fn a_name_is_declared_once() {
    let mut declared = prototypes(b"a", Prototype::default());
    let again = declared.declare(b"a".to_vec(), Prototype::default());
    assert_eq!(again, Err(Status::BAD_ARGUMENT));
}
