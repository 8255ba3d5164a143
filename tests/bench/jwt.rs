//! The rows of `make bench-jwt`: `jwt-auth` beside Envoy's `jwt_authn`, and beside the crates that everybody takes, for new
//! tokens, known ones, and many.

use std::path::Path;
use std::sync::Arc;

use host_runner::inspect::inspect;
use host_runner::listener::{ModuleFile, Plugin};
use host_runner::token::SigningKey;
use serde_json::{Value, json};

use crate::rows::{CHAIN, HTTP_FILTERS, Row, Target};
use crate::token;

/// New tokens are these in turn; a cache for that many knows none of them any more when it is their turn again.
const NEW: usize = 256;
const FEW: usize = 32;

/// What a cache is to hold without becoming slow.
const MANY: usize = 100_000;

/// A key and tokens of it.
struct Issuer {
    jwks: String,
    new: Arc<[String]>,
    one: Arc<[String]>,
}

/// All rows, in the order of the table.
pub(crate) fn rows(modules: &Path) -> anyhow::Result<Vec<Row>> {
    let [rsa, p256] = ["rsa", "p256"].map(Issuer::of);
    let (rsa, p256) = (rsa?, p256?);
    let many = Issuer::with_many()?;
    let jwt_auth = ModuleFile::read(&modules.join("jwt-auth.wasm"))?;
    let plain = ModuleFile::read(&modules.join("plain-jwt.wasm"))?;
    let ours = |name: &str, issuer: &Issuer, cached: usize| {
        Plugin::new(
            name,
            jwt_auth.clone(),
            issuer.configuration(cached).to_string(),
        )
    };
    let here = |name: &str, issuer: &Issuer| {
        let mut plugin = ours(name, issuer, 0);
        plugin.allowed_capabilities = without_foreign_functions(&jwt_auth)?;
        Ok::<_, anyhow::Error>(plugin)
    };
    let plain = |name: &str, issuer: &Issuer| Plugin::new(name, plain.clone(), issuer.jwks.clone());
    let chain = (0..CHAIN).map(|number| ours(&format!("known/{number}"), &rsa, FEW));
    let native = |issuer: &Issuer, cached, count| vec![issuer.jwt_authn(cached); count];
    let added = |most| Some(Target::Added(most));

    let rows = [
        Row::plain("no-filter").tokens(&rsa.one),
        Row::plain("no-filter-new-rs256").tokens(&rsa.new),
        Row::plain("no-filter-new-es256").tokens(&p256.new),
        Row::plain("no-filter-many").tokens(&many.new),
        Row::plain("native-new-rs256")
            .native(native(&rsa, false, 1))
            .tokens(&rsa.new)
            .over("no-filter-new-rs256"),
        Row::plain("new-rs256")
            .plugins([ours("new-rs256", &rsa, FEW)])
            .tokens(&rsa.new)
            .over("no-filter-new-rs256")
            .against("native-new-rs256", added(1.0)),
        Row::plain("native-new-es256")
            .native(native(&p256, false, 1))
            .tokens(&p256.new)
            .over("no-filter-new-es256"),
        Row::plain("new-es256")
            .plugins([ours("new-es256", &p256, FEW)])
            .tokens(&p256.new)
            .over("no-filter-new-es256")
            .against("native-new-es256", added(1.0)),
        Row::plain("native-known")
            .native(native(&rsa, true, 1))
            .tokens(&rsa.one),
        Row::plain("known")
            .plugins([ours("known", &rsa, FEW)])
            .tokens(&rsa.one)
            .against("native-known", Some(Target::Whole(1.0 / 0.9))),
        Row::plain("native-known-x8")
            .native(native(&rsa, true, CHAIN))
            .tokens(&rsa.one),
        Row::plain("known-x8")
            .plugins(chain)
            .tokens(&rsa.one)
            .against("native-known-x8", added(2.0)),
        Row::plain("one-of-one")
            .plugins([ours("one-of-one", &many, MANY)])
            .tokens(&many.one),
        Row::plain("one-of-many")
            .plugins([ours("one-of-many", &many, MANY)])
            .tokens(&many.new)
            .over("no-filter-many")
            .against("one-of-one", added(1.5)),
        Row::plain("plain-rs256")
            .plugins([plain("plain-rs256", &rsa)])
            .tokens(&rsa.new)
            .over("no-filter-new-rs256"),
        Row::plain("without-host-rs256")
            .plugins([here("without-host-rs256", &rsa)?])
            .tokens(&rsa.new)
            .over("no-filter-new-rs256")
            .against("plain-rs256", added(0.2)),
        Row::plain("plain-es256")
            .plugins([plain("plain-es256", &p256)])
            .tokens(&p256.new)
            .over("no-filter-new-es256"),
        Row::plain("without-host-es256")
            .plugins([here("without-host-es256", &p256)?])
            .tokens(&p256.new)
            .over("no-filter-new-es256")
            .against("plain-es256", added(0.65)),
    ];
    Ok(rows.into())
}

// All that it needs, but its host's cryptography.
fn without_foreign_functions(module: &ModuleFile) -> anyhow::Result<Vec<String>> {
    let mut allowed = inspect(module)?.allowed_capabilities;
    allowed.retain(|name| name != "proxy_call_foreign_function");
    Ok(allowed)
}

// === impl Issuer ===

impl Issuer {
    fn of(name: &str) -> anyhow::Result<Self> {
        let key = SigningKey::read_pem(&Path::new("tests/keys").join(format!("{name}.pem")))?;
        Self::new(&key, NEW)
    }

    /// Of a shared secret, which signs so many in no time.
    fn with_many() -> anyhow::Result<Self> {
        Self::new(
            &SigningKey::from_secret("bWVzaHdyaWdodCBzaWducyB0aGVzZSB3aXRoIHRoaXM")?,
            MANY,
        )
    }

    fn new(key: &SigningKey, count: usize) -> anyhow::Result<Self> {
        let new: Vec<String> = (0..count)
            .map(|number| token::mint(key, number))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            jwks: json!({"keys": [key.to_jwk(token::KEY_ID)?]}).to_string(),
            one: new.iter().take(1).cloned().collect(),
            new: new.into(),
        })
    }

    fn configuration(&self, cached: usize) -> Value {
        json!({
            "jwtRules": [{"issuer": token::ISSUER, "jwks": self.jwks, "forwardOriginalToken": true}],
            "tokenCache": {"tokens": cached, "bytes": 1 << 29},
        })
    }

    /// The same in Envoy's words.
    fn jwt_authn(&self, is_cached: bool) -> Value {
        let mut provider = json!({
            "issuer": token::ISSUER, "forward": true, "payload_in_metadata": "payload",
            "local_jwks": {"inline_string": self.jwks},
        });
        if let Some(fields) = provider.as_object_mut().filter(|_| is_cached) {
            fields.insert(
                "jwt_cache_config".to_owned(),
                json!({"jwt_cache_size": FEW}),
            );
        }
        json!({"name": "envoy.filters.http.jwt_authn", "typed_config": {
            "@type": format!("{HTTP_FILTERS}.jwt_authn.v3.JwtAuthentication"),
            "providers": {"bench": provider},
            "rules": [{"match": {"prefix": "/"}, "requires": {"requires_any": {"requirements": [
                {"provider_name": "bench"}, {"allow_missing": {}}]}}}],
            "bypass_cors_preflight": true,
        }})
    }
}
