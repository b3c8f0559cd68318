//! Tells when the subscriber has applied what was committed before: a row that is updated on the publisher after it and
//! then seen on the subscriber. Seen elsewhere and not trusted: `received_lsn` and the origin's progress are early or never
//! come, and `replay_lsn` stands still while nothing published is written.

use std::time::Duration;

use serde::Deserialize;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep};

use super::session::Session;
use super::subscribe::skip_in;
use super::{Direction, PublishSubscribeError};
use crate::catalog::quote_literal;
use crate::databases::{Databases, with_causes};

/// A point in the publisher's history, as one process numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(i64);

/// Sets markers on the publisher and looks for them on the subscriber, for one process. What waits at the same time
/// shares a marker.
#[derive(Debug, Clone)]
pub struct Markers {
    wanted: mpsc::Sender<oneshot::Sender<Mark>>,
    seen: watch::Receiver<Mark>,
}

/// A marker takes some milliseconds, so it is looked for at once and then less and less often.
const FIRST_LOOK: Duration = Duration::from_millis(1);
const LAST_LOOK: Duration = Duration::from_millis(50);

/// After a failure, connecting is tried again no sooner.
const AFTER_FAILURE: Duration = Duration::from_millis(200);

/// Markers of those who asked once would pile up. Who comes back to one that is gone sets it anew.
const KEPT_FOR: &str = "interval '1 hour'";

/// As many can wait for the next marker.
const QUEUE: usize = 10_000;

impl Markers {
    /// Starts on the current runtime; ends when the last clone is dropped.
    #[must_use]
    pub fn start(databases: &Databases, direction: Direction) -> Self {
        let (wanted, requests) = mpsc::channel(QUEUE);
        let (saw, seen) = watch::channel(Mark(0));
        let (set, setting) = watch::channel((String::new(), Mark(0)));
        tokio::spawn(set_markers(databases.clone(), direction, requests, set));
        tokio::spawn(look_for_markers(databases.clone(), direction, setting, saw));
        Self { wanted, seen }
    }

    /// A mark after everything that has been committed on the publisher until now; none where it cannot be set.
    pub async fn mark(&self) -> Option<Mark> {
        let (answer, mark) = oneshot::channel();
        self.wanted.send(answer).await.ok()?;
        mark.await.ok()
    }

    /// Whether the subscriber was seen to have applied what came before the mark.
    #[must_use]
    pub fn is_reached(&self, mark: Mark) -> bool {
        *self.seen.borrow() >= mark
    }

    /// Waits until the subscriber has applied everything that has been committed on the publisher until now; false if
    /// that was not seen in time.
    pub async fn applied_within(&self, deadline: Duration) -> bool {
        let mut seen = self.seen.clone();
        let applied = async {
            let mark = self.mark().await?;
            seen.wait_for(|latest| *latest >= mark).await.ok().map(drop)
        };
        matches!(tokio::time::timeout(deadline, applied).await, Ok(Some(())))
    }
}

/// Sets a marker for all that ask at the moment.
async fn set_markers(
    databases: Databases,
    direction: Direction,
    mut requests: mpsc::Receiver<oneshot::Sender<Mark>>,
    set: watch::Sender<(String, Mark)>,
) {
    let mut session = None;
    let mut beat = 0;
    let mut waiting = Vec::new();
    while requests.recv_many(&mut waiting, QUEUE).await > 0 {
        beat += 1;
        match set_marker(&databases, direction, &mut session, beat).await {
            Ok(writer) => {
                set.send_replace((writer, Mark(beat)));
                for answer in waiting.drain(..) {
                    // Who has stopped waiting needs no answer.
                    _ = answer.send(Mark(beat));
                }
            }
            Err(error) => {
                log::debug!("no marker can be set: {}", with_causes(&error));
                session = None;
                waiting.clear();
                sleep(AFTER_FAILURE).await;
            }
        }
    }
}

/// The publisher's end of a writer of markers.
struct Writer {
    session: Session,
    direction: Direction,
    name: String,
}

async fn set_marker(
    databases: &Databases,
    direction: Direction,
    writer: &mut Option<Writer>,
    beat: i64,
) -> Result<String, PublishSubscribeError> {
    let writer = match writer {
        Some(writer) => writer,
        None => writer.insert(Writer::open(databases, direction).await?),
    };
    writer.set(beat).await?;
    Ok(writer.name.clone())
}

impl Writer {
    /// A writer with a name of its own: its first marker is a row that the subscriber cannot have.
    async fn open(databases: &Databases, direction: Direction) -> Result<Self, PublishSubscribeError> {
        #[derive(Deserialize)]
        struct Row {
            name: String,
        }
        let session = Session::open(databases, direction.publisher()).await?;
        session
            .run(
                "remove old markers",
                &format!(
                    "delete from {} where at < clock_timestamp() - {KEPT_FOR}",
                    direction.markers()
                ),
            )
            .await?;
        let row: Option<Row> = session
            .ask_one("name a marker", "select gen_random_uuid()::text as name")
            .await?;
        let name = row.map(|row| row.name).unwrap_or_default();
        Ok(Self {
            session,
            direction,
            name,
        })
    }

