//! How fast existing rows are copied, beside the other ways to copy them, in one run.
//!
//! `ROWS` rows of ten columns are copied from one cluster into a fresh database of another by `pg_dump | psql`, by one
//! `COPY` pipe between two `psql`s, by a new subscription's own initial copy, and by the backfill: `ROUNDS` times in
//! turn. What is printed are medians. Then `KILL_ROWS` rows are copied by a process that is killed (`kill -9`) twice on
//! the way, and every row is verified. The last line is the backfill's rate by that of the subscription; it fails below
//! the goal of DESIGN section 8. `KILL_ROWS=0` or `ROUNDS=0` leaves a part out.

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use crossfade::cluster::{Cluster, Options};
use crossfade::databases::{Databases, PoolOptions, Side};
use crossfade::sync::journal::{BackfillOptions, backfill_with, install};
use crossfade::verify::{VerifyOptions, verify};
use tokio_postgres::Client;

/// Times the rate of PostgreSQL's own initial copy.
const GOAL: f64 = 1.5;

const TABLE: &str = "create table orders (
    id bigint primary key, customer_id bigint not null, status text not null, total numeric(12, 2) not null,
    currency text not null, placed_at timestamptz not null, shipped_at timestamptz, note text, items int not null,
    weight float8)";

/// Where the copy that is killed finds its databases.
const OLD: &str = "CROSSFADE_BENCH_COPY_OLD";
const NEW: &str = "CROSSFADE_BENCH_COPY_NEW";

/// How rows get from one cluster to the other.
#[derive(Clone, Copy)]
enum Way {
    Dump,
    Pipe,
    Subscription,
    Backfill,
}

impl Way {
    const ALL: [Self; 4] = [Self::Dump, Self::Pipe, Self::Subscription, Self::Backfill];

