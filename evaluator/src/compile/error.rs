//! What can keep checked rules from becoming a module.

use thiserror::Error;

/// Checked rules that cannot be compiled: nearly always because something in them is too large.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompileError {
    /// Literals, segments and patterns together.
    #[error("the rules' lists and patterns take more than {limit_bytes} bytes")]
    TooMuchData {
        /// The most that is allowed.
        limit_bytes: usize,
    },
    /// A single expression of the feature.
    #[error("a condition of feature `{feature}` is too large: its code would exceed {limit_bytes} bytes")]
    ConditionTooLarge {
        /// The feature's name.
        feature: String,
        /// The most that is allowed.
        limit_bytes: usize,
    },
    /// An automaton with too many states; counted repetitions (`{1000}`) are what makes them.
    #[error("the pattern `{pattern}` is too large: its table would exceed {limit_bytes} bytes")]
    PatternTooLarge {
        /// As the checker translated it.
        pattern: String,
        /// The most that is allowed.
        limit_bytes: usize,
    },
    /// A pattern that the checker should not have let through.
    #[error("the pattern `{pattern}` cannot be compiled")]
    Pattern {
        /// As the checker translated it.
        pattern: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// More of something than an answer has room for.
    #[error("feature `{feature}` has more than {limit} {what}")]
    TooMany {
        /// The feature's name.
        feature: String,
        /// `rules` or `variations`
        what: &'static str,
        /// The most that is allowed.
        limit: usize,
    },
    /// The rules were not checked, or checked against another environment: a mistake of ours.
    #[error("the rules name an {what} that they do not declare")]
    Dangling {
        /// What is missing.
        what: &'static str,
    },
    /// An expression whose parts do not fit together: a mistake of the checker's.
    #[error("the checker let an ill-typed expression through: {what}")]
    IllTyped {
        /// Which.
        what: &'static str,
    },
    /// The metadata could not be written.
    #[error("the module's metadata could not be written")]
    Metadata(#[source] serde_json::Error),
    /// The compiler wrote a module that is not valid: a mistake of ours.
    #[error("the compiler wrote an invalid module")]
    Invalid(#[source] wasmparser::BinaryReaderError),
}
