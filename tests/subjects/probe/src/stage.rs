//! What a stage letter stands for: the header map and the buffer of its callback, and its last call.

/// What a callback knows of its moment: the count or size it was told, and whether its part of the stream ends.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) count: u32,
    pub(crate) end: bool,
}

/// The header map that shorthands address.
pub(crate) fn map_of(stage: char) -> u32 {
    match stage {
        'q' | 'b' | 'l' | 'k' | 'w' => 0,
        't' => 1,
        'g' => 4,
        'T' => 5,
        'h' => 6,
        _ => 2,
    }
}

/// The buffer that shorthands address.
pub(crate) fn buffer_of(stage: char) -> u32 {
    match stage {
        's' | 'r' => 1,
        'D' => 2,
        'U' => 3,
        'h' => 4,
        'G' => 5,
        'c' | 'v' => 6,
        'f' => 7,
        'x' | 'y' | 'S' => 8,
        _ => 0,
    }
}

// === impl Moment ===

impl Moment {
    /// What the arguments of a callback say; only headers, bodies and data say that more will come.
    pub(crate) fn of(stage: char, arguments: &[u32]) -> Self {
        let mut arguments = arguments.iter().copied();
        Self {
            count: arguments.next().unwrap_or(0),
            end: match stage {
                'q' | 's' | 'b' | 'r' | 'D' | 'U' => arguments.next() == Some(1),
                _ => true,
            },
        }
    }
}
