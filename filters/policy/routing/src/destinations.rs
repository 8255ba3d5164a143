//! The weighted destinations of a rule (rules R11, R12).
//! Envoy walks cumulative intervals with `random % total`; the same number picks the same destination here.

use std::sync::Arc;

use meshwright_core::ConfigError;

use crate::config::RouteDestinationConfig;

/// A weight is a signed 32-bit integer in Istio's API.
const MAX_WEIGHT: u32 = i32::MAX.unsigned_abs();

/// One or more destinations; the sum of their weights is never 0.
#[derive(Debug, Clone)]
pub(crate) struct Destinations {
    first: Interval,
    others: Vec<Interval>,
    total: u64,
}

#[derive(Debug, Clone)]
struct Interval {
    end: u64,
    cluster: Arc<str>,
}

// === impl Destinations ===

impl Destinations {
    /// Compiles the `route` list of a rule. Errors are relative to it.
    pub(crate) fn compile(route: &[RouteDestinationConfig]) -> Result<Self, ConfigError> {
        for (index, entry) in route.iter().enumerate() {
            check(entry).map_err(|error| error.under(&format!("/{index}")))?;
        }
        let mut total = 0;
        let mut intervals = weighted(route).map(|(weight, entry)| {
            total += u64::from(weight);
            Interval {
                end: total,
                cluster: entry.destination.cluster_name().into(),
            }
        });
        let first = intervals
            .next()
            .ok_or_else(|| ConfigError::new("", none_left(route)))?;
        let others = intervals.collect();
        Ok(Self {
            first,
            others,
            total,
        })
    }

    /// The cluster that `random` falls on.
    pub(crate) fn pick(&self, random: u64) -> &str {
        // The total is a sum of positive weights; 1 only spares the division a way to panic.
        let point = random % self.total.max(1);
        if point < self.first.end {
            return &self.first.cluster;
        }
        let index = self
            .others
            .partition_point(|interval| interval.end <= point);
        self.others
            .get(index)
            .map_or(&self.first.cluster, |interval| &interval.cluster)
    }
}

// A single destination gets everything, whatever its weight (rule R11); entries of weight 0 get nothing.
fn weighted(
    route: &[RouteDestinationConfig],
) -> impl Iterator<Item = (u32, &RouteDestinationConfig)> {
    let single = route.len() == 1;
    route
        .iter()
        .map(move |entry| (if single { 1 } else { entry.weight.unwrap_or(0) }, entry))
        .filter(|(weight, _)| *weight > 0)
}

fn check(entry: &RouteDestinationConfig) -> Result<(), ConfigError> {
    if entry.destination.host.is_empty() {
        return Err(ConfigError::new(
            "/destination/host",
            "a destination needs a host",
        ));
    }
    if entry.weight.is_some_and(|weight| weight > MAX_WEIGHT) {
        return Err(ConfigError::new(
            "/weight",
            format!("a weight is at most {MAX_WEIGHT}"),
        ));
    }
    Ok(())
}

fn none_left(route: &[RouteDestinationConfig]) -> &'static str {
    if route.is_empty() {
        "an http rule needs a route with at least one destination"
    } else {
        "the weights of several destinations must not all be 0"
    }
}

#[cfg(test)]
mod tests;
