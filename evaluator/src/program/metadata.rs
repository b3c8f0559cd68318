//! What a module says of itself, in a custom section: enough to run it, and to name what it answers.

use serde::{Deserialize, Serialize};

/// The contents of the custom section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// [`abi::VERSION`](super::abi::VERSION) of the compiler that wrote it.
    pub abi: u32,
    /// The hash of the rules' sources.
    pub version: String,
    /// The attributes that the rules read.
    pub slots: Vec<Slot>,
    /// Where `decide_all` writes its answers, one `i64` for each feature.
    pub results: u32,
    /// From here on, to the end of memory, is room for a context's strings and lists.
    pub room: u32,
    /// In the order of the module's numbers.
    pub features: Vec<FeatureMetadata>,
    /// All variables of all features.
    pub variables: Vec<VariableMetadata>,
}

/// An attribute that rules read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The attribute's name.
    pub name: String,
    /// What a value, or each element of a list, must be to be taken.
    #[serde(rename = "type")]
    pub ty: ScalarType,
    /// Whether it is a list.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub list: bool,
    /// The address of its record.
    pub at: u32,
    /// Whether a number's text is needed, for buckets.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bucketed: bool,
}

/// The type of a value that is no list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "named as in context.yaml")]
pub enum ScalarType {
    Bool,
    Int,
    Uint,
    Double,
    String,
    Timestamp,
    Semver,
}

/// A feature's names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureMetadata {
    /// The feature's name.
    pub name: String,
    /// The variations' names.
    pub variations: Vec<String>,
    /// Served where no rule is.
    pub default: u16,
    /// In their order.
    pub rules: Vec<RuleMetadata>,
}

/// A rule's name and place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleMetadata {
    /// The rule's name.
    pub name: String,
    /// The file it stands in.
    pub file: String,
    /// The line of its name there, from 1.
    pub line: u32,
}

/// A variable and its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VariableMetadata {
    /// What applications ask for.
    pub key: String,
    /// `boolean`, `string`, `number` or `json`.
    #[serde(rename = "type")]
    pub ty: VariableType,
    /// A position in [`Metadata::features`].
    pub feature: u32,
    /// One for each variation of the feature.
    pub values: Vec<serde_json::Value>,
}

/// OpenFeature's value types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "named as in the rules files")]
pub enum VariableType {
    Boolean,
    String,
    Number,
    Json,
}
