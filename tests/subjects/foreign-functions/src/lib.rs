//! Calls every foreign function that the SDK has a type for, at start and in a handler, and logs what came of it: natively,
//! where there are none, that is what a filter falls back from.

use meshwright::foreign::{
    Declaration, Expression, Function, Hash, Key, Span, Verified, compress, sign, uncompress,
    verify_signature,
};
use meshwright::prelude::*;
use meshwright::properties::filter_state;

const PRIVATE_RSA: &str = include_str!("../../../keys/rsa.pem");
const PUBLIC_RSA: &str = include_str!("rsa.public.pem");
const PRIVATE_P256: &str = include_str!("../../../keys/p256.pem");
const PUBLIC_P256: &[u8] = include_bytes!("p256.public.der");

struct ForeignFunctions {
    at_start: Vec<String>,
    greeting: Option<Expression<Value>>,
    is_post: Option<Expression<bool>>,
    nobody: Option<Expression<Value>>,
}

impl Filter for ForeignFunctions {
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self, ConfigError> {
        let wrong = Expression::<bool>::new("1 +");
        let mut at_start = vec![
            format!("native {}", cfg!(not(target_arch = "wasm32"))),
            format!("there {:?}", there()),
            format!(
                "rsa {:?}",
                signed_and_verified(Key::Pem(PRIVATE_RSA), Key::Pem(PUBLIC_RSA))?
            ),
            format!(
                "p256 {:?}",
                signed_and_verified(Key::Pem(PRIVATE_P256), Key::Der(PUBLIC_P256))?
            ),
            format!(
                "a key of no kind {:?}",
                verify_signature(Hash::Sha256, Key::Pem("no key"), b"", b"")?
            ),
            format!(
                "no key {:?}",
                verify_signature(Hash::Sha256, Key::Der(b""), b"", b"").is_err()
            ),
            format!(
                "what does not compile {}",
                shown(wrong.map(|it| it.is_some()))
            ),
        ];
        let once = Declaration::new("once").text().read_only();
        at_start.push(format!("declared {}", shown(once.declare())));
        at_start.push(format!("declared again {}", shown(once.declare())));
        Ok(Self {
            at_start,
            greeting: Expression::new("request.method + ' ' + request.path")?,
            is_post: Expression::new("request.method == 'POST'")?,
            nobody: Expression::new("request.headers['nobody']")?,
        })
    }
}

impl OnRequest for ForeignFunctions {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        self.at_start.iter().for_each(|line| log::info!("{line}"));
        log::info!("packed {:?}", packed_and_unpacked()?);
        log::info!(
            "what is not packed {}",
            shown(uncompress(b"no zlib").map(|it| it.is_some()))
        );
        log::info!("greeting {}", evaluated(self.greeting.as_ref()));
        log::info!("is post {}", evaluated(self.is_post.as_ref()));
        log::info!("nobody {}", evaluated(self.nobody.as_ref()));
        let set = |key| request.set_filter_state(key, "text", Span::Request);
        log::info!("set {}", shown(set("envoy.string")));
        log::info!(
            "state {:?}",
            request.get(filter_state::<Value>("envoy.string"))?
        );
        log::info!("set unknown {}", shown(set("nobody.knows")));
        log::info!("once {}", shown(request.set_state("once", "1")));
        log::info!("twice {}", shown(request.set_state("once", "2")));
        log::info!("route cache {}", shown(request.clear_route_cache()));
        Ok(Flow::Continue)
    }
}

meshwright::main!(ForeignFunctions: OnRequest);

fn there() -> [bool; 5] {
    let functions = [
        Function::VerifySignature,
        Function::Sign,
        Function::Compress,
        Function::Uncompress,
        Function::Expressions,
    ];
    functions.map(Function::is_there)
}

// Of the text that was signed, and of another.
fn signed_and_verified(
    private: Key<'_>,
    public: Key<'_>,
) -> Result<Option<[Option<Verified>; 2]>, Error> {
    let Some(signature) = sign(Hash::Sha256, private, b"text")? else {
        return Ok(None);
    };
    let right = verify_signature(Hash::Sha256, public, &signature, b"text")?;
    let wrong = verify_signature(Hash::Sha256, public, &signature, b"other")?;
    Ok(Some([right, wrong]))
}

fn packed_and_unpacked() -> Result<Option<bool>, Error> {
    let text = [b'a'; 1000];
    let Some(packed) = compress(&text)? else {
        return Ok(None);
    };
    let unpacked = uncompress(&packed)?;
    Ok(unpacked.map(|it| it == text && packed.len() < 100))
}

fn evaluated<T: meshwright::FromProperty + std::fmt::Debug>(
    expression: Option<&Expression<T>>,
) -> String {
    match expression {
        Some(expression) => shown(expression.evaluate()),
        None => "not there".to_owned(),
    }
}

fn shown<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(error) if error.is_not_found() => "not found".to_owned(),
        Err(Error::Host(error)) => format!("{}", error.status),
        Err(error) => format!("{error}"),
    }
}

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Host};

    use super::*;

    const WRONG: &str = r#"Some(Invalid("Failed to verify digest. Error code: 0"))"#;

    #[meshwright::test(ForeignFunctions, envoy)]
    fn each_answers_or_is_fallen_back_from(host: Host) {
        let exchange = host.send(ClientRequest::post("/books", "a body"));
        let both = format!("Some([Some(Valid), {WRONG}])");
        let bad_key = r#"Some(Invalid("Failed to initialize digest verify."))"#;
        let expected = match exchange.logged("native true") {
            true => vec![
                "there [false, false, false, false, false]",
                "rsa None",
                "p256 None",
                "a key of no kind None",
                "no key false",
                "what does not compile false",
                "declared not found",
                "declared again not found",
                "packed None",
                "what is not packed false",
                "greeting not there",
                "is post not there",
                "nobody not there",
                "set not found",
                "state None",
                "set unknown not found",
                "once ()",
                "twice ()",
                "route cache ()",
            ],
            false => vec![
                "there [true, true, true, true, true]",
                "a key of no kind BAD",
                "no key true",
                "what does not compile BadArgument (status 2)",
                "declared ()",
                "declared again BadArgument (status 2)",
                "packed Some(true)",
                "what is not packed SerializationFailure (status 3)",
                "greeting Some(\"POST /books\")",
                "is post Some(true)",
                "nobody InternalFailure (status 10)",
                "set ()",
                "state Some(\"text\")",
                "set unknown not found",
                "once ()",
                "twice BadArgument (status 2)",
                "route cache ()",
                "rsa BOTH",
                "p256 BOTH",
            ],
        };
        let lines: Vec<&str> = exchange.logs.iter().map(|it| it.message.as_str()).collect();
        for line in expected {
            let line = line.replace("BOTH", &both).replace("BAD", bad_key);
            assert!(lines.contains(&line.as_str()), "{line}: {lines:#?}");
        }
    }
}
