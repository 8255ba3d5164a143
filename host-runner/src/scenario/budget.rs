//! What a callback may cost, checked where costs are counted: on host-runner, not on Envoy.

use serde::Deserialize;

use super::run::PluginCost;
use crate::subject::Cost;

/// The most that any one callback of a case may use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Budget {
    #[serde(default)]
    max_fuel: Option<u64>,
    #[serde(default)]
    max_memory: Option<u64>,
    #[serde(default)]
    max_hostcalls: Option<u64>,
}

// === impl Budget ===

impl Budget {
    /// One sentence for each callback that cost too much.
    pub(super) fn failures(&self, costs: &[PluginCost]) -> Vec<String> {
        costs.iter().flat_map(|cost| self.over(cost)).collect()
    }

    fn over(&self, spent: &PluginCost) -> Vec<String> {
        let Cost {
            fuel,
            memory,
            hostcalls,
        } = spent.cost.cost;
        let limits = [
            (fuel, self.max_fuel, "used", "fuel"),
            (memory, self.max_memory, "had", "bytes of memory"),
            (hostcalls, self.max_hostcalls, "made", "hostcalls"),
        ];
        let over = limits.into_iter().filter_map(|(spent, most, verb, what)| {
            let most = most.filter(|most| spent > *most)?;
            Some(format!("{verb} {spent} {what}, more than {most}"))
        });
        let (callback, plugin) = (&spent.cost.callback, &spent.plugin);
        over.map(|over| format!("budget: {callback} of plugin `{plugin}` {over}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::CallbackCost;

    #[test]
    fn what_costs_too_much_is_named() {
        let spent = PluginCost {
            plugin: "x".to_owned(),
            cost: CallbackCost {
                callback: "proxy_on_request_headers".to_owned(),
                cost: Cost {
                    fuel: 12_034,
                    memory: 65_536,
                    hostcalls: 3,
                },
            },
        };
        let budget = Budget {
            max_fuel: Some(10_000),
            max_memory: Some(65_536),
            max_hostcalls: Some(2),
        };
        assert_eq!(
            budget.failures(std::slice::from_ref(&spent)),
            [
                "budget: proxy_on_request_headers of plugin `x` used 12034 fuel, more than 10000",
                "budget: proxy_on_request_headers of plugin `x` made 3 hostcalls, more than 2",
            ]
        );
        assert!(Budget::default().failures(&[spent]).is_empty());
    }
}
