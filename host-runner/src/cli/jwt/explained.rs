//! Why a token is taken or refused, as text for people.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit};
use meshwright_core::{HeaderEdit, Verdict};
use policy_jwt::explain::{
    Check, Explanation, Finding, KeyExplanation, Parts, Refusal, RuleExplanation, Step,
    TokenExplanation, Trial,
};
use policy_jwt::{Location, Outcome};
use serde_json::{Map, Value};

/// The claims that are times.
const TIMES: [&str; 3] = ["iat", "nbf", "exp"];

/// Writes explanations at an instant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    pub(super) now: Timestamp,
}

// === impl Text ===

impl Text {
    /// The token, what each rule asks of it, and what becomes of it.
    pub(super) fn of(self, explanation: &Explanation, bytes: usize) -> String {
        let mut text = format!("token      {bytes} bytes, at {}\n", date(self.now));
        let mut tokens = explanation.rules.iter().flat_map(|rule| &rule.tokens);
        if let Some(parts) = tokens.find_map(|token| token.parts.as_ref()) {
            text += &self.parts(parts);
        }
        for rule in &explanation.rules {
            text += &self.rule(rule);
        }
        text.push('\n');
        text + &verdict(&explanation.outcome)
    }

    fn parts(self, parts: &Parts) -> String {
        let header = parts.header.as_ref();
        let header = header.map_or("no JSON object in base64url".to_owned(), json);
        let claims = parts.claims.as_ref();
        let claims = claims.map_or("no JSON object in base64url".to_owned(), json);
        let mut text = format!("header     {header}\nclaims     {claims}\n");
        for name in TIMES {
            let claim = parts.claims.as_ref().and_then(|claims| claims.get(name));
            if let Some(time) = claim.and_then(|claim| self.time(claim)) {
                let _ = writeln!(text, "{:<10} {time}", format!("  {name}"));
            }
        }
        let signature = parts.signature_bytes;
        let signature =
            signature.map_or("no base64url".to_owned(), |bytes| format!("{bytes} bytes"));
        text + &format!("signature  {signature}\n")
    }

    fn rule(self, rule: &RuleExplanation) -> String {
        let mut text = format!("\n{}", rule.rule);
        text += if rule.is_asked {
            "\n"
        } else {
            ": not asked, a rule before it accepts\n"
        };
        if rule.tokens.is_empty() {
            text += "  no token where it looks\n";
        }
        for token in &rule.tokens {
            let _ = writeln!(text, "  token in {}", place(&token.location));
            text += &self.token(token);
        }
        text
    }

    fn token(self, token: &TokenExplanation) -> String {
        let claims = token.parts.as_ref().and_then(|parts| parts.claims.clone());
        let header = token.parts.as_ref().and_then(|parts| parts.header.clone());
        let (claims, header) = (claims.unwrap_or_default(), header.unwrap_or_default());
        let mut text = String::new();
        for step in &token.steps {
            let asked = self.asked(&step.check, &header, &claims);
            let Some((name, asked)) = asked else { continue };
            let is_decisive = token.decisive() == Some(step);
            let _ = writeln!(
                text,
                "  {} {name:<10} {asked}{}",
                mark(step, is_decisive),
                why(step)
            );
            if step.check == Check::Signature {
                text.extend(token.keys.iter().map(key));
            }
        }
        text
    }

    // What is asked, and what the token says to it; none when nothing is.
    fn asked(
        self,
        check: &Check,
        header: &Map<String, Value>,
        claims: &Map<String, Value>,
    ) -> Option<(&'static str, String)> {
        let found = |name: &str| claims.get(name).map_or("none".to_owned(), shown);
        Some(match check {
            Check::Form => ("form", "three parts".to_owned()),
            Check::Issuer(any) if any.is_empty() => ("issuer", "any".to_owned()),
            Check::Issuer(issuer) => ("issuer", format!("`{issuer}`, found {}", found("iss"))),
            Check::Expiry { required: true } => ("expiry", "there is an `exp`".to_owned()),
            Check::Time { leeway } => ("time", self.times(claims, *leeway)),
            Check::Audience(any) if any.is_empty() => ("audience", "any".to_owned()),
            Check::Audience(allowed) => (
                "audience",
                format!("one of {}, found {}", quoted(allowed), found("aud")),
            ),
            Check::Type(Some(kind)) => {
                let found = header.get("typ").map_or("none".to_owned(), shown);
                ("type", format!("`{kind}`, found {found}"))
            }
            Check::Claims(claims) if !claims.is_empty() => {
                ("claims", format!("there are {}", quoted(claims)))
            }
            Check::Age {
                longest: Some(longest),
                leeway,
            } => {
                let (longest, leeway) = (length(*longest), length(*leeway));
                (
                    "age",
                    format!("at most {longest}, with a leeway of {leeway}"),
                )
            }
            Check::Signature => ("signature", "by a key of the rule".to_owned()),
            _ => return None,
        })
    }

