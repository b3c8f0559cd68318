//! A copy from its first table to its last.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::{Mutex, mpsc};
use tokio::task::{JoinError, JoinSet};

use crate::catalog::{CatalogError, Generated, Table, read_table, read_table_names};
use crate::databases::{Databases, Side, with_causes};

use super::chunk::Copier;
use super::order::{references, referred_first};
use super::plan::{Job, Source, plan};
use super::record::{PlanId, Record, prepare_secondary};
use super::session::{is_replica, session};
use super::throttle::Throttle;
use super::{BackfillError, BackfillOptions, CopyProgress, Event};

/// One table, copied.
#[derive(Debug, Clone, Serialize)]
pub struct CopiedTable {
    /// Its schema and name.
    pub table: String,
    /// Rows that were copied.
    pub rows: u64,
    /// How long it took since its first chunk was copied, in seconds.
    pub seconds: f64,
}

/// [`backfill_with`] the options that suit most.
pub async fn backfill(
    databases: &Databases,
    primary: Side,
    progress: impl FnMut(&CopyProgress),
) -> Result<Vec<CopiedTable>, BackfillError> {
    backfill_with(databases, primary, &BackfillOptions::default(), progress).await
}

/// How often in a row the copy is taken up again without a single chunk copied, when a database is out of reach.
const ATTEMPTS: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// Copies every table that is captured and not yet copied, going on where an earlier copy was interrupted. Tables of
/// which not all rows are on the secondary yet are noted as copied one by one; dropping the future stops it.
pub async fn backfill_with(
    databases: &Databases,
    primary: Side,
    options: &BackfillOptions,
    mut progress: impl FnMut(&CopyProgress),
) -> Result<Vec<CopiedTable>, BackfillError> {
    let mut tally = Tally::default();
    let mut failures = 0;
    loop {
        let before = tally.rows_since;
        match run(databases, primary, options, &mut tally, &mut progress).await {
            Err(error) if error.is_passing() => {
                failures = if tally.rows_since > before {
                    1
                } else {
                    failures + 1
                };
                if failures == ATTEMPTS {
                    return Err(error);
                }
                log::warn!("the copy is taken up again: {}", with_causes(&error));
                tokio::time::sleep(FIRST_WAIT * 2_u32.pow(failures - 1)).await;
            }
            outcome => return outcome.map(|()| tally.copied),
        }
    }
}

/// What all attempts together have done.
struct Tally {
    started: Instant,
    rows_since: u64,
    copied: Vec<CopiedTable>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            rows_since: 0,
            copied: Vec::new(),
        }
    }
}

/// How far one table is.
struct TableTally {
    name: String,
    plan: Option<(PlanId, usize)>,
    chunks: usize,
    rows: u64,
    started: Instant,
}

/// How long a copy goes on without a word.
const TELL_AGAIN: Duration = Duration::from_secs(1);

async fn run(
    databases: &Databases,
    primary: Side,
    options: &BackfillOptions,
    tally: &mut Tally,
    progress: &mut impl FnMut(&CopyProgress),
) -> Result<(), BackfillError> {
    let record = Record::new(session(databases, primary).await?, primary);
    record.only_one().await?;
    let secondary = session(databases, primary.other()).await?;
    let sources = read_sources(databases, primary, &record, options).await?;
    if sources.is_empty() {
        return Ok(());
    }
    prepare_secondary(&secondary)
        .await
        .map_err(BackfillError::record(primary.other()))?;
    // Where foreign keys are checked, a chunk must not overtake another that it refers to.
    let (sources, workers) = if is_replica(&secondary, primary.other()).await? {
        (sources, options.workers.max(1))
    } else {
        let references = references(record.client(), primary).await?;
        (referred_first(sources, |source| source.table.oid, &references), 1)
    };
    drop(secondary);

    let (throttle, watch) = Throttle::new(options, session(databases, primary).await?);
    let throttle = Arc::new(throttle);
    let mut lead = Lead::new(&record, &sources, throttle.clone(), tally);
    let (jobs, waiting) = mpsc::channel(workers);
    let waiting = Arc::new(Mutex::new(waiting));
    let (told, mut events) = mpsc::channel(16);
    let mut tasks = JoinSet::new();
    tasks.spawn(plan(databases.clone(), primary, sources, jobs, told.clone()));
    for _ in 0..workers {
        let (databases, throttle) = (databases.clone(), throttle.clone());
        tasks.spawn(work(databases, primary, throttle, waiting.clone(), told.clone()));
    }
    drop(told);
    let watching = async {
        let ended = watch.run().await;
        ended.map_err(BackfillError::record(primary))
    };
    tokio::pin!(watching);
    // Whatever is left running when this returns, or is dropped, ends with `tasks`.
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => lead.hear(event, progress).await?,
                None => break,
            },
            Some(ended) = tasks.join_next() => outcome_of(ended)?,
            ended = &mut watching => ended?,
            () = tokio::time::sleep(TELL_AGAIN) => lead.tell(progress),
        }
    }
    while let Some(ended) = tasks.join_next().await {
        outcome_of(ended)?;
    }
    Ok(())
}

fn outcome_of(ended: Result<Result<(), BackfillError>, JoinError>) -> Result<(), BackfillError> {
    match ended {
        Ok(outcome) => outcome,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Nobody cancels a task but by dropping them all.
            Err(_) => Ok(()),
        },
    }
}

