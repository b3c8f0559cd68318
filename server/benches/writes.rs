//! What capture and the dual write cost, beside the same writes without them, in one run.
//!
//! Sixteen writers update single rows for a few seconds in each mode, in turn, several rounds; what is printed
//! are medians over the rounds of the ratio to the plain writes of the same round. `SECONDS` sets a turn's
//! length, `ROUNDS` their number, `FSYNC=on` makes commits wait for the disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use crossfade::cluster::{Cluster, Options};
use crossfade::databases::{Databases, PoolOptions, Side, Statement, begin, commit};
use crossfade::flags::{Flags, RequestContext, Route};
use crossfade::routing::{Crossfade, CrossfadeOptions, Mirror};
use crossfade::sync::journal::{backfill, install, set_paused};

const WRITERS: u64 = 16;
const ROWS: u64 = 100_000;
const BULK_ROWS: u64 = 1_000;
const TABLE: &str = "create table accounts (
    id bigint primary key, owner text not null, balance numeric(12, 2) not null default 0,
    updates bigint not null default 0, note text, changed_at timestamptz not null default now())";

/// What the writers do.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// A transaction of one update on a database without capture.
    Plain,
    /// The same on a captured one, mirroring paused.
    Captured,
    /// Statements of a thousand rows without capture.
    PlainBulk,
    /// The same, captured.
    CapturedBulk,
    /// Through the routing, mirrored before the answer.
    Dual,
    /// By hand, one database after the other: what an application would do without us.
    TwoByHand,
    /// Through the routing while new is stopped.
    NewStopped,
}

impl Mode {
    const ALL: [Self; 7] = [
        Self::Plain,
        Self::Captured,
        Self::Dual,
        Self::TwoByHand,
        Self::PlainBulk,
        Self::CapturedBulk,
        Self::NewStopped,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain, one row",
            Self::Captured => "captured, one row",
            Self::PlainBulk => "plain, 1,000 rows a statement",
            Self::CapturedBulk => "captured, 1,000 rows a statement",
            Self::Dual => "dual write, acknowledged",
            Self::TwoByHand => "two writes by hand",
            Self::NewStopped => "dual write, new stopped",
        }
    }

    fn baseline(self) -> Self {
        match self {
            Self::PlainBulk | Self::CapturedBulk => Self::PlainBulk,
            _ => Self::Plain,
        }
    }
}

/// The databases and the routing that the modes use.
struct Field {
    plain: Databases,
    captured: Databases,
    dual: Crossfade,
}

/// One turn's figures.
#[derive(Clone, Copy)]
struct Turn {
    writes_per_second: f64,
    p99_ms: f64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let setting = |name: &str, default: u64| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (seconds, rounds) = (setting("SECONDS", 3), setting("ROUNDS", 5));
    let flushed = std::env::var("FSYNC").is_ok_and(|value| value == "on");
    let options = || {
        let base = if flushed {
            Options::durable()
        } else {
            Options::fast()
        };
        base.set("max_connections", "200").set("shared_buffers", "256MB")
    };
    let (old, mut new) = tokio::try_join!(Cluster::start(options()), Cluster::start(options()))?;
    let field = prepare(&old, &new).await?;

    let mut turns: Vec<Vec<Turn>> = Vec::new();
    for _ in 0..rounds {
        let mut round = Vec::new();
        for mode in Mode::ALL {
            if mode == Mode::NewStopped {
                new.stop(crossfade::cluster::Stop::Fast).await?;
            }
            round.push(turn(&field, mode, Duration::from_secs(seconds)).await?);
            if mode == Mode::NewStopped {
                new.start_again().await?;
            }
            settle(&field).await?;
        }
        turns.push(round);
    }
    report(&turns, flushed);
    field.dual.stop().await;
    Ok(())
}

async fn prepare(old: &Cluster, new: &Cluster) -> anyhow::Result<Field> {
    for name in ["plain", "captured", "dual"] {
        old.create_database(name).await?;
        new.create_database(name).await?;
        let fill = format!(
            "{TABLE}; insert into accounts (id, owner, note) select n, 'owner ' || n, repeat('x', 60) from generate_series(1, {ROWS}) n"
        );
        old.connect(name).await?.batch_execute(&fill).await?;
        new.connect(name)
            .await?
            .batch_execute(if name == "plain" { &fill } else { TABLE })
            .await?;
    }
    let options = PoolOptions {
        connections: WRITERS as usize,
        ..PoolOptions::default()
    };
    let databases = |name: &str| -> anyhow::Result<Databases> {
        Ok(Databases::new(
            &old.url(name).parse()?,
            &new.url(name).parse()?,
            options,
        ))
    };
    let (plain, captured, dual) = (databases("plain")?, databases("captured")?, databases("dual")?);
    for databases in [&captured, &dual] {
        install(databases, Side::Old).await?;
        backfill(databases, Side::Old, |_| {}).await?;
    }
    set_paused(&captured, Side::Old, true).await?;
    let flags = Flags::fixed(Route {
        write: true,
        read: true,
    });
    let dual = Crossfade::start(dual, flags, CrossfadeOptions::default()).await;
    Ok(Field {
        plain,
        captured,
        dual,
    })
}

