//! Writers beside the users: straight to old in statements of many rows, with unique values that change places,
//! rows that are deleted and come back, tables that are emptied; and through the server, rows that come and go.
//!
//! Each keeps in the ledger what old may hold of its rows: one state after an answer, two where none came.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::Method;
use tokio::task::JoinSet;
use tokio_postgres::NoTls;

use super::random::Random;
use super::tally::Tally;
use super::users::Client;
use super::world::World;

/// What a row may be: its `v`, or none for no row.
pub(super) type Allowed = Vec<Option<i64>>;

/// The rows that writers are sure of, by table and key.
pub(super) type Ledger = Arc<Mutex<BTreeMap<(&'static str, i64), Allowed>>>;

/// Starts all writers.
pub(super) fn start(world: &World, random: &mut Random, until: Instant, tasks: &mut JoinSet<()>) -> Ledger {
    let ledger = Ledger::default();
    for work in [
        Work::Items(0),
        Work::Items(1_000),
        Work::Seats,
        Work::Scratch,
        Work::Everyone,
    ] {
        let writer = Writer {
            url: world.old_url(),
            tally: world.tally.clone(),
            ledger: ledger.clone(),
            random: random.split(),
            work,
            number: 0,
        };
        tasks.spawn(writer.live(until));
    }
    for (number, user) in ["u0", "u6", "u11"].into_iter().enumerate() {
        let events = Events {
            client: Client::new(world, user.to_owned()),
            tally: world.tally.clone(),
            ledger: ledger.clone(),
            random: random.split(),
            next: i64::try_from(number).unwrap_or_default() * 1_000_000_000,
            there: Vec::new(),
        };
        tasks.spawn(events.live(until));
    }
    ledger
}

/// What a writer that goes straight to old does.
#[derive(Debug, Clone, Copy)]
enum Work {
    /// Changes, deletes and inserts again ranges of the thousand rows from here.
    Items(i64),
    /// Lets two rows exchange their unique places.
    Seats,
    /// Fills a table and empties it now and then.
    Scratch,
    /// Counts in the row that all users read.
    Everyone,
}

struct Writer {
    url: String,
    tally: Arc<Tally>,
    ledger: Ledger,
    random: Random,
    work: Work,
    /// Counts the statements: each writes a value of its own.
    number: i64,
}

impl Writer {
    async fn live(mut self, until: Instant) {
        while Instant::now() < until {
            let Ok((client, connection)) = tokio_postgres::connect(&self.url, NoTls).await else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            let carrying = tokio::spawn(connection);
            while Instant::now() < until {
                self.number += 1;
                let (sql, rows) = self.next_write();
                // One simple query is one transaction.
                let done = client.batch_execute(&sql).await;
                if let Err(error) = &done
                    && let Some(refused) = error.as_db_error()
                    && !client.is_closed()
                    && refused.code().code() != "57P01"
                {
                    Tally::blame(&self.tally.failed, || format!("old refused {sql}: {refused}"));
                }
                self.note(rows, done.is_ok());
                if done.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(self.random.below(60))).await;
            }
            drop(client);
            _ = carrying.await;
        }
    }

    /// The statement, and what the rows that it changes are afterwards.
    fn next_write(&mut self) -> (String, Vec<(&'static str, i64, Option<i64>)>) {
        let v = self.number;
        match self.work {
            Work::Items(from) => {
                let first = self.random.between(from, from + 980);
                let last = first + self.random.between(0, 10);
                let range = format!("between {first} and {last}");
                let (sql, after) = match self.random.below(4) {
                    0 => (format!("delete from items where id {range}"), None),
                    1 => (
                        format!(
                            "delete from items where id {range}; \
                             insert into items select n, {v}, 'back' from generate_series({first}, {last}) n"
                        ),
                        Some(v),
                    ),
                    _ => (
                        format!(
                            "insert into items select n, {v}, repeat('x', {}) from generate_series({first}, {last}) n \
                             on conflict (id) do update set v = excluded.v, note = excluded.note",
                            v % 50
                        ),
                        Some(v),
                    ),
                };
                (sql, (first..=last).map(|id| ("items", id, after)).collect())
            }
            Work::Seats => {
                let one = self.random.between(0, 40);
                let other = (one + self.random.between(1, 40)) % 40;
                let sql = format!(
                    "create temp table taken on commit drop as \
                       select id, lead(place, 1, first) over (order by id) as place \
                       from (select *, first_value(place) over (order by id) as first from seats where id in ({one}, {other})) s; \
                     update seats set place = 'free ' || id where id in ({one}, {other}); \
                     update seats s set place = t.place, v = {v} from taken t where s.id = t.id"
                );
                (sql, vec![("seats", one, Some(v)), ("seats", other, Some(v))])
            }
            Work::Scratch if self.random.below(30) == 0 => {
                let rows = self.ledger.lock().expect("no holder panics");
                let emptied = rows.keys().filter(|(table, _)| *table == "scratch");
                let emptied = emptied.map(|(_, id)| ("scratch", *id, None)).collect();
                ("truncate scratch".to_owned(), emptied)
            }
            Work::Scratch => {
                let id = self.random.between(0, 200);
                let sql = format!(
                    "insert into scratch values ({id}, {v}) on conflict (id) do update set v = excluded.v"
                );
                (sql, vec![("scratch", id, Some(v))])
            }
            Work::Everyone => (
                format!("update counters set n = {v} where user_id = 'everyone' and n < {v}"),
                Vec::new(),
            ),
        }
    }

    fn note(&self, rows: Vec<(&'static str, i64, Option<i64>)>, acknowledged: bool) {
        if acknowledged {
            Tally::count(&self.tally.acknowledged);
        }
        let mut ledger = self.ledger.lock().expect("no holder panics");
        for (table, id, after) in rows {
            note(&mut ledger, table, id, after, acknowledged);
        }
    }
}

fn note(
    ledger: &mut BTreeMap<(&'static str, i64), Allowed>,
    table: &'static str,
    id: i64,
    after: Option<i64>,
    acknowledged: bool,
) {
    // Rows that nobody was sure of before are in the ledger from their first answer on.
    match (ledger.get_mut(&(table, id)), acknowledged) {
        (_, true) => _ = ledger.insert((table, id), vec![after]),
        (Some(allowed), false) => allowed.push(after),
        (None, false) => {}
    }
}

/// Rows that come and go through the server. Each is inserted once and, if that was answered, deleted once, so
/// that no request that went astray can meet a later one.
struct Events {
    client: Client,
    tally: Arc<Tally>,
    ledger: Ledger,
    random: Random,
    next: i64,
    there: Vec<i64>,
}

impl Events {
    async fn live(mut self, until: Instant) {
        while Instant::now() < until {
            if self.random.below(3) == 0 && !self.there.is_empty() {
                let at = self.random.below(self.there.len() as u64);
                let id = self.there.swap_remove(usize::try_from(at).unwrap_or_default());
                let path = format!("events?id=eq.{id}");
                let answer = self.client.send(Method::DELETE, &path, None).await;
                self.note(id, None, answer.is_some());
            } else {
                let ids: Vec<i64> = (0..=self.random.between(0, 4)).map(|n| self.next + n).collect();
                self.next += 10;
                let rows: Vec<String> = ids
                    .iter()
                    .map(|id| format!(r#"{{"id":{id},"user_id":"someone","body":"{id}"}}"#))
                    .collect();
                let body = format!("[{}]", rows.join(","));
                let answer = self.client.send(Method::POST, "events", Some(body)).await;
                for id in ids {
                    self.note(id, Some(id), answer.is_some());
                    if answer.is_some() {
                        self.there.push(id);
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(self.random.below(40))).await;
        }
    }

    fn note(&self, id: i64, after: Option<i64>, acknowledged: bool) {
        if acknowledged {
            Tally::count(&self.tally.acknowledged);
        }
        let mut ledger = self.ledger.lock().expect("no holder panics");
        note(&mut ledger, "events", id, after, acknowledged);
    }
}
