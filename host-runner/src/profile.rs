//! Hosts other than Envoy 1.40, by what they lack or do otherwise: data for `inspect`, and for an engine that plays one.
//!
//! What is here was read in their documentation and sources (section 7 of the host rules); nothing in it was run.

mod gcp;
mod ngx_wasm;

use clap::ValueEnum;

/// A host that modules are meant for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, ValueEnum)]
pub enum Profile {
    /// Envoy 1.40, and so Istio.
    #[default]
    #[value(name = "envoy-1.40")]
    Envoy,
    /// Plugins of Google Cloud Service Extensions.
    Gcp,
    /// Kong's `ngx_wasm_module`.
    NgxWasm,
    /// Only what all of the others have.
    Portable,
}

/// What a host lacks, and what comes of using it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lack {
    /// What the host does.
    pub answer: Answer,
    /// Why, as a clause: `it has no timers`.
    pub why: &'static str,
}

/// What a host does about something it lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A module that imports it does not load.
    Refused,
    /// A call of it traps.
    Trap,
    /// A call of it has this status and no effect.
    Status(u32),
    /// The callback is never called.
    NeverCalled,
}

// What one host lacks for one reason.
struct Gap {
    names: &'static [&'static str],
    answer: Answer,
    why: &'static str,
}

// === impl Profile ===

impl Profile {
    /// As the command line spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Envoy => "envoy-1.40",
            Self::Gcp => "gcp",
            Self::NgxWasm => "ngx-wasm",
            Self::Portable => "portable",
        }
    }

    /// Whose host it is.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Envoy => "Envoy 1.40 (Istio)",
            Self::Gcp => "Google Cloud Service Extensions",
            Self::NgxWasm => "Kong ngx_wasm_module",
            Self::Portable => "every host above",
        }
    }

    /// What the host does about an import or a callback of that name; none when it has it.
    #[must_use]
    pub fn lack(self, name: &str) -> Option<Lack> {
        let gap = self.gaps().iter().find(|gap| gap.names.contains(&name));
        gap.map(|gap| Lack {
            answer: gap.answer,
            why: gap.why,
        })
        .or_else(|| self.strictest(name))
    }

    /// What it does otherwise than Envoy, beside what it lacks; each a sentence.
    #[must_use]
    pub fn differences(self) -> Vec<&'static str> {
        match self {
            Self::Envoy => Vec::new(),
            Self::Gcp => gcp::DIFFERENCES.to_vec(),
            Self::NgxWasm => ngx_wasm::DIFFERENCES.to_vec(),
            Self::Portable => [gcp::DIFFERENCES, ngx_wasm::DIFFERENCES].concat(),
        }
    }

    /// Bytes of memory that a VM may have, where that is less than Envoy gives.
    #[must_use]
    pub fn max_memory(self) -> Option<u64> {
        match self {
            Self::Gcp | Self::Portable => Some(gcp::MAX_MEMORY),
            Self::Envoy | Self::NgxWasm => None,
        }
    }

    fn gaps(self) -> &'static [Gap] {
        match self {
            Self::Gcp => gcp::GAPS,
            Self::NgxWasm => ngx_wasm::GAPS,
            Self::Envoy | Self::Portable => &[],
        }
    }

    // A portable module imports nothing that any host lacks; a callback that one of them never calls does no harm.
    fn strictest(self, name: &str) -> Option<Lack> {
        if self != Self::Portable {
            return None;
        }
        let mut lacks = [Self::NgxWasm, Self::Gcp]
            .iter()
            .filter_map(|host| host.lack(name));
        let lack = lacks.next()?;
        Some(match lack.answer {
            Answer::NeverCalled => lack,
            _ => Lack {
                answer: Answer::Refused,
                why: lack.why,
            },
        })
    }
}

// === impl Answer ===

impl Answer {
    /// As a clause without its subject, the host.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Refused => "refuses the module".to_owned(),
            Self::Trap => "traps at a call".to_owned(),
            Self::Status(status) => format!("answers {status} to a call"),
            Self::NeverCalled => "never calls back".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envoy_lacks_nothing() {
        assert_eq!(Profile::Envoy.lack("proxy_grpc_call"), None);
        assert!(Profile::Envoy.differences().is_empty());
    }

    #[test]
    fn a_portable_module_may_import_what_all_hosts_have() {
        let answer = |name| Profile::Portable.lack(name).map(|lack| lack.answer);
        assert_eq!(answer("proxy_log"), None);
        assert_eq!(answer("proxy_http_call"), Some(Answer::Refused));
        assert_eq!(answer("proxy_get_log_level"), Some(Answer::Refused));
        assert_eq!(answer("proxy_on_tick"), Some(Answer::NeverCalled));
    }

    #[test]
    fn every_host_answers_in_its_own_way() {
        let answer = |profile: Profile, name| profile.lack(name).map(|lack| lack.answer);
        assert_eq!(
            answer(Profile::Gcp, "proxy_define_metric"),
            Some(Answer::Status(12))
        );
        assert_eq!(
            answer(Profile::NgxWasm, "proxy_grpc_call"),
            Some(Answer::Trap)
        );
        assert_eq!(answer(Profile::NgxWasm, "proxy_define_metric"), None);
    }
}
