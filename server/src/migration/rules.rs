//! What is proved of the rules: whether they send every user, from now on, to new.

use crossfade_evaluator::analysis::{Always, Example, always};
use crossfade_evaluator::program::InstanceError;
use crossfade_evaluator::rules::Rules as Checked;
use serde::Serialize;
use serde_json::Value as Json;

use crate::flags::Compiled;

/// What is known of the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// Their version, as servers report it.
    pub version: String,
    /// Whether `read` is true for everybody.
    pub read: Proof,
    /// Whether `write` is true for everybody.
    pub write: Proof,
}

/// Whether something is so for every context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// It is.
    Proved,
    /// It is not, for this context for one.
    Refuted {
        /// The context, in words.
        context: String,
    },
    /// It cannot be told.
    Unknown {
        /// Why not.
        reason: String,
    },
}

impl Rules {
    /// Asks of every context, and of every moment from `from_ms` on, in milliseconds since the Unix epoch. `checked` are the rules
    /// that the program was compiled from.
    pub fn prove(compiled: &Compiled, checked: &Checked, from_ms: i64) -> Result<Self, InstanceError> {
        let instance = compiled.program.instance()?;
        let proof = |key: &str| match always(checked, &instance, key, &Json::Bool(true), from_ms) {
            Some(Always::Proved) => Proof::Proved,
            Some(Always::Refuted { example, .. }) => Proof::Refuted {
                context: in_words(&example),
            },
            Some(Always::Unknown { why }) => Proof::Unknown { reason: why },
            None => Proof::Unknown {
                reason: format!("the rules have no variable `{key}`"),
            },
        };
        Ok(Self {
            version: compiled.program.version().to_owned(),
            read: proof("read"),
            write: proof("write"),
        })
    }
}

fn in_words(example: &Example) -> String {
    let context = Json::Object(example.context.clone());
    match example.now_ms {
        Some(now_ms) => format!("{context}, {now_ms} ms after 1970"),
        None => context.to_string(),
    }
}
