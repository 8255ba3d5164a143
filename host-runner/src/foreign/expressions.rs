//! CEL expressions over the attributes: `expr_create`, `expr_evaluate` and `expr_delete`.
//!
//! Envoy evaluates them with cel-cpp, this with the `cel` crate. Where the two would differ, the expression is refused,
//! and the log says why.

mod attribute;
mod check;
mod result;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use cel::{Context, Env, ExecutionError, Program};

use crate::abi::Status;
use crate::host::properties::{Value, View};
use attribute::Attributes;

static ENVIRONMENT: LazyLock<Arc<Env>> =
    LazyLock::new(|| Arc::new(Env::stdlib().with_optional_support(false)));

/// The expressions of a root context, by token.
#[derive(Debug, Default)]
pub(crate) struct Expressions {
    next: u32,
    compiled: BTreeMap<u32, Program>,
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EvaluateError {
    /// No expression has that token.
    NoExpression,
    /// It failed, as it does in Envoy.
    Failed,
    /// Its value has no encoding.
    NoEncoding(Status),
    /// Envoy would have an answer; this is why there is none here.
    Unsupported(String),
}

// === impl Expressions ===

impl Expressions {
    /// Compiles an expression and returns its token. The error says where host-runner differs from Envoy, if it does.
    ///
    /// A token is used up by a function that does not exist, but not by a mistake of syntax.
    pub(crate) fn create(&mut self, source: &[u8]) -> Result<u32, Option<String>> {
        let source = std::str::from_utf8(source).map_err(|_| None)?;
        let program = ENVIRONMENT.compile(source).map_err(|_| None)?;
        let token = self.next;
        self.next = self.next.wrapping_add(1);
        check::calls(program.expression())?;
        self.compiled.insert(token, program);
        Ok(token)
    }

    /// Evaluates an expression and encodes its value.
    pub(crate) fn evaluate(
        &self,
        token: u32,
        view: View<'_>,
        encode: impl Fn(&Value<'_>) -> Result<Vec<u8>, Status>,
    ) -> Result<Vec<u8>, EvaluateError> {
        let program = self
            .compiled
            .get(&token)
            .ok_or(EvaluateError::NoExpression)?;
        let attributes = Attributes::new(view);
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        context.set_variable_resolver(&attributes);
        let value = cel::Value::resolve_val(program.expression(), &context)?;
        result::encoded(&*value, &encode)
    }

    pub(crate) fn delete(&mut self, token: u32) {
        self.compiled.remove(&token);
    }
}

// === impl EvaluateError ===

impl EvaluateError {
    pub(crate) fn status(&self) -> Status {
        match self {
            Self::NoExpression => Status::NOT_FOUND,
            Self::Failed | Self::Unsupported(_) => Status::INTERNAL_FAILURE,
            Self::NoEncoding(status) => *status,
        }
    }
}

impl From<ExecutionError> for EvaluateError {
    fn from(error: ExecutionError) -> Self {
        match error {
            // Made only in `attribute`.
            ExecutionError::InternalError(difference) => Self::Unsupported(difference),
            _ => Self::Failed,
        }
    }
}
