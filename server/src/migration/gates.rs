//! What must be so before the primary changes. Each gate is a measurement or a proof, and what it refuses it explains.

use std::fmt;

use diesel_async::AsyncPgConnection;
use serde::Serialize;

use crate::databases::{DatabaseError, Side, Statement};
use crate::sync::handover::sequences;
use crate::sync::journal::pending;
use crate::sync::publish_subscribe::{Direction, Trouble};
use crate::sync::servers::servers;
use crate::sync::{State, Transport};
use crate::verify::last_verification;

use super::fence::uncaptured;
use super::preflight::{PreflightOptions, preflight};
use super::rules::Proof;
use super::schema::compare;
use super::stream::look;
use super::{Differences, MigrationError, Operator, TurnOptions};

/// Whether a gate is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is.
    Open,
    /// It is, with a word of warning.
    Warn,
    /// It is not.
    Closed,
}

/// One gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gate {
    /// What it is about.
    pub name: &'static str,
    /// Whether it is open.
    pub verdict: Verdict,
    /// What was measured.
    pub evidence: String,
    /// What to do, where it is closed.
    pub way_out: Option<String>,
}

/// All gates of a turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gates {
    /// The side that is to be the primary.
    pub to: Side,
    /// Each of them.
    pub gates: Vec<Gate>,
}

impl Gates {
    /// Whether nothing is in the way.
    #[must_use]
    pub fn are_open(&self) -> bool {
        self.gates.iter().all(|gate| gate.verdict != Verdict::Closed)
    }
}

impl Gate {
    fn open(name: &'static str, evidence: impl Into<String>) -> Self {
        Self {
            name,
            verdict: Verdict::Open,
            evidence: evidence.into(),
            way_out: None,
        }
    }

    fn warn(name: &'static str, evidence: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Warn,
            ..Self::open(name, evidence)
        }
    }

    fn closed(name: &'static str, evidence: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Closed,
            way_out: Some(way_out.into()),
            ..Self::open(name, evidence)
        }
    }
}

impl fmt::Display for Gates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.are_open() {
            write!(f, "nothing keeps {} from becoming the primary", self.to)?;
        } else {
            write!(
                f,
                "{} cannot become the primary yet; nothing has happened",
                self.to
            )?;
        }
        for gate in &self.gates {
            let mark = match gate.verdict {
                Verdict::Open => "open  ",
                Verdict::Warn => "warn  ",
                Verdict::Closed => "closed",
            };
            write!(f, "\n  {mark}  {:<14} {}", gate.name, gate.evidence)?;
            if let Some(way_out) = &gate.way_out {
                write!(f, "\n          {:<14} → {way_out}", "")?;
            }
        }
        Ok(())
    }
}

/// Looks at every gate; changes nothing.
pub(super) async fn examine(
    operator: &Operator,
    state: &State,
    to: Side,
    options: &TurnOptions,
) -> Result<Gates, MigrationError> {
    let from = to.other();
    let mut primary = operator.databases.mirror_session(from).await?;
    let mut secondary = operator.databases.mirror_session(to).await?;
    let mut gates = Vec::new();
    if to == Side::New {
        gates.push(rules(options));
        gates.push(verification(&mut primary, from, options).await?);
        gates.push(obstacles(operator, state.transport).await?);
    }
    gates.push(pause(state));
    gates.push(tables(&mut primary, from).await?);
    gates.push(match state.transport {
        Transport::Journal => journal(operator, from).await?,
        Transport::PublishSubscribe => stream(operator, from).await?,
    });
    gates.push(structure(operator, to, options).await?);
    gates.push(prepared(&mut primary, from).await?);
    gates.push(sequence_room(&mut primary, &mut secondary, to).await?);
    gates.push(constraints(&mut primary, &mut secondary, to).await?);
    gates.push(live_servers(&mut primary, from, options).await?);
    Ok(Gates { to, gates })
}

fn rules(options: &TurnOptions) -> Gate {
    const NAME: &str = "rules";
    let Some(rules) = &options.rules else {
        return Gate::closed(
            NAME,
            "nobody has looked whether they send everybody to new",
            "give the rules that the servers run: --rules PATH",
        );
    };
    for (variable, proof) in [("read", &rules.read), ("write", &rules.write)] {
        match proof {
            Proof::Proved => {}
            Proof::Refuted { context } => {
                return Gate::closed(
                    NAME,
                    format!("`{variable}` is false for {context}"),
                    format!("change the rules so that `{variable}` is true for everybody"),
                );
            }
            Proof::Unknown { reason } => {
                return Gate::closed(
                    NAME,
                    format!("whether `{variable}` is true for everybody cannot be told: {reason}"),
                    "make the default serve a variation with read and write true, and remove the rules before it",
                );
            }
        }
    }
    Gate::open(NAME, "read and write are true for everybody")
}

