//! CEL's public conformance tests, row by row, through our whole path: checker, module, instance.
//!
//! `make conformance` gets the rows, which are not ours to keep; without them nothing is asked here. A row is passed,
//! or it lies outside the subset that conditions have and is refused by name. Anything else is a failure, above all a row
//! that is accepted and answered differently.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test whose surroundings fail should fail and say where"
)]

mod answers;
mod question;
mod report;
mod rows;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use crossfade_evaluator::condition::Environment;
use crossfade_evaluator::diagnostic::{Code, Diagnostic, Severity};
use crossfade_evaluator::rules::load;

use answers::Asked;
use question::Unasked;
use report::{Outcome, Reason};
use rows::{Expected, Row, Suite};

fn main() -> ExitCode {
    // Cargo hands the names of the tests that it is asked for to every test binary.
    let names: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    if !names.is_empty() && !names.iter().any(|name| "conformance".contains(name.as_str())) {
        return ExitCode::SUCCESS;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/rows.jsonl");
    let Ok(lines) = std::fs::read_to_string(path) else {
        println!("CEL's conformance tests are not here; `make conformance` gets them");
        return ExitCode::SUCCESS;
    };
    let suite = Suite::read(&lines).expect("rows as rows.mjs writes them");
    let outcomes = run(&suite);
    let listing = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance.txt");
    std::fs::write(&listing, report::listing(&suite, &outcomes)).expect("the list of rows that were not run");
    let counts = report::counts(&outcomes);
    println!("{}", report::summary(&suite, &outcomes));
    println!("the rows outside, by reason: {}", listing.display());
    println!("{}", counts.summary());
    if counts.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What comes of each row.
fn run(suite: &Suite) -> Vec<Outcome> {
    // Rows with the same variables share a module.
    let mut by_context: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (position, row) in suite.rows.iter().enumerate() {
        by_context.entry(row.context()).or_default().push(position);
    }
    let mut outcomes: Vec<Outcome> = suite.rows.iter().map(|_| Outcome::Passed).collect();
    for (context, positions) in by_context {
        let environment = match environment(&context) {
            Ok(environment) => environment,
            Err(mistake) => {
                for position in positions {
                    outcomes[position] = Outcome::Outside(reason(&mistake));
                }
                continue;
            }
        };
        let mut asked = Vec::new();
        for position in positions {
            let row = &suite.rows[position];
            match question::questions(row, &environment) {
                Ok(questions) => asked.push(Asked {
                    row: position,
                    attributes: row.attributes(),
                    questions,
                }),
                Err(Unasked::Misread(how)) => outcomes[position] = Outcome::Failed(how),
                Err(Unasked::Refused(mistake)) => outcomes[position] = refused(row, &mistake),
            }
        }
        for (row, wrong) in asked.iter().zip(answers::answer(&environment, &asked)) {
            if let Some(wrong) = wrong {
                outcomes[row.row] = Outcome::Failed(wrong);
            }
        }
    }
    outcomes
}

/// The names that a context declares.
fn environment(context: &str) -> Result<Environment, Box<Diagnostic>> {
    let loaded = load(&[("context.yaml".to_owned(), context.as_bytes().to_owned())]);
    let mistake = loaded
        .diagnostics
        .into_iter()
        .find(|diagnostic| diagnostic.severity() == Severity::Error);
    match (loaded.rules, mistake) {
        (Some(rules), _) => Ok(rules.environment),
        (None, Some(mistake)) => Err(mistake.into()),
        (None, None) => panic!("refused without a word: {context}"),
    }
}

/// What a refusal makes of a row.
fn refused(row: &Row, mistake: &Diagnostic) -> Outcome {
    let is_error = matches!(row.expected(), Expected::Error);
    let reason = reason(mistake);
    match mistake.code {
        Code::Unsupported | Code::TooDeep => Outcome::Outside(reason),
        // What conditions leave out is neither a mistake of syntax nor an error whenever it is evaluated.
        Code::ConditionSyntax | Code::ArgumentCount | Code::InvalidPattern | Code::InvalidConstant
            if !is_error =>
        {
            Outcome::Failed(format!("refused as what it is not: {reason}"))
        }
        Code::InvalidConstant => Outcome::RefusedAsError(reason),
        _ if is_error && row.is_for_no_checker() => Outcome::RefusedAsError(reason),
        _ => Outcome::Outside(reason),
    }
}

fn reason(mistake: &Diagnostic) -> Reason {
    Reason {
        code: mistake.code.as_str(),
        message: mistake.message.clone(),
    }
}
