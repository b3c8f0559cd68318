//! Arguments that several commands take: which rules, and for whom.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use crossfade_evaluator::diagnostic::{Code, Diagnostic};
use crossfade_evaluator::rules::Rules;
use crossfade_evaluator::source::{Source, Sources as SourceTexts};

use super::failure::Failure;
use crate::flags::{AttributeValue, Compiled, Findings, RequestContext, RulesError, Sources, USER_ID};

/// Which rules.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct RulesArguments {
    /// The rules: a folder, a file, or a built .wasm
    #[arg(long, env = "CROSSFADE_RULES", value_name = "PATH", default_value = "rules")]
    pub(super) rules: PathBuf,
}

/// For whom, and when.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ContextArguments {
    /// The user's ID: the attribute `user_id`
    #[arg(long, value_name = "ID")]
    user: Option<String>,

    /// An attribute, read as the type that the rules declare for it; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<Assignment>,

    /// Attributes as a JSON object, in a file after @, or on standard input after @-
    #[arg(long, value_name = "JSON|@FILE")]
    context: Option<String>,

    /// The moment to decide at, as in 2026-12-01T09:00:00Z; now unless said
    #[arg(long, value_name = "TIME")]
    at: Option<jiff::Timestamp>,
}

/// `name=value`
#[derive(Debug, Clone, PartialEq, Eq)]
struct Assignment {
    name: String,
    value: String,
}

impl FromStr for Assignment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(Self {
                name: name.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err("an attribute is written NAME=VALUE"),
        }
    }
}

impl RulesArguments {
    /// Reads and compiles them: all that deciding takes.
    pub(super) fn compile(&self) -> Result<Compiled, Failure> {
        self.read(Compiled::new)
    }

    /// The same with the rules themselves, for commands that look into them; a built program may carry none.
    pub(super) fn compile_with_rules(&self) -> Result<Compiled, Failure> {
        self.read(Compiled::with_rules)
    }

    /// The same for commands that cannot do without the rules.
    pub(super) fn compile_from_rules(&self) -> anyhow::Result<(Compiled, Rules)> {
        let mut compiled = self.compile_with_rules()?;
        match compiled.rules.take() {
            Some(rules) => Ok((compiled, rules)),
            None => bail!(
                "{} carries no sources: it was built with --strip; give the rules that it was built from",
                self.rules.display()
            ),
        }
    }

    /// Whether they are one file, built before.
    pub(super) fn is_program(&self) -> bool {
        Sources::folder(&self.rules).is_none()
    }

    /// Where a file of the rules is, seen from here. A file in a program is nowhere else.
    pub(super) fn shown(&self, file: &str) -> String {
        let folder = Sources::folder(&self.rules).unwrap_or(Path::new(""));
        let folder = folder.strip_prefix(".").unwrap_or(folder);
        folder.join(file).display().to_string()
    }

    /// What a program built from them is called, unless that is said.
    pub(super) fn program_name(&self) -> anyhow::Result<PathBuf> {
        if self.is_program() {
            bail!(
                "{} is a program already; say with -o where to write another",
                self.rules.display()
            );
        }
        // `.` has a name, too.
        let path = self.rules.canonicalize().unwrap_or_else(|_| self.rules.clone());
        let mut name = path.file_stem().unwrap_or("rules".as_ref()).to_owned();
        name.push(".wasm");
        Ok(name.into())
    }

    fn read(&self, compile: fn(&Sources) -> Result<Compiled, RulesError>) -> Result<Compiled, Failure> {
        let compiled = Sources::read(&self.rules)
            .map_err(RulesError::from)
            .and_then(|sources| compile(&sources));
        match compiled {
            Ok(mut compiled) => {
                compiled.warnings = self.told(compiled.warnings);
                Ok(compiled)
            }
            Err(RulesError::Wrong(findings)) => Err(self.failed(RulesError::Wrong(self.told(findings)))),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn failed(&self, error: RulesError) -> Failure {
        Failure::Rules {
            rules: self.rules.clone(),
            error,
        }
    }

    /// More findings about these rules, told with the others.
    pub(super) fn with(&self, findings: Findings, rules: &Rules, more: Vec<Diagnostic>) -> Findings {
        let mut findings = Findings {
            sources: rules.sources.clone(),
            ..findings
        };
        findings.diagnostics.extend(more);
        findings
            .diagnostics
            .sort_by_key(|finding| (rules.sources.place(finding.span()).file, finding.span().start));
        self.told(findings)
    }

    /// Findings as a person here should read them: with the rules folder before every path, so that an editor finds it,
    /// and without what only the whole folder could tell, where but one file of it was read.
    fn told(&self, mut findings: Findings) -> Findings {
        if self.rules.is_file() && !self.is_program() {
            let is_of_folder = |code| matches!(code, Code::UnusedAttribute | Code::UnusedSegment);
            findings.diagnostics.retain(|finding| !is_of_folder(finding.code));
        }
        if findings.diagnostics.is_empty() {
            return findings;
        }
        let mut sources = SourceTexts::default();
        for source in findings.sources.iter() {
            sources.add(Arc::new(Source::new(self.shown(source.path()), source.text())));
        }
        Findings { sources, ..findings }
    }
}

impl ContextArguments {
    /// The context that all of them together describe; `--set` and `--user` have the last word.
    pub(super) fn context(&self) -> anyhow::Result<RequestContext> {
        let mut context = match &self.context {
            Some(text) => {
                serde_json::from_str(&read(text)?).context("--context is no JSON object of attributes")?
            }
            None => RequestContext::new(),
        };
        for assignment in &self.set {
            context.set(&assignment.name, AttributeValue::Text(assignment.value.clone()));
        }
        if let Some(user) = &self.user {
            context.set(USER_ID, AttributeValue::Text(user.clone()));
        }
        Ok(match self.at {
            Some(at) => context.moved_to(at.as_millisecond()),
            None => context,
        })
    }
}

/// A moment as arguments and rules write it.
pub(super) fn moment(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map_or_else(|_| at_ms.to_string(), |at| at.to_string())
}

fn read(text: &str) -> anyhow::Result<String> {
    match text.strip_prefix('@') {
        None => Ok(text.to_owned()),
        Some("-") => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .context("cannot read standard input")?;
            Ok(text)
        }
        Some(path) => std::fs::read_to_string(path).with_context(|| format!("cannot read {path}")),
    }
}