    fn name(self) -> &'static str {
        match self {
            Self::Dump => "pg_dump | psql",
            Self::Pipe => "one COPY pipe, text",
            Self::Subscription => "a subscription's initial copy",
            Self::Backfill => "crossfade's backfill",
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    if let (Ok(old), Ok(new)) = (std::env::var(OLD), std::env::var(NEW)) {
        copy(&old, &new).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let setting = |name: &str, default: u32| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (rows, rounds) = (setting("ROWS", 2_000_000), setting("ROUNDS", 3));
    let kill_rows = setting("KILL_ROWS", 10_000_000);
    let options = || {
        Options::fast()
            .set("shared_buffers", "512MB")
            .set("max_wal_size", "8GB")
            .set("autovacuum", "off")
    };
    let (old, new) = tokio::try_join!(Cluster::start(options()), Cluster::start(options()))?;
    let mut verdict = ExitCode::SUCCESS;
    if kill_rows > 0 {
        killed_twice(&old, &new, kill_rows).await?;
    }
    if rounds > 0 {
        fill(&old, "shop", rows).await?;
        old.connect("shop")
            .await?
            .batch_execute("create publication shop for table orders")
            .await?;
        install(&databases(&old.url("shop"), &new.url("postgres"))?, Side::Old).await?;
        let ratio = side_by_side(&old, &new, rows, rounds).await?;
        println!("{ratio:.2} times PostgreSQL's own initial copy; the goal is {GOAL}");
        if ratio < GOAL {
            verdict = ExitCode::FAILURE;
        }
    }
    Ok(verdict)
}

fn databases(old: &str, new: &str) -> anyhow::Result<Databases> {
    Ok(Databases::new(
        &old.parse()?,
        &new.parse()?,
        PoolOptions::default(),
    ))
}

async fn copy(old: &str, new: &str) -> anyhow::Result<()> {
    let mut options = BackfillOptions::default();
    if let Some(workers) = std::env::var("WORKERS").ok().and_then(|text| text.parse().ok()) {
        options.workers = workers;
    }
    backfill_with(&databases(old, new)?, Side::Old, &options, |_| {}).await?;
    Ok(())
}

async fn fill(cluster: &Cluster, database: &str, rows: u32) -> anyhow::Result<()> {
    cluster.create_database(database).await?;
    let client = cluster.connect(database).await?;
    let fill = format!(
        "{TABLE}; insert into orders select n, n % 50000, (array['new', 'paid', 'shipped', 'returned'])[1 + n % 4], \
         (n % 100000) / 100.0, 'EUR', '2026-01-01'::timestamptz + n * interval '1 s', \
         case when n % 3 = 0 then '2026-02-01'::timestamptz + n * interval '1 s' end, \
         case when n % 5 = 0 then 'note for order ' || n end, 1 + n % 9, n / 7.0 from generate_series(1, {rows}) n"
    );
    client.batch_execute(&fill).await?;
    // Together they would be one transaction, in which no table can be vacuumed.
    client.batch_execute("vacuum analyze orders").await?;
    client.batch_execute("checkpoint").await?;
    Ok(())
}

async fn count(client: &Client, sql: &str) -> anyhow::Result<i64> {
    Ok(client.query_one(sql, &[]).await?.try_get(0)?)
}

/// Each way in turn, several rounds; the backfill's rate by the subscription's.
async fn side_by_side(old: &Cluster, new: &Cluster, rows: u32, rounds: u32) -> anyhow::Result<f64> {
    let mut rates = [const { Vec::new() }; Way::ALL.len()];
    for round in 0..rounds {
        for (way, rates) in Way::ALL.into_iter().zip(&mut rates) {
            let database = format!("round_{round}_{}", way as u8);
            new.create_database(&database).await?;
            let client = new.connect(&database).await?;
            client.batch_execute(&format!("{TABLE}; checkpoint")).await?;
            let started = Instant::now();
            go(way, old, new, &database, &client).await?;
            let seconds = started.elapsed().as_secs_f64();
            let arrived = count(&client, "select count(*) from orders").await?;
            anyhow::ensure!(
                arrived == i64::from(rows),
                "{}: {arrived} of {rows} rows",
                way.name()
            );
            rates.push(f64::from(rows) / seconds);
            if let Way::Subscription = way {
                client.batch_execute("drop subscription shop").await?;
            }
            drop(client);
            new.drop_database(&database).await?;
        }
    }
    println!("{rows} rows, medians of {rounds} rounds");
    println!("| how | thousand rows a second | of the subscription's |\n|---|---|---|");
    let medians = rates.map(median);
    for (way, rate) in Way::ALL.into_iter().zip(medians) {
        let ratio = rate / medians[Way::Subscription as usize];
        println!("| {} | {:.0} | {ratio:.2} |", way.name(), rate / 1e3);
    }
    Ok(medians[Way::Backfill as usize] / medians[Way::Subscription as usize])
}

async fn go(way: Way, old: &Cluster, new: &Cluster, database: &str, client: &Client) -> anyhow::Result<()> {
    let (from, to) = (old.url("shop"), new.url(database));
    let program = |name: &str| old.programs().path(name).display().to_string();
    let (psql, pg_dump) = (program("psql"), program("pg_dump"));
    match way {
        Way::Dump => {
            let dump = format!("'{pg_dump}' --data-only --table orders '{from}'");
            pipe(&format!(
                "{dump} | '{psql}' --quiet --set ON_ERROR_STOP=1 '{to}' >/dev/null"
            ))
        }
        Way::Pipe => {
            let read = format!("'{psql}' --quiet '{from}' --command 'copy orders to stdout'");
            pipe(&format!(
                "{read} | '{psql}' --quiet '{to}' --command 'copy orders from stdin'"
            ))
        }
        Way::Subscription => {
            let sql = format!("create subscription shop connection '{from}' publication shop");
            client.batch_execute(&sql).await?;
            let waiting = "select count(*) from pg_subscription_rel where srsubstate not in ('s', 'r')";
            while count(client, waiting).await? > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        }
        Way::Backfill => {
            let old_client = old.connect("shop").await?;
            let again = "update crossfade.captured set copied_at = null, plan = null";
            old_client.batch_execute(again).await?;
            copy(&from, &to).await
        }
    }
}

/// Runs commands that are joined by a pipe; a shell of their own tells of any that fails.
fn pipe(commands: &str) -> anyhow::Result<()> {
    let status = Command::new("bash")
        .args(["-o", "pipefail", "-c", commands])
        .status()
        .context("this needs bash")?;
    anyhow::ensure!(status.success(), "{commands}: {status}");
    Ok(())
}

/// Copies in a process that is killed at a third and at two thirds of the way, and verifies every row.
async fn killed_twice(old: &Cluster, new: &Cluster, rows: u32) -> anyhow::Result<()> {
    const DATABASE: &str = "killed";
    fill(old, DATABASE, rows).await?;
    new.create_database(DATABASE).await?;
    new.connect(DATABASE).await?.batch_execute(TABLE).await?;
    let (from, to) = (old.url(DATABASE), new.url(DATABASE));
    let databases = databases(&from, &to)?;
    install(&databases, Side::Old).await?;
    let client = old.connect(DATABASE).await?;
    let noted = "select coalesce(sum(rows), 0)::bigint from crossfade.chunks";
    let started = Instant::now();
    for third in [1, 2] {
        let mut process = Command::new(std::env::current_exe()?)
            .env(OLD, &from)
            .env(NEW, &to)
            .stdout(Stdio::null())
            .spawn()?;
        while count(&client, noted).await? < i64::from(rows) * third / 3 {
            anyhow::ensure!(process.try_wait()?.is_none(), "it ended before it was killed");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        process.kill()?;
        process.wait()?;
        let copied = count(&client, noted).await?;
        anyhow::ensure!(
            copied < i64::from(rows),
            "it had copied everything: take more rows"
        );
        println!("killed after {copied} rows");
    }
    copy(&from, &to).await?;
    let seconds = started.elapsed().as_secs_f64();
    let report = verify(&databases, Side::Old, &VerifyOptions::default(), |_| {}).await?;
    anyhow::ensure!(report.clean, "not equal after two kills:\n{report}");
    println!(
        "{rows} rows, killed twice on the way: equal, at {:.0} thousand rows a second",
        f64::from(rows) / seconds / 1e3
    );
    old.drop_database(DATABASE).await?;
    new.drop_database(DATABASE).await?;
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