async fn verification(
    primary: &mut AsyncPgConnection,
    side: Side,
    options: &TurnOptions,
) -> Result<Gate, MigrationError> {
    const NAME: &str = "verification";
    const VERIFY: &str = "crossfade migrate verify";
    Ok(match last_verification(primary, side).await? {
        None => Gate::closed(NAME, "the databases were never compared", VERIFY),
        Some(last) if !last.clean => Gate::closed(
            NAME,
            format!(
                "the last one, at {:.0}, found {} differences or did not finish",
                last.finished_at, last.differences
            ),
            format!("crossfade migrate repair, then {VERIFY}"),
        ),
        Some(last) if last.age_seconds > options.verified_within.as_secs_f64() => Gate::closed(
            NAME,
            format!(
                "the last one is {:.0} minutes old, and may be {:.0}",
                last.age_seconds / 60.0,
                options.verified_within.as_secs_f64() / 60.0
            ),
            VERIFY,
        ),
        Some(last) => Gate::open(NAME, format!("clean, {:.0} seconds ago", last.age_seconds)),
    })
}

async fn obstacles(operator: &Operator, transport: Transport) -> Result<Gate, MigrationError> {
    const NAME: &str = "preflight";
    let options = PreflightOptions {
        transport,
        ..PreflightOptions::default()
    };
    let found = preflight(&operator.databases, options).await?;
    let blocks: Vec<String> = found
        .blocks()
        .map(|(check, finding)| format!("{}: {}", check.name, finding.evidence))
        .collect();
    Ok(if blocks.is_empty() {
        Gate::open(NAME, format!("none of {} checks blocks", found.checks.len()))
    } else {
        Gate::closed(
            NAME,
            blocks.join("; "),
            "crossfade migrate preflight prints the SQL that mends it",
        )
    })
}

fn pause(state: &State) -> Gate {
    if state.paused {
        Gate::closed("mirrors", "they are paused", "crossfade migrate resume")
    } else {
        Gate::open("mirrors", "they run")
    }
}

async fn tables(primary: &mut AsyncPgConnection, side: Side) -> Result<Gate, MigrationError> {
    let tables = uncaptured(primary, side).await?;
    Ok(if tables.is_empty() {
        Gate::open("tables", "all are captured and copied")
    } else {
        Gate::closed(
            "tables",
            format!("not captured, or not copied: {}", tables.join(", ")),
            "crossfade migrate start goes on where it was",
        )
    })
}

/// More would take too long to wait for before the fence.
const MOST_PENDING: i64 = 50_000;
/// A change that could not be mirrored for so long cannot be mirrored.
const OLDEST_SECONDS: f64 = 30.0;

async fn journal(operator: &Operator, side: Side) -> Result<Gate, MigrationError> {
    const NAME: &str = "journal";
    let pending = pending(&operator.databases, side).await?;
    let age = pending.oldest_seconds.unwrap_or_default();
    let evidence = match pending.entries {
        0 => "nothing is pending".to_owned(),
        entries => format!("{entries} changes are pending, the oldest for {age:.1} s"),
    };
    Ok(if pending.entries > MOST_PENDING || age > OLDEST_SECONDS {
        Gate::closed(
            NAME,
            evidence,
            "wait until the mirrors have caught up; where they do not, the servers' logs say why",
        )
    } else {
        Gate::open(NAME, evidence)
    })
}

/// Every table follows, and what is written now arrives in a moment.
async fn stream(operator: &Operator, from: Side) -> Result<Gate, MigrationError> {
    const NAME: &str = "stream";
    let seen = look(&operator.databases, Direction::from_primary(from)).await?;
    if !seen.troubles.is_empty() {
        let each = |part: fn(&Trouble) -> String| {
            let parts: Vec<String> = seen.troubles.iter().map(part).collect();
            parts.join("; ")
        };
        return Ok(Gate::closed(
            NAME,
            each(|trouble| trouble.message.clone()),
            each(|trouble| trouble.way_out.join("; ")),
        ));
    }
    Ok(if seen.status.is_copied() && seen.arrival_ms.is_some() {
        Gate::open(NAME, seen.to_string())
    } else {
        Gate::closed(
            NAME,
            seen.to_string(),
            "wait until it has caught up; crossfade migrate status says how far it is",
        )
    })
}

/// Differences that are named in full.
const SHOWN_DIFFERENCES: usize = 5;

