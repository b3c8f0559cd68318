//! From what was read on disk to a program that can run, or to the reason why not.

use crossfade_evaluator::compile::{self, CompileError};
use crossfade_evaluator::diagnostic::{self, Diagnostic, Severity};
use crossfade_evaluator::program::{InstanceError, LoadError, Program};
use crossfade_evaluator::rules::{self, Rules};
use crossfade_evaluator::source::Sources as SourceTexts;

use super::sources::{ReadError, Sources};

/// A program, and what it was compiled from.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// Ready to run.
    pub program: Program,
    /// The module's bytes.
    pub wasm: Vec<u8>,
    /// The checked rules; absent where a built `.wasm` was loaded.
    pub rules: Option<Rules>,
    /// What a rule author should look at, although it is no error.
    pub warnings: Findings,
}

/// What checking has to say, with the texts that it is about.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// One for each place.
    pub diagnostics: Vec<Diagnostic>,
    /// Where they point.
    pub sources: SourceTexts,
}

/// Rules that cannot run.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A file could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The rules have errors.
    #[error("the rules have {}", .0.count())]
    Wrong(Findings),
    /// The rules are right, and too large to compile.
    #[error("the rules cannot be compiled")]
    Compile(#[from] CompileError),
    /// The module is no program.
    #[error("the program cannot be loaded")]
    Load(#[from] LoadError),
    /// The program can be loaded, and not be run.
    #[error(transparent)]
    Start(#[from] InstanceError),
}

impl Compiled {
    /// Compiles what was read. This takes milliseconds to seconds: never on a thread that answers requests.
    pub fn new(sources: &Sources) -> Result<Self, RulesError> {
        let files = match sources {
            Sources::Module(wasm) => {
                let program = Program::load(wasm)?;
                return Ok(Self {
                    program,
                    wasm: wasm.clone(),
                    rules: None,
                    warnings: Findings::default(),
                });
            }
            Sources::Files(files) => files,
        };
        let loaded = rules::load(files);
        let findings = Findings {
            diagnostics: loaded.diagnostics,
            sources: loaded.sources,
        };
        let Some(rules) = loaded.rules else {
            return Err(RulesError::Wrong(findings));
        };
        let wasm = compile::compile(&rules)?;
        Ok(Self {
            program: Program::load(&wasm)?,
            wasm,
            rules: Some(rules),
            warnings: findings,
        })
    }
}

impl Findings {
    /// As a compiler shows them: each with its source line underlined.
    pub fn render(&self, colour: bool) -> String {
        diagnostic::render_text(&self.diagnostics, &self.sources, colour)
    }

    /// How many errors: "1 error", "3 errors".
    pub fn count(&self) -> String {
        let errors = self
            .diagnostics
            .iter()
            .filter(|finding| finding.code.severity() == Severity::Error)
            .count();
        format!("{errors} error{}", if errors == 1 { "" } else { "s" })
    }
}

impl RulesError {
    /// All there is to say, for a person at a terminal or a log.
    pub fn render(&self, colour: bool) -> String {
        if let Self::Wrong(findings) = self {
            return format!("{}\n{self}", findings.render(colour).trim_end());
        }
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(inner) = cause {
            text.push_str(": ");
            text.push_str(&inner.to_string());
            cause = inner.source();
        }
        text
    }
}