/// Copies chunks as they come.
async fn work(
    databases: Databases,
    primary: Side,
    throttle: Arc<Throttle>,
    jobs: Arc<Mutex<mpsc::Receiver<Job>>>,
    told: mpsc::Sender<Event>,
) -> Result<(), BackfillError> {
    let mut copier = None;
    loop {
        let Some(job) = jobs.lock().await.recv().await else {
            return Ok(());
        };
        let copier = match &mut copier {
            Some(copier) => copier,
            None => copier.insert(Copier::new(&databases, primary, &throttle).await?),
        };
        throttle.rest().await;
        let rows = copier.copy(&job).await?;
        let place = job.place;
        if told.send(Event::Copied { place, rows }).await.is_err() {
            return Ok(());
        }
    }
}

/// Keeps the count, and notes each table that is copied.
struct Lead<'a> {
    record: &'a Record,
    throttle: Arc<Throttle>,
    tally: &'a mut Tally,
    tables: Vec<TableTally>,
    progress: CopyProgress,
}

impl<'a> Lead<'a> {
    fn new(record: &'a Record, sources: &[Source], throttle: Arc<Throttle>, tally: &'a mut Tally) -> Self {
        let of_rows = sources.iter().filter_map(|source| source.of_rows).sum::<i64>();
        let table = |source: &Source| TableTally {
            name: source.table.to_string(),
            plan: None,
            chunks: 0,
            rows: 0,
            started: Instant::now(),
        };
        let progress = CopyProgress {
            tables: tally.copied.len(),
            of_tables: tally.copied.len() + sources.len(),
            rows: tally.copied.iter().map(|table| table.rows).sum(),
            of_rows: of_rows.unsigned_abs() + tally.copied.iter().map(|table| table.rows).sum::<u64>(),
            ..CopyProgress::default()
        };
        Self {
            record,
            throttle,
            tables: sources.iter().map(table).collect(),
            tally,
            progress,
        }
    }

    async fn hear(
        &mut self,
        event: Event,
        progress: &mut impl FnMut(&CopyProgress),
    ) -> Result<(), BackfillError> {
        let place = match event {
            Event::Found { place, rows } => {
                self.count(place, rows);
                place
            }
            Event::Copied { place, rows } => {
                self.count(place, rows);
                self.tally.rows_since += rows;
                place
            }
            Event::Planned { place, id, chunks } => {
                if let Some(table) = self.tables.get_mut(place) {
                    table.plan = Some((id, chunks));
                }
                place
            }
        };
        self.note_if_copied(place).await?;
        self.tell(progress);
        Ok(())
    }

    fn count(&mut self, place: usize, rows: u64) {
        let Some(table) = self.tables.get_mut(place) else {
            return;
        };
        if table.chunks == 0 {
            table.started = Instant::now();
        }
        table.chunks += 1;
        table.rows += rows;
        self.progress.rows += rows;
        self.progress.table.clone_from(&table.name);
    }

    async fn note_if_copied(&mut self, place: usize) -> Result<(), BackfillError> {
        let Some(table) = self.tables.get(place) else {
            return Ok(());
        };
        let Some((plan, chunks)) = &table.plan else {
            return Ok(());
        };
        if table.chunks == *chunks && self.record.note_table(plan).await? {
            self.progress.tables += 1;
            self.tally.copied.push(CopiedTable {
                table: table.name.clone(),
                rows: table.rows,
                seconds: table.started.elapsed().as_secs_f64(),
            });
        }
        Ok(())
    }

    fn tell(&mut self, progress: &mut impl FnMut(&CopyProgress)) {
        self.progress.seconds = self.tally.started.elapsed().as_secs_f64();
        self.progress.rows_since = self.tally.rows_since;
        self.progress.resting = self.throttle.reason();
        progress(&self.progress);
    }
}

/// The tables that are captured and not copied, each of the same shape on the secondary.
async fn read_sources(
    databases: &Databases,
    primary: Side,
    record: &Record,
    options: &BackfillOptions,
) -> Result<Vec<Source>, BackfillError> {
    let uncopied = record.uncopied().await?;
    let mut connection = databases.mirror_session(primary).await?;
    let mut tables = Vec::new();
    for (schema, name) in read_table_names(&mut connection, primary).await? {
        let table = read_table(&mut connection, primary, &schema, &name).await?;
        if uncopied.contains(&table.oid) {
            tables.push(table);
        }
    }
    drop(connection);
    let mut sources = Vec::with_capacity(tables.len());
    for table in tables {
        check_shape(databases, primary.other(), &table).await?;
        sources.push(Source::read(record, table, options).await?);
    }
    Ok(sources)
}

async fn check_shape(databases: &Databases, secondary: Side, table: &Table) -> Result<(), BackfillError> {
    let differs = || BackfillError::Schema {
        table: table.quoted(),
        secondary,
    };
    let mut connection = databases.mirror_session(secondary).await?;
    let there = match read_table(&mut connection, secondary, &table.schema, &table.name).await {
        Ok(there) => there,
        Err(CatalogError::UnknownTable { .. }) => return Err(differs()),
        Err(error) => return Err(error.into()),
    };
    let is_expression = |generated| generated == Generated::Expression;
    let same = table.columns.iter().all(|column| {
        there.column(&column.name).is_some_and(|other| {
            other.type_name == column.type_name
                && is_expression(other.generated) == is_expression(column.generated)
        })
    });
    if same { Ok(()) } else { Err(differs()) }
}
