//! Checked rules: what the compiler, the analysis and the tests in the files work from.

use crate::condition::{AttributeId, Environment, Expression};
use crate::source::{Sources, Span};

/// Everything under one `rules/` folder, checked.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The attributes and segments that conditions may name.
    pub environment: Environment,
    /// The features, in the order of their names; a variable belongs to one feature.
    pub features: Vec<Feature>,
    /// A hash of all sources, names included: the version of these rules.
    pub version: String,
    /// The texts that every [`Span`] of the rules points into.
    pub sources: Sources,
}

/// A named bundle of variables, variations and targeting rules: one file.
#[derive(Debug, Clone)]
pub struct Feature {
    /// Unique among the features.
    pub name: String,
    /// For people.
    pub description: String,
    /// False: the default variation for everyone, reason DISABLED.
    pub enabled: bool,
    /// What applications ask for.
    pub variables: Vec<Variable>,
    /// The sets of values.
    pub variations: Vec<Variation>,
    /// The rules; the first that matches and takes the context into its rollout wins.
    pub targeting: Vec<TargetingRule>,
    /// Served where no rule is: a position in `variations`.
    pub default: usize,
    /// Checked by `crossfade test`.
    pub tests: Vec<Test>,
    /// The feature's name in its file.
    pub span: Span,
}

/// A typed value that an application asks for by key.
#[derive(Debug, Clone)]
pub struct Variable {
    /// Unique among all features.
    pub key: String,
    /// The type every variation's value has.
    pub ty: ValueType,
    /// For people.
    pub description: String,
}

/// OpenFeature's value types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// true or false
    Boolean,
    /// text
    String,
    /// a number; written with a point it stays a float
    Number,
    /// an object or array
    Json,
}

/// A named set of values.
#[derive(Debug, Clone)]
pub struct Variation {
    /// Unique in its feature.
    pub name: String,
    /// One for every variable of the feature, in their order.
    pub values: Vec<serde_json::Value>,
    /// Its name in the file.
    pub span: Span,
}

/// A name, a condition and what it serves.
#[derive(Debug, Clone)]
pub struct TargetingRule {
    /// Shown in decisions.
    pub name: String,
    /// A bool; the rule matches where it is true, not where it is unknown.
    pub condition: Expression,
    /// The rule is as if absent before `from` and from `to` on.
    pub window: Window,
    /// Absent: everyone who matches.
    pub rollout: Option<Rollout>,
    /// What it serves.
    pub serve: Serve,
    /// Whose value is bucketed for rollout and weights: an attribute of type string, int or double. `None` only where neither is used.
    pub by: Option<AttributeId>,
    /// Seeds the buckets: the rule's name unless given.
    pub salt: String,
    /// Its name in the file.
    pub span: Span,
}

/// From an instant (included) to another (excluded), in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// Always, if absent.
    pub from_ms: Option<i64>,
    /// For ever, if absent.
    pub to_ms: Option<i64>,
}

/// How many of those who match are served, over time.
#[derive(Debug, Clone, PartialEq)]
pub enum Rollout {
    /// The same share at all times.
    Fixed(Share),
    /// Each share from its instant (ms since the epoch) on, in ascending order; nobody before the first.
    Steps(Vec<(i64, Share)>),
    /// Linear between two instants; `start` before, `end` after.
    Linear {
        /// ms since the epoch
        from_ms: i64,
        /// ms since the epoch, after `from_ms`
        to_ms: i64,
        /// The share until `from_ms`.
        start: Share,
        /// The share from `to_ms` on.
        end: Share,
    },
}

/// A share of users, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Share(pub f64);

/// What a rule serves: positions in the feature's variations.
#[derive(Debug, Clone, PartialEq)]
pub enum Serve {
    /// One variation.
    One(usize),
    /// By bucket, in the written order; the shares add up to 1.
    Weighted(Vec<(usize, Share)>),
}

/// A test in the file: a context, and what is expected of it.
#[derive(Debug, Clone)]
pub struct Test {
    /// Attribute values as written.
    pub given: Vec<(String, serde_json::Value)>,
    /// The moment, in ms since the epoch; the run's own if absent.
    pub at_ms: Option<i64>,
    /// Expected values by variable key.
    pub values: Vec<(String, serde_json::Value)>,
    /// Expected variation.
    pub variation: Option<String>,
    /// Expected rule; the inner `None` is "no rule: the default".
    pub rule: Option<Option<String>>,
    /// The test in the file.
    pub span: Span,
}

impl Test {
    /// Whether it can fail.
    pub fn expects_something(&self) -> bool {
        !self.values.is_empty() || self.variation.is_some() || self.rule.is_some()
    }
}
