//! What can go wrong with a program before it answers.

use thiserror::Error;

/// Bytes that are not a program.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Larger than any set of rules that we compile.
    #[error("the module has {bytes} bytes, more than the {limit_bytes} allowed")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The most that is allowed.
        limit_bytes: usize,
    },
    /// Not WebAssembly, or WebAssembly with features that programs do not use.
    #[error("not a valid WebAssembly module")]
    Invalid(#[source] wasmparser::BinaryReaderError),
    /// WebAssembly, but too much of something.
    #[error("the module has {what}: {found}, and {limit} are allowed")]
    Excessive {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        found: u64,
        /// The most that is allowed.
        limit: u64,
    },
    /// WebAssembly, but not a program.
    #[error("the module is not a Crossfade program: {what}")]
    NotAProgram {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The custom section does not hold what it should.
    #[error("the module's metadata is not valid")]
    Metadata(#[source] serde_json::Error),
    /// The section of the rules' files does not hold what it should.
    #[error("the module's sources cannot be read")]
    Sources(#[source] wasmparser::BinaryReaderError),
    /// Written by a compiler that this host does not understand.
    #[error("the module is of format {found}; this is format {expected}")]
    Version {
        /// The module's.
        found: u32,
        /// Ours.
        expected: u32,
    },
    /// The engine refused it.
    #[error("the module could not be compiled")]
    Engine(#[source] wasmtime::Error),
}

/// A program that could not be given memory to run in.
#[derive(Debug, Error)]
#[error("the program could not be instantiated")]
pub struct InstanceError(#[from] pub wasmtime::Error);

/// A question that no program could answer.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecideError {
    /// OpenFeature's `FLAG_NOT_FOUND`.
    #[error("there is no variable `{key}`")]
    UnknownVariable {
        /// What was asked for.
        key: String,
    },
}
