//! Yes, no, or cannot tell: what a part of a rule says about a request.
//! Three values, so that a missing host answer stays unknown under `not…` instead of turning into an allow.

use std::ops::Not;

/// Whether something matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It matches.
    Yes,
    /// It does not.
    No,
    /// What it asks about could not be read.
    Unknown,
}

// === impl Answer ===

impl Answer {
    /// Whether all match; looks no further than the first that does not.
    pub(crate) fn all(answers: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::Yes;
        for answer in answers {
            match answer {
                Self::No => return Self::No,
                Self::Unknown => all = Self::Unknown,
                Self::Yes => {}
            }
        }
        all
    }

    /// Whether any matches; looks no further than the first that does.
    pub(crate) fn any(answers: impl IntoIterator<Item = Self>) -> Self {
        !Self::all(answers.into_iter().map(Not::not))
    }
}

impl Not for Answer {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl From<bool> for Answer {
    fn from(matches: bool) -> Self {
        if matches { Self::Yes } else { Self::No }
    }
}

#[cfg(test)]
mod tests {
    use super::Answer::{No, Unknown, Yes};
    use super::*;

    #[test]
    fn unknown_stays_unknown_unless_the_rest_decides() {
        assert_eq!(Answer::all([Yes, Unknown]), Unknown);
        assert_eq!(Answer::all([Unknown, No]), No);
        assert_eq!(Answer::any([No, Unknown]), Unknown);
        assert_eq!(Answer::any([Unknown, Yes]), Yes);
        assert_eq!(!Unknown, Unknown);
    }

    #[test]
    fn nothing_to_ask_is_all_but_not_any() {
        assert_eq!(Answer::all([]), Yes);
        assert_eq!(Answer::any([]), No);
    }

    #[test]
    fn decided_answers_end_the_search() {
        let asked = |answer: Answer| {
            [answer]
                .into_iter()
                .chain(std::iter::from_fn(|| panic!("asked too much")))
        };
        assert_eq!(Answer::all(asked(No)), No);
        assert_eq!(Answer::any(asked(Yes)), Yes);
    }
}
