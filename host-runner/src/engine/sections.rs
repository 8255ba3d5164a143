//! What has to be read in a module's bytes, because no engine tells: its start section (rule V6), and its name section,
//! which Envoy reads before it compiles a module, and on which it is strict where engines are not.

use wasmparser::{
    BinaryReaderError, Chunk, KnownCustom, Name, NameSectionReader, Parser, Payload, Result,
};

use super::error::Refusal;

/// What [`read`] found.
#[derive(Debug, Default)]
pub(super) struct Sections {
    /// Whether something runs while the module is instantiated.
    pub(super) start: bool,
    names_read: bool,
}

/// Reads a module's sections, and refuses one whose function names cannot be read.
pub(super) fn read(bytes: &[u8]) -> std::result::Result<Sections, Refusal> {
    let mut sections = Sections::default();
    each(bytes, |payload| match payload {
        Payload::StartSection { .. } => {
            sections.start = true;
            Ok(())
        }
        Payload::CustomSection(section) => sections.custom(section.as_known()),
        _ => Ok(()),
    })?;
    Ok(sections)
}

/// Shows a module's sections, but not its code, up to the first that is broken: what compiles modules says that better.
pub(crate) fn each<'a, E>(
    bytes: &'a [u8],
    mut show: impl FnMut(Payload<'a>) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let mut parser = Parser::new(0);
    let mut rest = bytes;
    while let Ok(Chunk::Parsed { consumed, payload }) = parser.parse(rest, true) {
        let mut past = consumed;
        match payload {
            // Function by function it is long, and nothing in it is asked for.
            Payload::CodeSectionStart { size, .. } => {
                parser.skip_section();
                past += size as usize;
            }
            Payload::End(_) => break,
            payload => show(payload)?,
        }
        rest = rest.get(past..).unwrap_or_default();
    }
    Ok(())
}

// === impl Sections ===

impl Sections {
    // Only the first name section counts.
    fn custom(&mut self, section: KnownCustom<'_>) -> std::result::Result<(), Refusal> {
        let KnownCustom::Name(names) = section else {
            return Ok(());
        };
        let broken = |error: BinaryReaderError| {
            Refusal::Invalid(format!("its name section is broken: {}", error.message()))
        };
        match std::mem::replace(&mut self.names_read, true) {
            true => Ok(()),
            false => read_names(names).map_err(broken),
        }
    }
}

fn read_names(mut names: NameSectionReader<'_>) -> Result<()> {
    names.try_for_each(|name| match name? {
        Name::Function(names) => names.into_iter().try_for_each(|name| name.map(drop)),
        _ => Ok(()),
    })
}
