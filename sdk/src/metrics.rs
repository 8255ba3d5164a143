//! Counters, gauges and histograms, with labels.
//!
//! A metric with labels is one metric for each set of values, whose name carries them in Istio's form
//! (`label=.=value;.;name`, rule O3). A proxy makes Prometheus labels of it when its bootstrap names them: `host-runner` writes
//! that into Envoy's for all labels of its modules and prints it for yours (`inspect`), Istio does for `extraStatTags`.
//!
//! ```
//! use meshwright::labels;
//! use meshwright::metrics::{Counter, Histogram};
//!
//! struct Metrics {
//!     requests: Counter<2>,
//!     milliseconds: Histogram,
//! }
//!
//! let metrics = Metrics {
//!     requests: Counter::new("requests_total", labels!["status", "tenant"]),
//!     milliseconds: Histogram::new("duration_milliseconds", labels![]),
//! };
//! ```

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::error::Error;
use crate::hostcalls::{MetricType, Named as _, host};

/// A number of things that happened.
#[derive(Debug)]
pub struct Counter<const LABELS: usize = 0>(Family<LABELS>);

/// A number of things that are.
#[derive(Debug)]
pub struct Gauge<const LABELS: usize = 0>(Family<LABELS>);

/// How often values were how large.
#[derive(Debug)]
pub struct Histogram<const LABELS: usize = 0>(Family<LABELS>);

/// The names of a metric's labels: what [`labels!`](crate::labels) makes.
#[derive(Debug, Clone, Copy)]
pub struct Labels<const LABELS: usize>([&'static str; LABELS]);

/// The names of a metric's labels, which are words of Prometheus, and are noted in the module for who configures proxies.
///
/// ```compile_fail
/// meshwright::labels!["response-code"]; // `-` is in no word
/// ```
#[macro_export]
macro_rules! labels {
    ($($name:literal),* $(,)?) => {{
        $(
            #[cfg_attr(target_arch = "wasm32", allow(unsafe_code, reason = "a custom section is no memory"))]
            const _: () = {
                assert!($crate::metrics::is_label($name), "a label is letters, digits and `_`, no digit first");
                #[cfg(target_arch = "wasm32")]
                #[unsafe(link_section = "meshwright.labels")]
                static LINE: [u8; concat!($name, "\n").len()] =
                    $crate::metrics::bytes(concat!($name, "\n"));
            };
        )*
        $crate::metrics::Labels::named([$($name),*])
    }};
}

/// A metric for each set of labels.
#[derive(Debug)]
struct Family<const LABELS: usize> {
    kind: MetricType,
    name: &'static str,
    labels: Labels<LABELS>,
    ids: RefCell<BTreeMap<[String; LABELS], u32>>,
}

/// More sets of labels than this are counted together, under [`OTHER`]: a client must not be able to fill the proxy's
/// memory with metrics (rule O4).
const MAX_SETS: usize = 1000;

/// The labels of what there is no room for.
const OTHER: &str = "other";

/// Whether Prometheus takes it for the name of a label.
#[doc(hidden)]
#[must_use]
pub const fn is_label(name: &str) -> bool {
    let mut rest = name.as_bytes();
    let mut is_first = true;
    while let [letter, others @ ..] = rest {
        if !(letter.is_ascii_alphabetic()
            || *letter == b'_'
            || letter.is_ascii_digit() && !is_first)
        {
            return false;
        }
        (rest, is_first) = (others, false);
    }
    !is_first
}

/// The bytes of a text of that size.
#[doc(hidden)]
#[must_use]
pub const fn bytes<const SIZE: usize>(text: &str) -> [u8; SIZE] {
    match text.as_bytes().first_chunk() {
        Some(bytes) => *bytes,
        None => [b'\n'; SIZE],
    }
}

// === impl Labels ===

impl<const LABELS: usize> Labels<LABELS> {
    /// See [`labels!`](crate::labels).
    #[doc(hidden)]
    #[must_use]
    pub const fn named(names: [&'static str; LABELS]) -> Self {
        Self(names)
    }
}

// === impl Counter ===

impl<const LABELS: usize> Counter<LABELS> {
    /// A counter of that name, with labels of these names. It is defined when it is first used.
    #[must_use]
    pub const fn new(name: &'static str, labels: Labels<LABELS>) -> Self {
        Self(Family::new(MetricType::Counter, name, labels))
    }

    /// One more, with these values of its labels.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn increment(&self, values: [&str; LABELS]) -> Result<(), Error> {
        self.add(values, 1)
    }

    /// So many more.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn add(&self, values: [&str; LABELS], by: u32) -> Result<(), Error> {
        // Envoy refuses an increment of nothing (rule Q4).
        match by {
            0 => Ok(()),
            by => self.0.increment(values, by.into()),
        }
    }
}

// === impl Gauge ===

impl<const LABELS: usize> Gauge<LABELS> {
    /// As [`Counter::new`].
    #[must_use]
    pub const fn new(name: &'static str, labels: Labels<LABELS>) -> Self {
        Self(Family::new(MetricType::Gauge, name, labels))
    }

    /// Sets it.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn set(&self, values: [&str; LABELS], to: u64) -> Result<(), Error> {
        self.0.record(values, to)
    }

    /// So many more, or fewer.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn add(&self, values: [&str; LABELS], by: i64) -> Result<(), Error> {
        self.0.increment(values, by)
    }
}

