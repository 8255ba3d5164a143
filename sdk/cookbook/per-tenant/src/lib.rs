//! Sets headers by the tenant that a request names: what each gets is one part of the configuration, found by its name.

use std::collections::BTreeMap;

use meshwright::prelude::*;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PerTenant {
    header: String,
    tenants: BTreeMap<String, Tenant>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Tenant {
    set: BTreeMap<String, String>,
}

impl OnRequest for PerTenant {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let name = request.header(&self.header)?.unwrap_or_default();
        let tenant = name.to_str().and_then(|name| self.tenants.get(name));
        let Some(tenant) = tenant else {
            return Ok(Flow::reply(403, "no such tenant"));
        };
        for (name, value) in &tenant.set {
            request.set_header(name, value)?;
        }
        Ok(Flow::Continue)
    }
}

meshwright::main!(PerTenant: OnRequest);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Host};

    use super::*;

    #[meshwright::test(PerTenant, envoy)]
    fn each_tenant_gets_its_own(host: Host) {
        let host = host.configuration(serde_json::json!({"header": "x-tenant", "tenants": {
            "acme": {"set": {"x-plan": "gold"}},
            "bolt": {"set": {"x-plan": "tin"}},
        }}));
        let from = |tenant: &str| ClientRequest::get("/").header("x-tenant", tenant);
        let exchanges = host.send_all([from("acme"), from("bolt"), from("else")]);
        assert_eq!(exchanges[0].upstream().header("x-plan"), Some("gold"));
        assert_eq!(exchanges[1].upstream().header("x-plan"), Some("tin"));
        assert_eq!(exchanges[2].response.status, 403);
    }
}
