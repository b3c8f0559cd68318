//! Arguments that several commands take: which rules, and for whom.

use std::io::Read as _;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context as _;

use crate::flags::{AttributeValue, Compiled, RequestContext, RulesError, Sources, USER_ID};

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
    /// Reads and compiles them.
    pub(super) fn compile(&self) -> Result<Compiled, RulesError> {
        Compiled::new(&Sources::read(&self.rules)?)
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
