//! Why a command ended without its answer: told to people on standard error, to programs as JSON on standard output.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use crossfade_evaluator::diagnostic::render_json;
use serde::Serialize;
use serde_json::{Value, json};

use super::output::{self, Format};
use super::{NO, TROUBLE};
use crate::flags::{Findings, RulesError};

/// An end that says what to make of it. Any other error is [`TROUBLE`].
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The answer is no.
    #[error("{0}")]
    No(String),
    /// The rules cannot be used.
    #[error("the rules at {} cannot be used", rules.display())]
    Rules {
        /// What was said to be the rules.
        rules: PathBuf,
        /// Why not.
        #[source]
        error: RulesError,
    },
}

/// As programs read it.
#[derive(Serialize)]
struct Record {
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    diagnostics: Option<Value>,
}

/// Tells why a command failed. Its exit code says whether the answer is no, or could not be had.
pub(super) fn tell(error: &anyhow::Error, format: Format) -> ExitCode {
    if format == Format::Json {
        let record = Record {
            message: message(error),
            diagnostics: findings(error)
                .map(|findings| render_json(&findings.diagnostics, &findings.sources)),
        };
        // There is nobody to tell if that fails.
        let _ = output::say_json(&json!({ "error": record }));
    } else if let Some(findings) = findings(error) {
        let text = findings.render(output::has_colour(&io::stderr()));
        output::complain_as_is(&format!("{}\n{}", text.trim_end(), message(error)));
    } else {
        output::complain(&message(error));
    }
    ExitCode::from(code(error))
}

/// What is wrong with the rules, where that is why.
fn findings(error: &anyhow::Error) -> Option<&Findings> {
    match error.downcast_ref() {
        Some(Failure::Rules {
            error: RulesError::Wrong(findings),
            ..
        }) => Some(findings),
        _ => None,
    }
}

fn code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref() {
        Some(
            Failure::No(_)
            | Failure::Rules {
                error:
                    RulesError::Wrong(_)
                    | RulesError::NoFeatures
                    | RulesError::Compile(_)
                    | RulesError::Load(_)
                    | RulesError::OtherSources { .. }
                    | RulesError::Faulty { .. },
                ..
            },
        ) => NO,
        Some(Failure::Rules {
            error: RulesError::Read(_) | RulesError::Start(_),
            ..
        })
        | None => TROUBLE,
    }
}

fn message(error: &anyhow::Error) -> String {
    match error.downcast_ref() {
        Some(Failure::Rules {
            error: error @ RulesError::Wrong(_),
            ..
        }) => error.to_string(),
        Some(Failure::Rules {
            error: error @ RulesError::Read(unread),
            ..
        }) if unread.is_missing() => format!(
            "{}\nSay where the rules are with --rules PATH or CROSSFADE_RULES: a folder, a file or a built .wasm",
            error.render(false)
        ),
        Some(Failure::Rules {
            error: error @ RulesError::Read(_),
            ..
        }) => error.render(false),
        Some(Failure::Rules { rules, error }) => format!("{}: {}", rules.display(), error.render(false)),
        _ => format!("{error:#}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_broke_is_trouble_and_no_reader_that_went_away() {
        let broken = anyhow::Error::new(io::Error::from(io::ErrorKind::BrokenPipe)).context("cannot verify");
        assert_eq!(code(&broken), TROUBLE);
        assert_eq!(code(&Failure::No(String::new()).into()), NO);
    }
}
