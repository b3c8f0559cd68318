//! What a program answers, with names.

use std::fmt;

use serde::Serialize;
use serde_json::Value as Json;

use super::instance::Instance;
use super::load::VariableId;

/// The value of one variable for one context, and where it comes from. Borrowed from the instance that decided.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Decision<'p> {
    /// The variable's key.
    pub key: &'p str,
    /// Its value.
    pub value: &'p Json,
    /// The variation that the value is of.
    pub variant: &'p str,
    /// Why this variation.
    pub reason: Reason,
    /// The feature that the variable belongs to.
    pub feature: &'p str,
    /// The rule that matched; none for the default.
    pub rule: Option<&'p str>,
    /// What went wrong, where the reason is ERROR.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// The same by number, for whoever counts decisions.
    #[serde(skip)]
    pub numbers: Numbers,
}

/// A decision's positions in the program's metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// The feature among all.
    pub feature: usize,
    /// The variation of the feature.
    pub variation: usize,
    /// The rule of the feature; none for the default.
    pub rule: Option<usize>,
}

impl Decision<'_> {
    /// The value, if it is a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        self.value.as_bool()
    }
}

/// The decisions on all variables for one context.
#[derive(Debug)]
pub struct Decisions<'i> {
    instance: &'i Instance,
    /// By feature.
    answers: Result<Vec<i64>, Fault>,
}

impl<'i> Decisions<'i> {
    pub(super) fn new(instance: &'i Instance, answers: Result<Vec<i64>, Fault>) -> Self {
        Self { instance, answers }
    }

    /// Each variable's, in the order of the metadata.
    pub fn iter(&self) -> impl Iterator<Item = Decision<'i>> {
        let variables = &self.instance.program().metadata().variables;
        variables.iter().zip(0..).map(|(variable, id)| {
            let answer = self.answers.as_ref().map_err(|fault| *fault);
            let answer =
                answer.and_then(|answers| answers.get(variable.feature as usize).ok_or(Fault::Nonsense));
            self.instance.name(VariableId(id), answer.copied())
        })
    }
}

/// OpenFeature's reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// A rule matched.
    TargetingMatch,
    /// A rule matched, and a rollout or weights decided.
    Split,
    /// No rule matched.
    Default,
    /// The feature is off.
    Disabled,
    /// Evaluation failed; the value is the default's.
    Error,
}

impl Reason {
    /// As OpenFeature writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TargetingMatch => "TARGETING_MATCH",
            Self::Split => "SPLIT",
            Self::Default => "DEFAULT",
            Self::Disabled => "DISABLED",
            Self::Error => "ERROR",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an evaluation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum Fault {
    /// The module trapped.
    Trap,
    /// The module did not end within its budget.
    OutOfTime,
    /// The module's answer makes no sense.
    Nonsense,
    /// The context's strings and lists do not fit into the module's memory.
    ContextTooLarge,
    /// No memory could be had for an instance.
    NoInstance,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trap => "the module trapped",
            Self::OutOfTime => "the module did not end within its time",
            Self::Nonsense => "the module's answer makes no sense",
            Self::ContextTooLarge => "the context does not fit into the module's memory",
            Self::NoInstance => "no memory could be had for the module",
        })
    }
}
