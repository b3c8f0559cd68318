//! What a preflight found: typed for gates, as text for people, as JSON for programs.

use std::fmt;

use serde::Serialize;

use crate::databases::Side;
use crate::sync::Transport;

/// Whether something stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing does.
    Pass,
    /// Somebody should know of it; the migration may go on.
    Warn,
    /// The migration must not go on.
    Block,
}

/// What a preflight found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The transport that was asked about.
    pub transport: Transport,
    /// The worst of all checks.
    pub verdict: Verdict,
    /// Each check, in a fixed order.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name, which never changes.
    pub name: &'static str,
    /// The worst of its findings.
    pub verdict: Verdict,
    /// What was looked at, with names and numbers.
    pub evidence: String,
    /// What is not as it should be.
    pub findings: Vec<Finding>,
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub verdict: Verdict,
    /// What was found, with names and numbers, and what comes of it.
    pub evidence: String,
    /// What mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<Mend>,
}

/// What mends a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mend {
    /// The database to run it in.
    pub side: Side,
    /// SQL, a statement each, to be run one after the other outside of a transaction.
    pub statements: Vec<String>,
    /// What to do besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<String>,
}

impl Report {
    pub(super) fn new(transport: Transport, checks: Vec<Check>) -> Self {
        let verdict = checks.iter().map(|check| check.verdict).max();
        Self {
            transport,
            verdict: verdict.unwrap_or(Verdict::Pass),
            checks,
        }
    }

    /// The check of this name.
    #[must_use]
    pub fn check(&self, name: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }

    /// What keeps the migration from going on.
    pub fn blocks(&self) -> impl Iterator<Item = (&Check, &Finding)> {
        self.checks.iter().flat_map(|check| {
            let blocking = check.findings.iter();
            blocking
                .filter(|finding| finding.verdict == Verdict::Block)
                .map(move |finding| (check, finding))
        })
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.checks
            .iter()
            .filter(|check| check.verdict == verdict)
            .count()
    }
}

impl Check {
    /// A check that has found nothing yet.
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            verdict: Verdict::Pass,
            evidence: String::new(),
            findings: Vec::new(),
        }
    }

    /// A check that has nothing to look at.
    pub(super) fn not_needed(name: &'static str, transport: Transport) -> Self {
        Self::new(name).saw(format!("not needed by the transport {transport}"))
    }

    /// What was looked at.
    pub(super) fn saw(mut self, evidence: impl Into<String>) -> Self {
        self.evidence = evidence.into();
        self
    }

    /// Adds a finding that blocks.
    pub(super) fn block(&mut self, evidence: impl Into<String>) -> &mut Finding {
        self.find(Verdict::Block, evidence)
    }

    /// Adds a finding that somebody should know of.
    pub(super) fn warn(&mut self, evidence: impl Into<String>) -> &mut Finding {
        self.find(Verdict::Warn, evidence)
    }

    /// Adds a finding.
    pub(super) fn find(&mut self, verdict: Verdict, evidence: impl Into<String>) -> &mut Finding {
        self.verdict = self.verdict.max(verdict);
        let at = self.findings.len();
        self.findings.push(Finding {
            verdict,
            evidence: evidence.into(),
            mend: None,
        });
        &mut self.findings[at]
    }
}

impl Finding {
    /// The SQL that mends it.
    pub(super) fn mend<S: Into<String>>(
        &mut self,
        side: Side,
        statements: impl IntoIterator<Item = S>,
    ) -> &mut Self {
        self.mend = Some(Mend {
            side,
            statements: statements.into_iter().map(Into::into).collect(),
            then: None,
        });
        self
    }

    /// What to do besides the SQL.
    pub(super) fn then(&mut self, note: impl Into<String>) -> &mut Self {
        if let Some(mend) = &mut self.mend {
            mend.then = Some(note.into());
        }
        self
    }
}

impl Verdict {
    /// `pass`, `warn` or `block`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.checks {
            write!(f, "{check}")?;
        }
        let (block, warn, pass) = (
            self.count(Verdict::Block),
            self.count(Verdict::Warn),
            self.count(Verdict::Pass),
        );
        let so = match self.verdict {
            Verdict::Block => "the migration must not go on before they are mended",
            Verdict::Warn => "nothing stands in the way, but read the warnings",
            Verdict::Pass => "nothing stands in the way",
        };
        writeln!(
            f,
            "\ntransport {}: {block} block, {warn} warn, {pass} pass: {so}",
            self.transport
        )
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<5}  {:<22} {}", self.verdict, self.name, self.evidence)?;
        for finding in &self.findings {
            writeln!(f, "       - {}", finding.evidence)?;
            if let Some(mend) = &finding.mend {
                for statement in &mend.statements {
                    writeln!(f, "           on {}: {statement};", mend.side)?;
                }
                if let Some(then) = &mend.then {
                    writeln!(f, "           {then}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_as_bad_as_its_worst_check_and_shows_how_to_mend_it() {
        let mut keys = Check::new("keys").saw("2 tables");
        keys.block("table public.t has no primary key")
            .mend(Side::Old, ["alter table public.t add primary key (id)"])
            .then("it locks the table");
        let report = Report::new(
            Transport::Journal,
            vec![Check::new("versions").saw("old 15.1"), keys],
        );
        assert_eq!(report.verdict, Verdict::Block);
        assert_eq!(
            report.to_string(),
            "pass   versions               old 15.1\n\
             block  keys                   2 tables\n       \
             - table public.t has no primary key\n           \
             on old: alter table public.t add primary key (id);\n           \
             it locks the table\n\n\
             transport journal: 1 block, 0 warn, 1 pass: the migration must not go on before they are mended\n"
        );
    }

    #[test]
    fn programs_read_names_and_statements() {
        let mut keys = Check::new("keys").saw("1 table");
        keys.warn("odd").mend(Side::New, ["a", "b"]);
        let json = serde_json::to_value(Report::new(Transport::PublishSubscribe, vec![keys])).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "transport": "publish-subscribe", "verdict": "warn",
                "checks": [{"name": "keys", "verdict": "warn", "evidence": "1 table", "findings": [
                    {"verdict": "warn", "evidence": "odd", "mend": {"side": "new", "statements": ["a", "b"]}}
                ]}]
            })
        );
    }
}
