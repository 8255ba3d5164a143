//! Metrics as a VM knows them: by id, with the kind in the low bits (rule Q4).

use std::collections::HashMap;

use crate::abi::Status;

/// The metrics that one VM has defined.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    names: HashMap<u32, String>,
    values: HashMap<(Kind, String), i64>,
    last: [u32; 3],
}

/// What a metric does with what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

const KIND_BITS: u32 = 3;

// === impl Metrics ===

impl Metrics {
    /// A new id, also for a name that is defined already.
    pub(crate) fn define(&mut self, kind: u32, name: &str) -> Result<u32, Status> {
        let last = self
            .last
            .get_mut(kind as usize)
            .ok_or(Status::BAD_ARGUMENT)?;
        *last += KIND_BITS + 1;
        let id = *last | kind;
        self.names.insert(id, name.to_owned());
        Ok(id)
    }

    pub(crate) fn increment(&mut self, id: u32, offset: i64) -> Result<(), Status> {
        match Kind::of(id) {
            Some(Kind::Counter) if self.names.contains_key(&id) && offset <= 0 => {
                Err(Status::BAD_ARGUMENT)
            }
            Some(kind @ (Kind::Counter | Kind::Gauge)) => {
                let value = self.value(kind, id)?;
                *value = value.wrapping_add(offset);
                Ok(())
            }
            Some(Kind::Histogram) if !self.names.contains_key(&id) => Err(Status::NOT_FOUND),
            _ => Err(Status::BAD_ARGUMENT),
        }
    }

    /// Sets a gauge, adds to a counter.
    pub(crate) fn record(&mut self, id: u32, value: i64) -> Result<(), Status> {
        match Kind::of(id).ok_or(Status::NOT_FOUND)? {
            Kind::Counter => {
                let present = self.value(Kind::Counter, id)?;
                *present = present.wrapping_add(value);
            }
            kind => *self.value(kind, id)? = value,
        }
        Ok(())
    }

    pub(crate) fn get(&mut self, id: u32) -> Result<u64, Status> {
        match Kind::of(id) {
            Some(kind @ (Kind::Counter | Kind::Gauge)) => Ok(self.value(kind, id)?.cast_unsigned()),
            Some(Kind::Histogram) if !self.names.contains_key(&id) => Err(Status::NOT_FOUND),
            _ => Err(Status::BAD_ARGUMENT),
        }
    }

    fn value(&mut self, kind: Kind, id: u32) -> Result<&mut i64, Status> {
        let name = self.names.get(&id).ok_or(Status::NOT_FOUND)?;
        Ok(self.values.entry((kind, name.clone())).or_default())
    }
}

// === impl Kind ===

impl Kind {
    fn of(id: u32) -> Option<Self> {
        match id & KIND_BITS {
            0 => Some(Self::Counter),
            1 => Some(Self::Gauge),
            2 => Some(Self::Histogram),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ids_of_one_name_share_the_value() {
        let mut metrics = Metrics::default();
        let (first, second) = (
            metrics.define(0, "n").unwrap(),
            metrics.define(0, "n").unwrap(),
        );
        assert_eq!((first, second), (4, 8));
        metrics.increment(first, 2).unwrap();
        metrics.record(second, 3).unwrap();
        assert_eq!(metrics.get(first), Ok(5));
        assert_eq!(metrics.increment(first, 0), Err(Status::BAD_ARGUMENT));
    }

    #[test]
    fn each_kind_has_its_own_rules() {
        let mut metrics = Metrics::default();
        let (gauge, histogram) = (
            metrics.define(1, "g").unwrap(),
            metrics.define(2, "h").unwrap(),
        );
        assert_eq!((gauge, histogram), (5, 6));
        metrics.increment(gauge, -2).unwrap();
        assert_eq!(metrics.get(gauge).map(u64::cast_signed), Ok(-2));
        assert_eq!(metrics.get(histogram), Err(Status::BAD_ARGUMENT));
        assert_eq!(metrics.increment(histogram, 1), Err(Status::BAD_ARGUMENT));
        assert_eq!(metrics.record(histogram, 1), Ok(()));
        assert_eq!(metrics.get(12), Err(Status::NOT_FOUND));
        assert_eq!(metrics.get(7), Err(Status::BAD_ARGUMENT));
        assert_eq!(metrics.record(7, 1), Err(Status::NOT_FOUND));
        assert_eq!(metrics.define(3, "x"), Err(Status::BAD_ARGUMENT));
    }
}
