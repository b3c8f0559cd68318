//! The migration, as it is told: by itself in about a minute, or at the visitor's own pace.

use std::time::{Duration, Instant};

use crate::cluster::Stop;
use crate::databases::Side;

use super::interruptions::Interruptions;
use super::report::Report;
use super::rules::Chapter;
use super::stage::Stage;
use super::terminal::{Terminal, grouped};
use super::traffic::{Tally, Traffic};

/// How often the live line is written anew.
const LIVE_LINE_EVERY: Duration = Duration::from_millis(250);

/// How long the journal may take to drain, once the customers have gone home.
const DRAIN_TIME: Duration = Duration::from_mins(1);

/// What the walk saw of itself.
#[derive(Debug, Default)]
struct Diary {
    rules_took_effect_ms: Vec<u64>,
    caught_up_ms: Option<u64>,
    fences_ms: Vec<u64>,
    /// The story is to end with old's retirement.
    to_the_end: bool,
}

/// Walks through the migration.
pub(super) async fn walk(
    stage: &mut Stage,
    terminal: &Terminal,
    length: Duration,
    with_rollback: bool,
) -> anyhow::Result<Report> {
    let part = length / if with_rollback { 8 } else { 6 };
    let mut diary = Diary::default();
    let traffic = stage.let_customers_in()?;

    terminal.heading("1. The rules as they are in the repository");
    introduce(stage, terminal).await?;
    watch(stage, terminal, &traffic, part).await?;

    terminal.heading("2. All Pro users in India and the United States write to both");
    turn_to(stage, terminal, Chapter::AllPros, &mut diary).await?;
    remind(stage, terminal).await?;
    watch(stage, terminal, &traffic, part).await?;

    terminal.heading("3. New goes down in the middle of it");
    stage.new.stop(Stop::Immediate).await?;
    terminal.say("stopped: writes go on in old and wait in the journal, reads fall back to old");
    watch(stage, terminal, &traffic, part).await?;
    stage.reach_new_again().await?;
    let back = Instant::now();
    let waiting = stage.waiting_changes().await?;
    stage.drained_to(FEW, DRAIN_TIME).await?;
    diary.caught_up_ms = Some(milliseconds(back));
    terminal.good(&format!(
        "new is back; {} changes were waiting, caught up after {} ms",
        grouped(waiting),
        grouped(milliseconds(back))
    ));

    terminal.heading("4. Everyone is migrated");
    turn_to(stage, terminal, Chapter::Everyone, &mut diary).await?;
    remind(stage, terminal).await?;
    watch(stage, terminal, &traffic, part).await?;

    terminal.heading("5. New becomes the primary, and old follows");
    turn(stage, terminal, Side::New, &mut diary).await?;
    watch(stage, terminal, &traffic, part).await?;

    if with_rollback {
        terminal.heading("6. Back to old, with everything that was written since, and forth again");
        turn(stage, terminal, Side::Old, &mut diary).await?;
        watch(stage, terminal, &traffic, part).await?;
        turn(stage, terminal, Side::New, &mut diary).await?;
        watch(stage, terminal, &traffic, part).await?;
    }
    diary.to_the_end = true;
    close(stage, terminal, traffic, diary).await
}

/// Compares every row, as the switch demands, and makes a side the primary.
async fn turn(stage: &Stage, terminal: &Terminal, to: Side, diary: &mut Diary) -> anyhow::Result<()> {
    if to == Side::New {
        terminal.live("comparing every row, under way …");
        let rows = stage.migration.verify().await?;
        terminal.good(&format!("{} rows were compared, and are equal", grouped(rows)));
    }
    let turned = stage.migration.turn(to, stage.rules.folder()).await?;
    let fence_ms = turned.fence_ms.ceil();
    diary.fences_ms.push(fence_ms as u64);
    terminal.good(&format!(
        "{to} is the primary; writers waited for {fence_ms:.0} ms"
    ));
    Ok(())
}

/// Lets customers shop until the first interruption, then closes as the walk does; no report at a second one.
pub(super) async fn stay_open(
    stage: &mut Stage,
    terminal: &Terminal,
    interruptions: &mut Interruptions,
) -> anyhow::Result<Option<Report>> {
    let traffic = stage.let_customers_in()?;
    terminal.heading("Who goes where");
    introduce(stage, terminal).await?;
    terminal.heading("Things to try");
    stage.suggest(terminal);
    terminal.heading("The shop is open");
    interruptions
        .or(watch(stage, terminal, &traffic, Duration::MAX))
        .await?;
    interruptions
        .or(Box::pin(close(stage, terminal, traffic, Diary::default())))
        .await
}

/// A shop with open doors never has an empty journal for long; this few count as caught up.
const FEW: u64 = 20;