    fn times(self, claims: &Map<String, Value>, leeway: Duration) -> String {
        let said = ["nbf", "exp"].into_iter().filter_map(|name| {
            let time = self.time(claims.get(name)?)?;
            Some(format!("`{name}` {time}"))
        });
        let said: Vec<String> = said.collect();
        let said = if said.is_empty() {
            "no `nbf` nor `exp`".to_owned()
        } else {
            said.join(", ")
        };
        format!("{said}, with a leeway of {}", length(leeway))
    }

    fn time(self, claim: &Value) -> Option<String> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "too large a number is no date"
        )]
        let seconds = claim.as_f64()? as i64;
        let time = Timestamp::from_second(seconds).ok()?;
        let distance = time.duration_since(self.now);
        let relative = match distance.is_negative() {
            true => format!("{} ago", roughly(distance.abs())),
            false => format!("in {}", roughly(distance)),
        };
        Some(format!("{} ({relative})", date(time)))
    }
}

fn verdict(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Decided(Verdict::Continue { effects, reason }) => {
            let mut text = format!("passes: {reason}\n");
            text.extend(effects.headers.iter().map(edit));
            text
        }
        Outcome::Decided(Verdict::Deny { reply, reason }) => {
            let body = String::from_utf8_lossy(&reply.body);
            format!("refused: {reason}\n  {} {body}\n", reply.status)
        }
        Outcome::Reported { refusal, .. } => {
            format!("passes without claims: {refusal}, which is only reported (`reportOnly`)\n")
        }
        Outcome::NeedsKeys(_) => "undecided: the keys are not there\n".to_owned(),
    }
}

fn edit(edit: &HeaderEdit) -> String {
    let lossy = String::from_utf8_lossy;
    match edit {
        HeaderEdit::Set(name, value) => format!(
            "  the upstream gets {name}: {}\n",
            lossy(value).escape_debug()
        ),
        HeaderEdit::Append(name, value) => format!(
            "  the upstream gets {name}: {} too\n",
            lossy(value).escape_debug()
        ),
        HeaderEdit::Remove(name) => format!("  the upstream does not get {name}\n"),
    }
}

fn mark(step: &Step, is_decisive: bool) -> &'static str {
    match (&step.finding, is_decisive) {
        (Finding::Good, _) => "ok ",
        (Finding::NeedsKeys(_), _) => "?  ",
        (Finding::Refused(_), true) => "NO ",
        (Finding::Refused(_), false) => "no ",
    }
}

fn why(step: &Step) -> String {
    match &step.finding {
        Finding::Good => String::new(),
        Finding::NeedsKeys(_) => ": the keys are not there".to_owned(),
        Finding::Refused(refusal) => format!(": {}", said(refusal)),
    }
}

fn said(refusal: &Refusal) -> String {
    format!("{} ({})", refusal.text, refusal.code)
}

fn key(key: &KeyExplanation) -> String {
    let name = key
        .id
        .as_ref()
        .map_or("without `kid`".to_owned(), |id| format!("`{id}`"));
    let trial = match key.trial {
        Trial::OtherKeyId => "the token names another `kid`".to_owned(),
        Trial::OtherAlgorithm => "is for another `alg`".to_owned(),
        Trial::OtherType => "does not verify this `alg`".to_owned(),
        Trial::NotTried => "not tried".to_owned(),
        Trial::Verified => "verifies".to_owned(),
        Trial::Refused(refusal) => said(&refusal),
    };
    format!("                 key {name}, {}: {trial}\n", key.kind)
}

fn place(location: &Location) -> String {
    match location {
        Location::Header { name, prefix } if prefix.is_empty() => format!("the header `{name}`"),
        Location::Header { name, prefix } => format!("the header `{name}`, after `{prefix}`"),
        Location::Param(name) => format!("the query parameter `{name}`"),
        Location::Cookie(name) => format!("the cookie `{name}`"),
    }
}

fn json(members: &Map<String, Value>) -> String {
    shown(&Value::Object(members.clone()))
}

// Anybody can make up a token, so what would steer a terminal is escaped; JSON does so for a part of it only.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    let escaped = text.chars().map(|character| match character {
        ' '..='~' => character.to_string(),
        _ => character.escape_debug().to_string(),
    });
    escaped.collect()
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn date(time: Timestamp) -> String {
    format!("{time:.0}")
}

fn length(duration: Duration) -> String {
    SignedDuration::try_from(duration).map_or_else(|_| "forever".to_owned(), |it| format!("{it:#}"))
}

// Hours no longer tell much where there are days.
fn roughly(duration: SignedDuration) -> String {
    match duration.as_hours() / 24 {
        0 | 1 => format!("{:#}", duration.round(Unit::Second).unwrap_or(duration)),
        days => format!("{days} days"),
    }
}
