//! Metrics: a VM knows them by id, with the kind in the low bits; their values belong to the process (rule Q4).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use crate::abi::Status;

/// The metrics that one VM has defined.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    names: HashMap<u32, String>,
    last: [u32; 3],
    stats: Arc<Stats>,
}

/// The values of all metrics of the process, by kind and name.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    values: Mutex<BTreeMap<(Kind, String), i64>>,
}

/// What a metric does with what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

const KIND_BITS: u32 = 3;

// === impl Metrics ===

impl Metrics {
    pub(crate) fn new(stats: Arc<Stats>) -> Self {
        Self {
            stats,
            ..Self::default()
        }
    }

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

    pub(crate) fn increment(&self, id: u32, offset: i64) -> Result<(), Status> {
        match Kind::of(id).ok_or(Status::BAD_ARGUMENT)? {
            Kind::Counter if offset <= 0 => self.name(id).and(Err(Status::BAD_ARGUMENT)),
            Kind::Histogram => Err(Status::BAD_ARGUMENT),
            kind => self
                .change(kind, id, |value| value.wrapping_add(offset))
                .map(drop),
        }
    }

    /// Sets a gauge, adds to a counter.
    pub(crate) fn record(&self, id: u32, recorded: i64) -> Result<(), Status> {
        match Kind::of(id).ok_or(Status::NOT_FOUND)? {
            kind @ Kind::Counter => self.change(kind, id, |value| value.wrapping_add(recorded)),
            kind => self.change(kind, id, |_| recorded),
        }
        .map(drop)
    }

    pub(crate) fn get(&self, id: u32) -> Result<u64, Status> {
        match Kind::of(id).ok_or(Status::BAD_ARGUMENT)? {
            Kind::Histogram => Err(Status::BAD_ARGUMENT),
            kind => self.change(kind, id, |value| value).map(i64::cast_unsigned),
        }
    }

    fn name(&self, id: u32) -> Result<&String, Status> {
        self.names.get(&id).ok_or(Status::NOT_FOUND)
    }

    fn change(&self, kind: Kind, id: u32, change: impl FnOnce(i64) -> i64) -> Result<i64, Status> {
        let key = (kind, self.name(id)?.clone());
        let mut values = self
            .stats
            .values
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let value = values.entry(key).or_default();
        *value = change(*value);
        Ok(*value)
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
