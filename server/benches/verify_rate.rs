//! How many rows the verifier compares a second and core.
//!
//! Two clusters with the same `ROWS` rows of ten columns are verified `ROUNDS` times. The time is the processor time of
//! the server processes of the side that took more of it, so that other work on the machine counts as little as can be;
//! the wall's time is printed beside it. The last line is the median, and it fails below the goal of DESIGN
//! section 8.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use crossfade::cluster::{Cluster, Options};
use crossfade::databases::{Databases, PoolOptions, Side};
use crossfade::verify::{VerifyOptions, verify};

/// Million rows a second and core.
const GOAL: f64 = 0.7;

const TABLE: &str = "create table orders (
    id bigint primary key, customer_id bigint not null, status text not null, total numeric(12, 2) not null,
    currency text not null, placed_at timestamptz not null, shipped_at timestamptz, note text, items int not null,
    weight float8)";

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let setting = |name: &str, default: u32| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (rows, rounds) = (setting("ROWS", 1_000_000), setting("ROUNDS", 5).max(1));
    let options = || Options::fast().set("shared_buffers", "256MB");
    let (old, new) = tokio::try_join!(Cluster::start(options()), Cluster::start(options()))?;
    tokio::try_join!(fill(&old, rows), fill(&new, rows))?;
    let databases = Databases::new(
        &old.url("shop").parse()?,
        &new.url("shop").parse()?,
        PoolOptions::default(),
    );
    let mut rates = Vec::new();
    for _ in 0..rounds {
        let before = (busy_seconds(&old).await?, busy_seconds(&new).await?);
        let started = Instant::now();
        let report = verify(&databases, Side::Old, &VerifyOptions::default(), |_| {}).await?;
        let wall = started.elapsed().as_secs_f64();
        anyhow::ensure!(
            report.clean,
            "the two are equal, but the verifier says:\n{report}"
        );
        let after = (busy_seconds(&old).await?, busy_seconds(&new).await?);
        let core = (after.0 - before.0).max(after.1 - before.1);
        let rate = f64::from(rows) / core / 1e6;
        println!(
            "{rows} rows in {wall:.2} s, of which {core:.2} s on one core: {rate:.2} million rows/s and core"
        );
        rates.push(rate);
    }
    rates.sort_unstable_by(f64::total_cmp);
    let median = rates.get(rates.len() / 2).copied().unwrap_or_default();
    println!("{median:.2} million rows a second and core; the goal is {GOAL}");
    Ok(if median < GOAL {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn fill(cluster: &Cluster, rows: u32) -> anyhow::Result<()> {
    cluster.create_database("shop").await?;
    let client = cluster.connect("shop").await?;
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

/// The processor time that the cluster's own sessions of ours have taken, from Linux's `/proc`.
async fn busy_seconds(cluster: &Cluster) -> anyhow::Result<f64> {
    let client = cluster.connect("shop").await?;
    let sessions = client
        .query(
            "select pid from pg_stat_activity where datname = 'shop' and pid <> pg_backend_pid()",
            &[],
        )
        .await?;
    let mut ticks = 0.0;
    for session in sessions {
        let pid: i32 = session.try_get(0)?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("this needs Linux")?;
        // After the name in brackets the fields go on with the third; time in user and system code are 14 and 15.
        let (_, fields) = stat.rsplit_once(')').context("/proc/pid/stat is unlike itself")?;
        for field in fields.split_whitespace().skip(11).take(2) {
            ticks += field.parse::<f64>()?;
        }
    }
    // Linux counts in hundredths of a second wherever it shows them to programs.
    Ok(ticks / 100.0)
}