// === impl Histogram ===

impl<const LABELS: usize> Histogram<LABELS> {
    /// As [`Counter::new`].
    #[must_use]
    pub const fn new(name: &'static str, labels: Labels<LABELS>) -> Self {
        Self(Family::new(MetricType::Histogram, name, labels))
    }

    /// Adds a value, in whatever unit its name says.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn record(&self, values: [&str; LABELS], value: u64) -> Result<(), Error> {
        self.0.record(values, value)
    }
}

// === impl Family ===

impl<const LABELS: usize> Family<LABELS> {
    const fn new(kind: MetricType, name: &'static str, labels: Labels<LABELS>) -> Self {
        Self {
            kind,
            name,
            labels,
            ids: RefCell::new(BTreeMap::new()),
        }
    }

    fn increment(&self, values: [&str; LABELS], by: i64) -> Result<(), Error> {
        let incremented = host().increment_metric(self.id(values)?, by);
        Ok(incremented.named("increment_metric", self.name.as_bytes())?)
    }

    fn record(&self, values: [&str; LABELS], value: u64) -> Result<(), Error> {
        let recorded = host().record_metric(self.id(values)?, value);
        Ok(recorded.named("record_metric", self.name.as_bytes())?)
    }

    fn id(&self, values: [&str; LABELS]) -> Result<u32, Error> {
        let values = values.map(label);
        let (known, is_full) = {
            let ids = self.ids.borrow();
            (ids.get(&values).copied(), ids.len() >= MAX_SETS)
        };
        if let Some(id) = known {
            return Ok(id);
        }
        let other = std::array::from_fn(|_| OTHER.to_owned());
        let values = if is_full { other } else { values };
        let known = self.ids.borrow().get(&values).copied();
        match known {
            Some(id) => Ok(id),
            None => self.define(values),
        }
    }

    fn define(&self, values: [String; LABELS]) -> Result<u32, Error> {
        let labels = self.labels.0.iter().zip(&values);
        let labels = labels.map(|(label, value)| format!("{label}=.={value};.;"));
        let name = match LABELS {
            0 => self.name.to_owned(),
            _ => format!("{}{}", labels.collect::<String>(), self.name),
        };
        let id = host().define_metric(self.kind, name.as_bytes());
        let id = id.named("define_metric", name.as_bytes())?;
        self.ids.borrow_mut().insert(values, id);
        Ok(id)
    }
}

// What would end a value in the name, or is no text, is replaced.
fn label(value: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_graphic() && !matches!(letter, ';' | '=');
    value
        .chars()
        .map(|letter| if is_plain(letter) { letter } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::hostcalls::Hostcalls;
    use crate::native::install;
    use crate::status::Status;

    #[derive(Default)]
    struct Names(RefCell<Vec<String>>);

    impl Hostcalls for Names {
        fn define_metric(&self, _: MetricType, name: &[u8]) -> Result<u32, Status> {
            let mut names = self.0.borrow_mut();
            names.push(String::from_utf8_lossy(name).into_owned());
            Ok(u32::try_from(names.len()).unwrap())
        }

        fn increment_metric(&self, _: u32, _: i64) -> Result<(), Status> {
            Ok(())
        }
    }

    #[test]
    fn labels_are_in_the_name_and_each_set_is_defined_once() {
        let host = Rc::new(Names::default());
        install(Rc::clone(&host) as Rc<_>);
        let counter = Counter::new("requests_total", labels!["code", "path"]);
        counter.increment(["200", "/a;b=c"]).unwrap();
        counter.increment(["200", "/a;b=c"]).unwrap();
        Counter::new("plain", labels![]).increment([]).unwrap();
        assert_eq!(
            *host.0.borrow(),
            ["code=.=200;.;path=.=/a_b_c;.;requests_total", "plain"]
        );
    }

    #[test]
    fn too_many_sets_are_counted_together() {
        let host = Rc::new(Names::default());
        install(Rc::clone(&host) as Rc<_>);
        let counter = Counter::new("requests_total", labels!["user"]);
        for user in 0..2 * MAX_SETS {
            counter.increment([&user.to_string()]).unwrap();
        }
        let names = host.0.borrow();
        assert_eq!(names.len(), MAX_SETS + 1);
        assert_eq!(names.last().unwrap(), "user=.=other;.;requests_total");
    }
}
