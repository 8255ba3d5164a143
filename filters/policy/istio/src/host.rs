//! What a host name means in Istio: short names belong to a namespace, and a service answers to several names.

/// What Kubernetes puts behind `<service>.<namespace>`.
const CLUSTER_DOMAIN: &str = ".svc.cluster.local";

/// The full name of `host` as written in `namespace`. Names with dots and wildcards are full already.
pub(crate) fn full_name(host: &str, namespace: &str) -> String {
    if host.contains(['.', '*']) {
        host.to_ascii_lowercase()
    } else {
        format!("{host}.{namespace}{CLUSTER_DOMAIN}").to_ascii_lowercase()
    }
}

/// The names that mean the service with this full name, for a client in `namespace`: only there the bare name does.
pub(crate) fn aliases(full_name: &str, namespace: &str) -> Vec<String> {
    let Some((service, home)) = kubernetes_name(full_name) else {
        return vec![full_name.to_owned()];
    };
    let mut aliases = Vec::new();
    if home == namespace {
        aliases.push(service.to_owned());
    }
    aliases.push(format!("{service}.{home}"));
    aliases.push(format!("{service}.{home}.svc"));
    aliases.push(full_name.to_owned());
    aliases
}

/// Whether a host of a VirtualService or DestinationRule covers a full name, itself or by wildcard.
pub(crate) fn covers(pattern: &str, full_name: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some("") => true,
        Some(suffix) => full_name.len() > suffix.len() && full_name.ends_with(suffix),
        None => pattern == full_name,
    }
}

fn kubernetes_name(full_name: &str) -> Option<(&str, &str)> {
    let (service, namespace) = full_name.strip_suffix(CLUSTER_DOMAIN)?.split_once('.')?;
    let plain = !service.contains('*') && !namespace.contains('.');
    plain.then_some((service, namespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_expanded_in_their_namespace() {
        assert_eq!(
            full_name("reviews", "default"),
            "reviews.default.svc.cluster.local"
        );
        assert_eq!(full_name("Reviews", "a"), "reviews.a.svc.cluster.local");
    }

    #[test]
    fn names_with_dots_and_wildcards_are_full_already() {
        assert_eq!(full_name("reviews.default", "x"), "reviews.default");
        assert_eq!(full_name("*", "x"), "*");
    }

    #[test]
    fn a_service_answers_to_four_names_at_home_and_three_abroad() {
        let name = "reviews.default.svc.cluster.local";
        assert_eq!(
            aliases(name, "default"),
            ["reviews", "reviews.default", "reviews.default.svc", name]
        );
        assert_eq!(
            aliases(name, "other"),
            ["reviews.default", "reviews.default.svc", name]
        );
    }

    #[test]
    fn other_names_have_no_aliases() {
        for name in [
            "api.example",
            "*",
            "*.default.svc.cluster.local",
            "a.b.c.svc.cluster.local",
        ] {
            assert_eq!(aliases(name, "default"), [name]);
        }
    }

    #[test]
    fn wildcards_cover_longer_names_only() {
        assert!(covers("*", "a"));
        assert!(covers("*.b", "a.b"));
        assert!(!covers("*.b", ".b"));
        assert!(!covers("a.b", "x.a.b"));
    }
}
