//! The kinds of mistakes, each with a code that stays.

use std::fmt;

use serde::{Serialize, Serializer};

/// Whether rules with a diagnostic can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// They cannot.
    Error,
    /// They can, but something is probably not as meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal $name:literal $severity:ident,)+) => {
        /// The kinds of mistakes. A code's number is never given to another kind.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &[Code] = &[$(Code::$variant,)+];

            /// `CF030`
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $code,)+ }
            }

            /// `unknown-attribute`
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)+ }
            }

            /// What the mistake is, in a few sentences.
            pub fn explanation(self) -> &'static str {
                match self { $(Code::$variant => concat!($($doc, "\n",)+).trim_ascii(),)+ }
            }

            /// Whether rules with this mistake can be used.
            pub fn severity(self) -> Severity {
                match self { $(Code::$variant => Severity::$severity,)+ }
            }
        }
    };
}

codes! {
    /// A rules file is not UTF-8.
    NotUtf8 = "CF001" "not-utf-8" Error,
    /// A rules file, or the folder as a whole, is larger than Crossfade reads.
    TooLarge = "CF002" "too-large" Error,
    /// A file is neither YAML 1.2 nor JSON.
    YamlSyntax = "CF003" "yaml-syntax" Error,
    /// A mapping has one key twice.
    DuplicateKey = "CF004" "duplicate-key" Error,
    /// Aliases of a file would expand to more than Crossfade holds.
    AliasExpansion = "CF005" "alias-expansion" Error,
    /// A folder of rules has no `context.yaml`.
    NoContext = "CF006" "no-context" Error,

    /// A key that the file's format does not have.
    UnknownKey = "CF010" "unknown-key" Error,
    /// A key that must be there is not.
    MissingKey = "CF011" "missing-key" Error,
    /// Something else was expected here: a list where a string stands, say.
    WrongShape = "CF012" "wrong-shape" Error,
    /// A value that cannot be read: an instant, a percentage, a type.
    InvalidValue = "CF013" "invalid-value" Error,
    /// A name that conditions or applications could not use.
    InvalidName = "CF014" "invalid-name" Error,

    /// A condition that cannot be parsed as CEL.
    ConditionSyntax = "CF020" "condition-syntax" Error,
    /// A condition or a file nested deeper than Crossfade follows.
    TooDeep = "CF021" "too-deep" Error,
    /// A part of CEL that conditions do not have.
    Unsupported = "CF022" "unsupported" Error,

    /// A condition names something that `context.yaml` does not declare.
    UnknownAttribute = "CF030" "unknown-attribute" Error,
    /// A condition calls a function that there is not.
    UnknownFunction = "CF031" "unknown-function" Error,
    /// An operator or a function is given a type that it does not take.
    TypeMismatch = "CF032" "type-mismatch" Error,
    /// An attribute is compared with a value that it cannot have.
    ImpossibleValue = "CF033" "impossible-value" Error,
    /// A condition names a segment that there is not.
    UnknownSegment = "CF034" "unknown-segment" Error,
    /// A constant that is an error whenever it is evaluated: a timestamp, a duration, a version, a conversion.
    InvalidConstant = "CF035" "invalid-constant" Error,
    /// A regular expression that cannot be read.
    InvalidPattern = "CF036" "invalid-pattern" Error,
    /// A function is given too many arguments or too few.
    ArgumentCount = "CF037" "argument-count" Error,

    /// Two features have one name.
    DuplicateFeature = "CF040" "duplicate-feature" Error,
    /// Two features have a variable of one name.
    DuplicateVariable = "CF041" "duplicate-variable" Error,
    /// A variation lacks a value for a variable, or has one for none.
    VariationValues = "CF042" "variation-values" Error,
    /// A value is not of its variable's type.
    ValueType = "CF043" "value-type" Error,
    /// A rule, a default or a test names a variation that there is not.
    UnknownVariation = "CF044" "unknown-variation" Error,
    /// The shares of weighted variations do not add up to 100 %.
    Weights = "CF045" "weights" Error,
    /// The instants of a schedule are not in order.
    Schedule = "CF046" "schedule" Error,
    /// A rollout is by an attribute that cannot be bucketed.
    RolloutAttribute = "CF047" "rollout-attribute" Error,
    /// A test speaks of something that there is not, or of a value that there cannot be.
    InvalidTest = "CF048" "invalid-test" Error,

    /// An attribute that no condition and no rollout uses.
    UnusedAttribute = "CF060" "unused-attribute" Warning,
    /// A variation that nothing serves.
    UnusedVariation = "CF061" "unused-variation" Warning,
    /// A segment that no condition uses.
    UnusedSegment = "CF062" "unused-segment" Warning,
    /// Two rules of a feature have one name, so that decisions do not tell which of them it was.
    DuplicateRule = "CF063" "duplicate-rule" Warning,
    /// A test that expects nothing, or what another test expects of the same context already.
    IdleTest = "CF064" "idle-test" Warning,
    /// A value that stands twice in a list or a segment.
    DuplicateValue = "CF065" "duplicate-value" Warning,
    /// A condition that is the same for everyone.
    ConstantCondition = "CF066" "constant-condition" Warning,
    /// A rule that serves nobody: its rollout is 0 %.
    IdleRule = "CF067" "idle-rule" Warning,
    /// A segment without values.
    EmptySegment = "CF068" "empty-segment" Warning,
    /// A rule whose condition no context can meet.
    NeverMatches = "CF069" "never-matches" Warning,
    /// A rule that is never reached, since earlier rules serve whoever matches it.
    Shadowed = "CF070" "shadowed" Warning,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn codes_ascend_and_are_unique() {
        assert!(
            Code::ALL
                .windows(2)
                .all(|pair| pair[0].as_str() < pair[1].as_str())
        );
    }
}
