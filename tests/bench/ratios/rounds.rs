//! Figures of both subjects, round by round, and the ratio that they come to.

use std::fmt;

use serde_json::{Value, json};

/// What one question came to.
#[derive(Debug)]
pub(crate) struct Rounds {
    pub(crate) question: String,
    pub(crate) unit: &'static str,
    /// One figure a round.
    pub(crate) runner: Vec<f64>,
    /// One figure a round.
    pub(crate) envoy: Vec<f64>,
    pub(crate) better: Better,
    /// The least that the ratio must be; none only informs.
    pub(crate) target: Option<f64>,
}

/// Which figures are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    More,
    Less,
}

// === impl Rounds ===

impl Rounds {
    /// How many times better than Envoy host-runner is: the median of the rounds' own ratios, so that a machine that
    /// slows down half way slows both sides of each ratio.
    pub(crate) fn ratio(&self) -> f64 {
        let ratios = self.runner.iter().zip(&self.envoy);
        let ratios = ratios.map(|(runner, envoy)| match self.better {
            Better::More => runner / envoy,
            Better::Less => envoy / runner,
        });
        median(ratios.collect())
    }

    pub(crate) fn passes(&self) -> bool {
        self.target.is_none_or(|target| self.ratio() >= target)
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({"question": self.question, "unit": self.unit, "host-runner": self.runner, "envoy": self.envoy,
            "ratio": self.ratio(), "target": self.target, "passes": self.passes()})
    }
}

impl fmt::Display for Rounds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (runner, envoy) = (median(self.runner.clone()), median(self.envoy.clone()));
        write!(
            formatter,
            "{}: host-runner {runner:.1} {unit}, Envoy {envoy:.1} {unit}, ratio {:.2}",
            self.question,
            self.ratio(),
            unit = self.unit,
        )?;
        match self.target {
            None => Ok(()),
            Some(target) if self.passes() => write!(formatter, " (at least {target} wanted)"),
            Some(target) => write!(
                formatter,
                " (FAILED: at least {target} wanted; is something else running?)"
            ),
        }
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
