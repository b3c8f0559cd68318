//! What an explanation tells: for machines as it serialises, for people as [`render_text`](super::render_text) has it.

use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::cause::Cause;
use super::seen::Seen;
use super::value::Shown;
use crate::program::Reason;
use crate::source::Place;

/// Why features decide as they do for one context, at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The version of the rules.
    pub version: String,
    /// The moment, as RFC 3339 writes it.
    pub at: String,
    /// The context's attributes, and what the rules made of them.
    pub attributes: Vec<GivenAttribute>,
    /// Each feature asked for, in the order of their names.
    pub features: Vec<FeatureExplained>,
}

/// An attribute of the context.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GivenAttribute {
    /// As the context names it.
    pub name: String,
    /// As the context has it.
    pub value: Shown,
    /// What the rules made of it.
    #[serde(flatten)]
    pub standing: Standing,
}

/// What the rules make of an attribute of the context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// It is as declared.
    Taken {
        /// The attribute that it is: another name than the context's for OpenFeature's `targetingKey`.
        attribute: String,
        /// The type declared.
        declared: String,
        /// What is odd about the value, which rules take all the same.
        #[serde(skip_serializing_if = "Option::is_none")]
        remark: Option<String>,
    },
    /// It has another type than declared, and so counts as missing.
    IllTyped {
        /// The attribute that it would be.
        attribute: String,
        /// The type declared.
        declared: String,
        /// Why a text is none of that type.
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// It is null, which is to be missing.
    Null,
    /// No rule can know it.
    Undeclared {
        /// What was probably meant.
        #[serde(skip_serializing_if = "Option::is_none")]
        nearest: Option<String>,
    },
    /// The context has the same attribute by its own name, which takes precedence.
    Overruled {
        /// That name.
        by: String,
    },
}

/// Why a feature decides as it does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeatureExplained {
    /// The feature's name.
    pub feature: String,
    /// Where its file names it.
    pub place: Place,
    /// False: its default is served, whatever its rules say.
    pub enabled: bool,
    /// Its rules, in their order.
    pub rules: Vec<RuleExplained>,
    /// What comes of them.
    pub decision: DecisionExplained,
}

/// What a feature decides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecisionExplained {
    /// The variation served.
    pub variation: String,
    /// The rule that serves it; none for the default.
    pub rule: Option<String>,
    /// Why.
    pub reason: Reason,
    /// The variation's values, by the variables' keys, in their written order.
    #[serde(serialize_with = "as_object")]
    pub values: Vec<(String, Json)>,
}

/// What became of a rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleExplained {
    /// The rule's name.
    pub rule: String,
    /// Where its file names it.
    pub place: Place,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: RuleOutcome,
    /// When it is in force, if that is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowSeen>,
    /// Its condition, as far as it was evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Seen>,
    /// Its rollout, if it has one and the condition held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RolloutSeen>,
    /// How its weights chose, if it has some and they were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
}

/// What became of a rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum RuleOutcome {
    /// It serves.
    Matched {
        /// This variation.
        variation: String,
    },
    /// Its condition is false.
    ConditionFalse,
    /// Its condition is unknown, and so does not hold.
    ConditionUnknown {
        /// Why.
        because: Vec<Cause>,
    },
    /// It is not in force yet, or no more.
    OutsideWindow,
    /// Its condition holds, and the context is not among those who are served yet.
    OutsideRollout,
    /// Its condition holds, and there is nothing to bucket by.
    NoBucket {
        /// Why.
        because: Cause,
    },
    /// An earlier rule serves.
    NotReached,
    /// The feature is off.
    FeatureDisabled,
}

/// When a rule is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WindowSeen {
    /// From this instant on; always, if absent.
    pub from: Option<String>,
    /// Until this instant; for ever, if absent.
    pub to: Option<String>,
    /// Whether the moment lies in it.
    pub open: bool,
}

/// A rollout at the moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RolloutSeen {
    /// The share of those who match that is served, from 0 to 1.
    pub share: f64,
    /// The same in percent.
    pub percent: f64,
    /// Whether the context is among them.
    pub within: bool,
    /// Where the context stands. Absent where the share is nobody or everybody, and where there is nothing to bucket by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<Bucket>,
}

/// Where a context stands among all, from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bucket {
    /// The attribute bucketed by.
    pub by: String,
    /// Its value.
    pub value: Shown,
    /// What makes this rule's buckets its own.
    pub salt: String,
    /// The hash of both.
    pub hash: u32,
    /// The hash as a number from 0 to 1.
    pub number: f64,
    /// The same in percent.
    pub percent: f64,
}

/// A choice among weighted variations.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Split {
    /// Where the context stands.
    pub bucket: Bucket,
    /// What each variation takes, in the written order.
    pub portions: Vec<Portion>,
}

/// What a variation takes of all buckets: from one number (included) to another (excluded; of the last, included).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Portion {
    /// The variation.
    pub variation: String,
    /// The first number.
    pub from: f64,
    /// The number after the last.
    pub to: f64,
    /// Whether the context stands here.
    pub chosen: bool,
}

fn as_object<S: Serializer>(values: &[(String, Json)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(values.iter().map(|(key, value)| (key, value)))
}
