//! The stages' part in the transport `publish-subscribe`: how the stream is begun, looked at and turned round.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::json;

use crate::databases::{DatabaseError, Databases, Side, Statement, with_causes};
use crate::sync::State;
use crate::sync::journal::CopiedTable;
use crate::sync::publish_subscribe::{
    self, CopyState, Direction, Drain, Limits, PublishSubscribeError, Rows, Trouble, copied, drained, end,
    is_subscribed, is_there, not_copied, prepare, reserve, subscribe, troubles,
};
use crate::sync::servers::LASTS;

use super::progress::Tell;
use super::{MigrationError, Operator, Progress};

/// What was seen of a stream.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stream {
    /// How far it has come.
    #[serde(flatten)]
    pub status: publish_subscribe::Status,
    /// How long a change took to arrive, in milliseconds; absent where it did not in time.
    pub arrival_ms: Option<f64>,
    /// What is wrong.
    pub troubles: Vec<Trouble>,
}

/// Between two looks at a copy.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// PostgreSQL tries again every five seconds what it could not copy; a trouble that outlasts this stays.
const STANDS: Duration = Duration::from_secs(20);
/// Until a server that had not heard of the beginning has looked.
const ARRIVAL: Duration = Duration::from_secs(30);

/// Begins the stream, or goes on where its beginning was interrupted, until everything is copied; what was copied now.
pub(super) async fn stream(
    operator: &Operator,
    state: &State,
    tables: usize,
    tell: Tell<'_>,
) -> Result<Vec<CopiedTable>, MigrationError> {
    let databases = &operator.databases;
    let direction = Direction::from_primary(state.primary());
    let began = Instant::now();
    prepare(databases, direction).await?;
    if !is_subscribed(databases, direction).await? {
        // Whatever was copied before has missed what came since.
        not_copied(databases, direction).await?;
        tell(&Progress::Reserving);
        reserve(databases, direction).await?;
    }
    let was_copied = publish_subscribe::is_copied(databases, direction).await?;
    subscribe(databases, direction, Rows::Copy).await?;
    tell(&Progress::Streaming { tables });
    if was_copied {
        return Ok(Vec::new());
    }
    is_copied(databases, direction, tell).await?;
    // A server that has not heard of the beginning yet gives out positions of another kind. Once it must have, and what
    // was written until then has arrived, such a position may be taken for reached.
    while !leases_began(databases, direction.publisher()).await? {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    drained(databases, direction, ARRIVAL).await?;
    let status = publish_subscribe::status(databases, direction).await?;
    copied(databases, direction.publisher()).await?;
    let seconds = began.elapsed().as_secs_f64();
    let tables: Vec<CopiedTable> = status
        .tables
        .into_iter()
        .map(|table| CopiedTable {
            table: table.name,
            rows: u64::try_from(table.expected_rows).unwrap_or(0),
            seconds,
        })
        .collect();
    let mut connection = databases.mirror_session(direction.publisher()).await?;
    operator
        .note(
            &mut connection,
            direction.publisher(),
            "copied",
            &json!({ "tables": tables }),
        )
        .await?;
    Ok(tables)
}

async fn leases_began(databases: &Databases, primary: Side) -> Result<bool, DatabaseError> {
    let mut connection = databases.mirror_session(primary).await?;
    Statement::new("select begun_at < clock_timestamp() - $1 * interval '1 ms' from crossfade.migration")
        .integer(i64::try_from(LASTS.as_millis()).unwrap_or(i64::MAX))
        .one_bool(&mut connection)
        .await
        .map_err(DatabaseError::statement(primary))
}

/// Waits until every table is copied. What stands in the way is told at once, and ends it if it stays.
async fn is_copied(
    databases: &Databases,
    direction: Direction,
    tell: Tell<'_>,
) -> Result<(), MigrationError> {
    let limits = Limits::default();
    let mut before = None;
    let mut in_trouble: Option<(Instant, Vec<Trouble>)> = None;
    loop {
        let now = publish_subscribe::status(databases, direction).await?;
        if now.is_copied() {
            return Ok(());
        }
        let found = troubles(databases, &limits, before.as_ref(), &now).await?;
        if found.is_empty() {
            in_trouble = None;
            tell(&Progress::Copying {
                how_far: in_words(&now),
            });
        } else {
            let since = match in_trouble.take() {
                Some((since, known)) if known == found => since,
                earlier => {
                    tell_all(&found, tell);
                    earlier.map_or_else(Instant::now, |(since, _)| since)
                }
            };
            if since.elapsed() > STANDS {
                return Err(MigrationError::Stream(found));
            }
            in_trouble = Some((since, found));
        }
        before = Some(now);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn tell_all(troubles: &[Trouble], tell: Tell<'_>) {
    for trouble in troubles {
        tell(&Progress::Trouble {
            trouble: trouble.clone(),
        });
    }
}

fn in_words(status: &publish_subscribe::Status) -> String {
    let done = status
        .tables
        .iter()
        .filter(|table| table.state == CopyState::Streaming)
        .count();
    let under_way: Vec<String> = status
        .tables
        .iter()
        .filter_map(|table| {
            let (rows, _) = table.copied?;
            Some(format!(
                "{}: {rows} of some {} rows",
                table.name, table.expected_rows
            ))
        })
        .collect();
    let under_way = if under_way.is_empty() {
        String::new()
    } else {
        format!("; {}", under_way.join("; "))
    };
    format!("{done} of {} tables are copied{under_way}", status.tables.len())
}

/// How long a look waits for a change to arrive.
const LOOKED_FOR: Duration = Duration::from_secs(1);
/// Failures are counted by PostgreSQL: whether there are more needs two looks.
const SECOND_LOOK: Duration = Duration::from_millis(300);

/// Looks at a stream; changes nothing but a marker.
pub(super) async fn look(
    databases: &Databases,
    direction: Direction,
) -> Result<Stream, PublishSubscribeError> {
    let began = Instant::now();
    let arrived = drained(databases, direction, LOOKED_FOR).await;
    let arrival_ms = arrived.is_ok().then(|| began.elapsed().as_secs_f64() * 1_000.0);
    let mut status = publish_subscribe::status(databases, direction).await?;
    let limits = Limits::default();
    let mut found = troubles(databases, &limits, None, &status).await?;
    if found.is_empty() && arrival_ms.is_none() {
        tokio::time::sleep(SECOND_LOOK).await;
        let now = publish_subscribe::status(databases, direction).await?;
        found = troubles(databases, &limits, Some(&status), &now).await?;
        status = now;
    }
    Ok(Stream {
        status,
        arrival_ms,
        troubles: found,
    })
}

/// Before the fence: the other direction is ready to begin, and its slot keeps little.
pub(super) async fn prepare_turn(
    databases: &Databases,
    direction: Direction,
) -> Result<(), PublishSubscribeError> {
    let other = direction.reversed();
    prepare(databases, other).await?;
    reserve(databases, other).await
}

/// How long what is under way may take to arrive before the fence.
const CATCH_UP: Duration = Duration::from_mins(1);

/// Just before the fence: everything until now has arrived, so that little is left for it; and both ends are connected.
pub(super) async fn catch_up(
    databases: &Databases,
    direction: Direction,
) -> Result<Drain, PublishSubscribeError> {
    drained(databases, direction, CATCH_UP).await?;
    publish_subscribe::skip_to_now(databases, direction.reversed()).await?;
    Drain::open(databases, direction).await
}

/// A turn that was not done leaves nothing of the other direction: its slot would keep the log for nobody.
pub(super) async fn call_off(databases: &Databases, other: Direction) {
    let ended = async {
        if is_there(databases, other).await? {
            end(databases, other).await?;
        }
        Ok::<(), PublishSubscribeError>(())
    };
    if let Err(error) = ended.await {
        log::warn!(
            "what was prepared of the stream {other} is left until the command is given again: {}",
            with_causes(&error)
        );
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = &self.status;
        let copied = status
            .tables
            .iter()
            .filter(|table| table.state == CopyState::Streaming)
            .count();
        write!(
            f,
            "{}: {copied} of {} tables are copied and follow; ",
            status.direction,
            status.tables.len()
        )?;
        let kept = status.slot.as_ref().and_then(|slot| slot.retained_bytes);
        let kept_mb = kept.unwrap_or(0) >> 20;
        match self.arrival_ms {
            Some(ms) => write!(f, "a change arrived after {ms:.0} ms; ")?,
            None => write!(
                f,
                "a change did not arrive within {} ms; ",
                LOOKED_FOR.as_millis()
            )?,
        }
        write!(f, "{kept_mb} MB of log are kept")
    }
}