/// Both have the same tables, columns, constraints, functions and so on. On the way back it is a word of warning: what
/// differs then was changed on new, and has not kept old from following.
async fn structure(operator: &Operator, to: Side, options: &TurnOptions) -> Result<Gate, MigrationError> {
    const NAME: &str = "schema";
    let found = compare(&operator.databases).await?;
    if found.is_equal() {
        return Ok(Gate::open(
            NAME,
            format!("{} objects are the same on both sides", found.objects),
        ));
    }
    let mut shown: Vec<String> = found
        .differences
        .iter()
        .take(SHOWN_DIFFERENCES)
        .map(ToString::to_string)
        .collect();
    let more = found.differences.len().saturating_sub(shown.len());
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    let evidence = shown.join("; ");
    Ok(
        if to == Side::Old || options.differences == Differences::Accepted {
            Gate::warn(NAME, evidence)
        } else {
            Gate::closed(
                NAME,
                evidence,
                "crossfade migrate schema names all of it; make both the same, or give --accept-schema-differences",
            )
        },
    )
}

async fn prepared(primary: &mut AsyncPgConnection, side: Side) -> Result<Gate, MigrationError> {
    const NAME: &str = "transactions";
    let prepared = Statement::new(
        "select format('%s of %s, since %s', gid, owner, prepared::timestamptz(0)) from pg_prepared_xacts \
         where database = current_database() order by prepared",
    )
    .texts_of_rows(primary)
    .await
    .map_err(DatabaseError::statement(side))?;
    let prepared: Vec<String> = prepared.into_iter().flatten().collect();
    Ok(if prepared.is_empty() {
        Gate::open(NAME, "none is prepared and left open")
    } else {
        Gate::closed(
            NAME,
            format!("prepared and left open on {side}: {}", prepared.join("; ")),
            "commit prepared or rollback prepared each of them",
        )
    })
}

async fn sequence_room(
    primary: &mut AsyncPgConnection,
    secondary: &mut AsyncPgConnection,
    to: Side,
) -> Result<Gate, MigrationError> {
    const NAME: &str = "sequences";
    let here = sequences(primary, to.other()).await?;
    let there = sequences(secondary, to).await?;
    let mut unready = Vec::new();
    for sequence in &here {
        match there.iter().find(|other| other.name == sequence.name) {
            None => unready.push(format!("{} is not on {to}", sequence.name)),
            Some(other) if other.step != sequence.step => unready.push(format!(
                "{} steps by {} on {to} and by {} before",
                sequence.name, other.step, sequence.step
            )),
            Some(_) => {}
        }
    }
    Ok(if unready.is_empty() {
        Gate::open(NAME, format!("{} can go on where they are", here.len()))
    } else {
        Gate::closed(
            NAME,
            unready.join("; "),
            format!("make them on {to} as they are on {}", to.other()),
        )
    })
}

async fn constraints(
    primary: &mut AsyncPgConnection,
    secondary: &mut AsyncPgConnection,
    to: Side,
) -> Result<Gate, MigrationError> {
    const NAME: &str = "constraints";
    let before = unready_constraints(primary, to.other()).await?;
    let mut unready = unready_constraints(secondary, to).await?;
    unready.retain(|name| !before.contains(name));
    Ok(if unready.is_empty() {
        Gate::open(
            NAME,
            format!("{to}'s constraints and indexes are as valid as {}'s", to.other()),
        )
    } else {
        Gate::closed(
            NAME,
            format!("not valid on {to}: {}", unready.join(", ")),
            "alter table … validate constraint …, or reindex",
        )
    })
}

async fn unready_constraints(
    connection: &mut AsyncPgConnection,
    side: Side,
) -> Result<Vec<String>, DatabaseError> {
    let unready = Statement::new(include_str!("unready_constraints.sql"))
        .texts_of_rows(connection)
        .await
        .map_err(DatabaseError::statement(side))?;
    Ok(unready.into_iter().flatten().collect())
}

async fn live_servers(
    primary: &mut AsyncPgConnection,
    side: Side,
    options: &TurnOptions,
) -> Result<Gate, MigrationError> {
    const NAME: &str = "servers";
    let all = servers(primary, side).await?;
    let live: Vec<_> = all.iter().filter(|server| server.is_live).collect();
    let mut versions: Vec<&str> = live.iter().map(|server| server.rules.as_str()).collect();
    versions.extend(options.rules.as_ref().map(|rules| rules.version.as_str()));
    versions.sort_unstable();
    versions.dedup();
    let listed = || {
        let each: Vec<String> = live
            .iter()
            .map(|server| format!("{} runs {}", server.name, server.rules))
            .collect();
        each.join(", ")
    };
    Ok(match (live.len(), versions.len()) {
        (0, _) => Gate::warn(NAME, "none is running"),
        (_, 2..) => Gate::closed(
            NAME,
            format!(
                "they run different rules, or others than were looked at: {}",
                listed()
            ),
            "wait until all have loaded the same rules",
        ),
        (live, _) => Gate::open(NAME, format!("{live} are running, all with the same rules")),
    })
}