/// Empties the journals, so that each turn begins as the first did.
async fn settle(field: &Field) -> anyhow::Result<()> {
    let mut captured = field.captured.mirror_session(Side::Old).await?;
    Statement::new("truncate crossfade.journal")
        .execute(&mut captured)
        .await?;
    while crossfade::sync::journal::pending(field.dual.databases(), Side::Old)
        .await?
        .entries
        > 0
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn turn(field: &Field, mode: Mode, length: Duration) -> anyhow::Result<Turn> {
    let stop = AtomicBool::new(false);
    let done = AtomicU64::new(0);
    let not_applied = AtomicU64::new(0);
    let latencies: Vec<_> = (0..WRITERS)
        .map(|_| Arc::new(std::sync::Mutex::new(Vec::new())))
        .collect();
    let started = Instant::now();
    let writers =
        futures_util::future::try_join_all(latencies.iter().zip(0..WRITERS).map(|(latencies, writer)| {
            let (stop, done, not_applied) = (&stop, &done, &not_applied);
            async move {
                let context = RequestContext::from_baggage(["user_id=1"].into_iter())?;
                let mut row = writer * 7_919;
                while !stop.load(Ordering::Relaxed) {
                    row = (row + WRITERS * 613) % ROWS;
                    let began = Instant::now();
                    if let Some(mirror) = write(field, mode, row - row % WRITERS + writer, &context).await?
                        && mirror != Mirror::Applied
                    {
                        not_applied.fetch_add(1, Ordering::Relaxed);
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                    latencies
                        .lock()
                        .map_err(|_| anyhow::anyhow!("a writer panicked"))?
                        .push(began.elapsed());
                }
                anyhow::Ok(())
            }
        }));
    let clock = async {
        tokio::time::sleep(length).await;
        stop.store(true, Ordering::Relaxed);
        anyhow::Ok(())
    };
    tokio::try_join!(writers, clock)?;
    let elapsed = started.elapsed().as_secs_f64();
    let mut all: Vec<Duration> = Vec::new();
    for latencies in latencies {
        all.extend(
            latencies
                .lock()
                .map_err(|_| anyhow::anyhow!("a writer panicked"))?
                .iter(),
        );
    }
    all.sort_unstable();
    let p99 = all.get(all.len() * 99 / 100).copied().unwrap_or_default();
    if mode == Mode::Dual && not_applied.load(Ordering::Relaxed) > 0 {
        eprintln!(
            "{} of {} dual writes were pending when answered",
            not_applied.load(Ordering::Relaxed),
            all.len()
        );
    }
    let rows = if matches!(mode, Mode::PlainBulk | Mode::CapturedBulk) {
        BULK_ROWS
    } else {
        1
    };
    Ok(Turn {
        writes_per_second: (done.load(Ordering::Relaxed) * rows) as f64 / elapsed,
        p99_ms: p99.as_secs_f64() * 1e3,
    })
}

fn update_one(row: u64) -> Statement {
    let sql =
        "update accounts set balance = balance + 1, updates = updates + 1, changed_at = now() where id = $1";
    Statement::new(sql).integer(row.cast_signed())
}

async fn write(
    field: &Field,
    mode: Mode,
    row: u64,
    context: &RequestContext,
) -> anyhow::Result<Option<Mirror>> {
    match mode {
        Mode::Plain => in_transaction(&field.plain, Side::Old, update_one(row)).await?,
        Mode::Captured => in_transaction(&field.captured, Side::Old, update_one(row)).await?,
        Mode::TwoByHand => {
            in_transaction(&field.plain, Side::Old, update_one(row)).await?;
            in_transaction(&field.plain, Side::New, update_one(row)).await?;
        }
        Mode::PlainBulk => in_transaction(&field.plain, Side::Old, bulk(row)).await?,
        Mode::CapturedBulk => in_transaction(&field.captured, Side::Old, bulk(row)).await?,
        Mode::Dual | Mode::NewStopped => {
            let written = field
                .dual
                .write(context, None, async |connection| {
                    update_one(row).execute(connection).await
                })
                .await
                .context("a dual write")?;
            return Ok(Some(written.mirror));
        }
    }
    Ok(None)
}

/// A thousand rows of the writer's own share, so that writers do not wait for each other.
fn bulk(row: u64) -> Statement {
    let share = row % WRITERS;
    let from = (row / WRITERS) % (ROWS / WRITERS - BULK_ROWS);
    let sql = "update accounts set updates = updates + 1 \
               where id in (select (n * $1) + $2 from generate_series($3, $4) n)";
    Statement::new(sql)
        .integer(WRITERS.cast_signed())
        .integer(share.cast_signed())
        .integer(from.cast_signed())
        .integer((from + BULK_ROWS - 1).cast_signed())
}

async fn in_transaction(databases: &Databases, side: Side, statement: Statement) -> anyhow::Result<()> {
    let mut connection = databases.connection(side).await?;
    begin(&mut connection, side).await?;
    statement.execute(&mut connection).await?;
    commit(&mut connection, side).await?;
    Ok(())
}

fn report(turns: &[Vec<Turn>], flushed: bool) {
    println!(
        "{WRITERS} writers, fsync {}, medians of {} rounds",
        if flushed { "on" } else { "off" },
        turns.len()
    );
    println!("| what | rows a second | of plain | p99 ms | p99 of plain |\n|---|---|---|---|---|");
    for (at, mode) in Mode::ALL.into_iter().enumerate() {
        let base = Mode::ALL
            .iter()
            .position(|other| *other == mode.baseline())
            .unwrap_or(0);
        let of = |figure: fn(&Turn) -> f64| median(turns.iter().map(|round| figure(&round[at])).collect());
        let ratio = |figure: fn(&Turn) -> f64| {
            median(
                turns
                    .iter()
                    .map(|round| figure(&round[at]) / figure(&round[base]))
                    .collect(),
            )
        };
        println!(
            "| {} | {:.0} | {:.2} | {:.1} | {:.2} |",
            mode.name(),
            of(|turn| turn.writes_per_second),
            ratio(|turn| turn.writes_per_second),
            of(|turn| turn.p99_ms),
            ratio(|turn| turn.p99_ms),
        );
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
