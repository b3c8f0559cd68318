//! From what was read on disk to a program that can run, or to the reason why not.

use crossfade_evaluator::compile::{self, CompileError};
use crossfade_evaluator::diagnostic::{self, Diagnostic, Severity};
use crossfade_evaluator::program::{self, Fault, InstanceError, LoadError, Program};
use crossfade_evaluator::rules::{self, Loaded, Loader, Rules, Size};
use crossfade_evaluator::source::Sources as SourceTexts;

use super::sources::{ReadError, Sources};

/// A program, and what it was compiled from.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// Ready to run.
    pub program: Program,
    /// The module's bytes, without the files that a built `.wasm` may carry.
    pub wasm: Vec<u8>,
    /// The checked rules; absent where a built `.wasm` was loaded and the files in it were not asked for.
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
    /// How much was checked.
    pub size: Size,
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
    /// There is nothing to decide by: probably not the folder that was meant.
    #[error(
        "there are no features: a feature is a .yaml or .json file that begins with `feature:` and its name"
    )]
    NoFeatures,
    /// The rules are right, and too large to compile.
    #[error("the rules cannot be compiled")]
    Compile(#[from] CompileError),
    /// The module is no program.
    #[error("the program cannot be loaded")]
    Load(#[from] LoadError),
    /// A built program carries other files than those that it was compiled from.
    #[error(
        "the program carries other sources than it was compiled from: they make version {carried}, and it is version \
         {compiled}"
    )]
    OtherSources {
        /// What the files make.
        carried: String,
        /// What the program says of itself.
        compiled: String,
    },
    /// The program can be loaded, and not be run.
    #[error(transparent)]
    Start(#[from] InstanceError),
    /// The program runs, and does not decide.
    #[error("the program cannot decide `{key}` even for a request that says nothing: {fault}")]
    Faulty {
        /// The first variable that it cannot decide.
        key: String,
        /// What happens instead.
        fault: Fault,
    },
}

impl Compiled {
    /// Compiles what was read. This takes milliseconds to seconds: never on a thread that answers requests.
    pub fn new(sources: &Sources) -> Result<Self, RulesError> {
        match sources {
            Sources::Files(files) => Self::from_loaded(rules::load(files)),
            Sources::Module(wasm) => Ok(Self {
                program: Program::load(wasm)?,
                wasm: program::without_sources(wasm)?,
                rules: None,
                warnings: Findings::default(),
            }),
        }
    }

    /// The same, with the rules of a built program too, from the files that it carries. Deciding needs none of that. They
    /// remain absent where it carries no files.
    pub fn with_rules(sources: &Sources) -> Result<Self, RulesError> {
        let compiled = Self::new(sources)?;
        let Sources::Module(wasm) = sources else {
            return Ok(compiled);
        };
        let Some(files) = program::sources(wasm)? else {
            return Ok(compiled);
        };
        let loaded = rules::load(&files);
        if loaded.version != compiled.program.version() {
            return Err(RulesError::OtherSources {
                carried: loaded.version,
                compiled: compiled.program.version().to_owned(),
            });
        }
        let (rules, warnings) = checked(loaded)?;
        Ok(Self {
            rules: Some(rules),
            warnings,
            ..compiled
        })
    }

    /// As [`Compiled::new`], but only what changed since the loader's last call is read and checked again.
    pub(super) fn again(loader: &mut Loader, sources: &Sources) -> Result<Self, RulesError> {
        match sources {
            Sources::Files(files) => Self::from_loaded(loader.load(files)),
            Sources::Module(_) => Self::new(sources),
        }
    }

    fn from_loaded(loaded: Loaded) -> Result<Self, RulesError> {
        let (rules, warnings) = checked(loaded)?;
        if rules.features.is_empty() {
            return Err(RulesError::NoFeatures);
        }
        let wasm = compile::compile(&rules)?;
        Ok(Self {
            program: Program::load(&wasm)?,
            wasm,
            rules: Some(rules),
            warnings,
        })
    }
}

/// The rules and what there is to say of them, if they are right.
fn checked(loaded: Loaded) -> Result<(Rules, Findings), RulesError> {
    let findings = Findings {
        diagnostics: loaded.diagnostics,
        sources: loaded.sources,
        size: loaded.size,
    };
    match loaded.rules {
        Some(rules) => Ok((rules, findings)),
        None => Err(RulesError::Wrong(findings)),
    }
}

impl Findings {
    /// As a compiler shows them: each with its source line underlined.
    pub fn render(&self, colour: bool) -> String {
        diagnostic::render_text(&self.diagnostics, &self.sources, colour)
    }

    /// How many errors: "1 error", "3 errors".
    pub fn count(&self) -> String {
        let errors = self.of(Severity::Error);
        format!("{errors} error{}", if errors == 1 { "" } else { "s" })
    }

    /// How many of one severity.
    pub fn of(&self, severity: Severity) -> usize {
        let is_one = |finding: &&Diagnostic| finding.severity() == severity;
        self.diagnostics.iter().filter(is_one).count()
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
