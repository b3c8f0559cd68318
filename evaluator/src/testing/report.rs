//! What running tests came to, for people and for programs.

use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::coverage::Coverage;
use crate::program::{Fault, Reason};
use crate::source::Place;

/// What running the tests of some rules came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The version of the rules.
    pub version: String,
    /// The moment of every test that names none, in milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// How many tests got what they expected.
    pub passed: usize,
    /// How many did not.
    pub failed: usize,
    /// Each test, in the order of the features and of their files.
    pub tests: Vec<Tested>,
    /// What the tests reach, one a feature; empty where only some tests were run.
    pub coverage: Vec<Coverage>,
}

/// One test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tested {
    /// The feature that it is a test of.
    pub feature: String,
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// The attributes, as written.
    #[serde(serialize_with = "as_object")]
    pub given: Vec<(String, Json)>,
    /// The moment it names, in milliseconds since the Unix epoch.
    pub at_ms: Option<i64>,
    /// Whether all was as expected.
    pub passed: bool,
    /// What was not.
    pub differences: Vec<Difference>,
    /// What the program decided; absent for a feature without variables, of which nothing can be asked.
    pub decided: Option<Decided>,
}

/// What the program decided on a test's context.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decided {
    /// The variation served.
    pub variation: String,
    /// The rule that matched; none for the default.
    pub rule: Option<String>,
    /// Why.
    pub reason: Reason,
    /// What went wrong, where the reason is ERROR.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// Something expected, and what there was instead.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Difference {
    /// A variable's value.
    Value {
        /// The variable.
        key: String,
        /// The test's.
        expected: Json,
        /// The program's.
        found: Json,
    },
    /// The variation.
    Variation {
        /// The test's.
        expected: String,
        /// The program's.
        found: String,
    },
    /// The rule; none is the default.
    Rule {
        /// The test's.
        expected: Option<String>,
        /// The program's.
        found: Option<String>,
    },
    /// An answer at all: the program failed, and served the default for want of one.
    Answer {
        /// How it failed.
        fault: Option<Fault>,
    },
}

impl Report {
    /// Whether every test passed.
    pub fn is_good(&self) -> bool {
        self.failed == 0
    }

    /// What no test reaches.
    pub fn gaps(&self) -> impl Iterator<Item = &super::Gap> {
        self.coverage.iter().flat_map(|coverage| &coverage.gaps)
    }
}

fn as_object<S: Serializer>(pairs: &[(String, Json)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}