    async fn set(&self, beat: i64) -> Result<(), PublishSubscribeError> {
        let sql = format!(
            "insert into {} values ({}, {beat}, clock_timestamp()) \
             on conflict (writer) do update set beat = excluded.beat, at = excluded.at",
            self.direction.markers(),
            quote_literal(&self.name),
        );
        self.session.run("set a marker", &sql).await
    }
}

/// Looks for the last marker that was set, as long as it has not come.
async fn look_for_markers(
    databases: Databases,
    direction: Direction,
    mut setting: watch::Receiver<(String, Mark)>,
    saw: watch::Sender<Mark>,
) {
    let mut session = None;
    let mut pause = FIRST_LOOK;
    loop {
        let (writer, last) = setting.borrow_and_update().clone();
        let latest = *saw.borrow();
        if latest >= last {
            if setting.changed().await.is_err() {
                return;
            }
            pause = FIRST_LOOK;
            continue;
        }
        match look(&databases, direction, &mut session, &writer).await {
            Ok(beat) if beat > latest.0 => {
                saw.send_replace(Mark(beat));
                pause = FIRST_LOOK;
                continue;
            }
            Ok(_) => {}
            Err(error) => {
                log::debug!("no marker can be looked for: {}", with_causes(&error));
                session = None;
                sleep(AFTER_FAILURE).await;
            }
        }
        if setting.has_changed().is_err() && saw.is_closed() {
            return;
        }
        sleep(pause).await;
        pause = (pause * 3 / 2).min(LAST_LOOK);
    }
}

async fn look(
    databases: &Databases,
    direction: Direction,
    session: &mut Option<Session>,
    writer: &str,
) -> Result<i64, PublishSubscribeError> {
    let session = match session {
        Some(session) => session,
        None => session.insert(Session::open(databases, direction.subscriber()).await?),
    };
    last_seen(session, direction, writer).await
}

async fn last_seen(
    session: &Session,
    direction: Direction,
    writer: &str,
) -> Result<i64, PublishSubscribeError> {
    #[derive(Deserialize)]
    struct Row {
        beat: i64,
    }
    let question = format!(
        "select m.beat from {} m where m.writer = {}",
        direction.markers(),
        quote_literal(writer)
    );
    let row: Option<Row> = session.ask_one("look for a marker", &question).await?;
    Ok(row.map_or(0, |row| row.beat))
}

/// A drain that is about to be needed: both ends are connected, so that whoever waits for it waits for nothing else.
pub struct Drain {
    writer: Writer,
    subscriber: Session,
}

impl Drain {
    /// Connects to both ends.
    pub async fn open(databases: &Databases, direction: Direction) -> Result<Self, PublishSubscribeError> {
        let writer = Writer::open(databases, direction).await?;
        let subscriber = Session::open(databases, direction.subscriber()).await?;
        Ok(Self { writer, subscriber })
    }

    /// Waits until the subscriber has applied everything that has been committed on the publisher until now. For once,
    /// as behind a fence; who asks often keeps [`Markers`].
    pub async fn wait(self, deadline: Duration) -> Result<(), PublishSubscribeError> {
        self.wait_for_all(deadline, None).await
    }

    /// The same, before a turn: then the other direction's slot, which nobody has read from, begins behind that.
    pub async fn wait_and_turn(self, deadline: Duration) -> Result<(), PublishSubscribeError> {
        let other = self.writer.direction.reversed();
        self.wait_for_all(deadline, Some(other)).await
    }

    async fn wait_for_all(
        self,
        deadline: Duration,
        other: Option<Direction>,
    ) -> Result<(), PublishSubscribeError> {
        let direction = self.writer.direction;
        let started = Instant::now();
        let seen = async {
            self.writer.set(1).await?;
            let mut pause = FIRST_LOOK;
            while last_seen(&self.subscriber, direction, &self.writer.name).await? < 1 {
                sleep(pause).await;
                pause = (pause * 3 / 2).min(LAST_LOOK);
            }
            log::debug!(
                "{direction} is drained after {} ms",
                started.elapsed().as_millis()
            );
            Ok(())
        };
        let drained = tokio::time::timeout(deadline, seen).await.unwrap_or_else(|_| {
            Err(PublishSubscribeError::Behind {
                side: direction.subscriber(),
                waited: deadline,
            })
        });
        match (drained, other) {
            (Ok(()), Some(other)) => skip_in(&self.subscriber, other).await,
            (drained, _) => drained,
        }
    }
}

/// The same, where nobody is held up while both ends are connected.
pub async fn drained(
    databases: &Databases,
    direction: Direction,
    deadline: Duration,
) -> Result<(), PublishSubscribeError> {
    Drain::open(databases, direction).await?.wait(deadline).await
}