/// Asks the server about the people of the story, and says it as its log does.
async fn introduce(stage: &Stage, terminal: &Terminal) -> anyhow::Result<()> {
    for shopper in stage.people() {
        let decision = stage.decide(shopper).await?;
        terminal.say(&format!(
            "User context: {{ user_id: \"{}\", country: \"{}\", subscription: \"{}\" }}",
            shopper.id, shopper.country, shopper.subscription
        ));
        terminal.say("  Write to old DB: true");
        terminal.say(&format!("  Write to new DB: {}", decision.write));
        terminal.say(&format!("  Read from old DB: {}", !decision.read));
        terminal.say(&format!("  Read from new DB: {}", decision.read));
        let side = if decision.read { "new" } else { "old" };
        terminal.say(&format!("  Reading from the {side} database."));
    }
    Ok(())
}

/// The same in a line for each.
async fn remind(stage: &Stage, terminal: &Terminal) -> anyhow::Result<()> {
    for shopper in stage.people() {
        let decision = stage.decide(shopper).await?;
        let write = if decision.write { "both" } else { "old" };
        let read = if decision.read { "new" } else { "old" };
        terminal.say(&format!(
            "User {} ({}, {}): writes to {write}, reads from {read}; {}",
            shopper.id, shopper.country, shopper.subscription, decision.why
        ));
    }
    Ok(())
}

/// Edits the rules and waits until a decision shows it.
async fn turn_to(
    stage: &Stage,
    terminal: &Terminal,
    chapter: Chapter,
    diary: &mut Diary,
) -> anyhow::Result<()> {
    let edited = Instant::now();
    stage.turn_to(chapter).await?;
    let took_ms = milliseconds(edited);
    diary.rules_took_effect_ms.push(took_ms);
    terminal.good(&format!(
        "edited {}; in effect after {} ms",
        stage.rules.feature().display(),
        grouped(took_ms)
    ));
    Ok(())
}

/// Shows the traffic for a while.
async fn watch(stage: &Stage, terminal: &Terminal, traffic: &Traffic, time: Duration) -> anyhow::Result<()> {
    let before = traffic.tally();
    let started = Instant::now();
    while started.elapsed() < time {
        tokio::time::sleep(LIVE_LINE_EVERY).await;
        terminal.live(&in_words(
            &since(&before, &traffic.tally()),
            stage.waiting_changes().await?,
        ));
    }
    terminal.say(&in_words(
        &since(&before, &traffic.tally()),
        stage.waiting_changes().await?,
    ));
    Ok(())
}

/// Sends the customers home, lets the journal drain, and compares every row.
async fn close(
    stage: &mut Stage,
    terminal: &Terminal,
    traffic: Traffic,
    diary: Diary,
) -> anyhow::Result<Report> {
    terminal.live("the customers go home, the journal drains …");
    let requests = traffic.stop().await;
    if !stage.new.is_running() {
        stage.reach_new_again().await?;
    }
    let left_in_journal = stage.drained_to(0, DRAIN_TIME).await?;
    let tables = if stage.migration.is_captured().await? {
        terminal.live("comparing every row …");
        stage.compare().await?
    } else {
        terminal.say("the migration was ended from the dashboard: the databases go their own ways, so no rows are compared");
        Vec::new()
    };
    if diary.to_the_end {
        stage.migration.verify().await?;
        stage.complete().await?;
        terminal.good("old is retired and read-only, and nothing of Crossfade is left in either database");
    }
    Ok(Report {
        fences_ms: diary.fences_ms,
        completed: diary.to_the_end,
        tables,
        requests,
        left_in_journal,
        rules_took_effect_ms: diary.rules_took_effect_ms,
        caught_up_ms: diary.caught_up_ms,
    })
}

fn since(before: &Tally, now: &Tally) -> Tally {
    Tally {
        requests: now.requests - before.requests,
        failed: now.failed - before.failed,
        reads_from_old: now.reads_from_old - before.reads_from_old,
        reads_from_new: now.reads_from_new - before.reads_from_new,
        writes_to_old: now.writes_to_old - before.writes_to_old,
        writes_to_both: now.writes_to_both - before.writes_to_both,
        writes_pending: now.writes_pending - before.writes_pending,
        back_in_time: now.back_in_time - before.back_in_time,
        slowest_ms: now.slowest_ms,
        failures: Vec::new(),
    }
}

fn in_words(tally: &Tally, waiting: u64) -> String {
    format!(
        "{} requests, {} failed · reads: {} from old, {} from new · writes: {} to old, {} to both, {} pending · {} waiting in the journal",
        grouped(tally.requests),
        grouped(tally.failed),
        grouped(tally.reads_from_old),
        grouped(tally.reads_from_new),
        grouped(tally.writes_to_old),
        grouped(tally.writes_to_both),
        grouped(tally.writes_pending),
        grouped(waiting)
    )
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
