//! Clients of two servers, and programs that write past them, who keep account of all that was acknowledged.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::databases::Pair;

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) requests: AtomicU64,
    pub(super) refused_directly: AtomicU64,
    /// The notes of orders that were acknowledged.
    pub(super) notes: Mutex<Vec<String>>,
    /// Whatever should not have been.
    pub(super) failures: Mutex<Vec<String>>,
}

impl Account {
    fn fail(&self, failure: String) {
        self.failures.lock().expect("no holder panics").push(failure);
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

/// Traffic that goes on until it is stopped.
pub(super) struct Traffic {
    pub(super) account: Arc<Account>,
    stopping: Arc<AtomicBool>,
    clients: JoinSet<()>,
}

impl Traffic {
    /// Clients whose requests go to these servers in turn, and direct writers to whichever database takes their writes.
    pub(super) async fn start(pair: &Pair, servers: &[String], clients: u64, direct: u64) -> Self {
        let account = Arc::new(Account::default());
        let stopping = Arc::new(AtomicBool::default());
        let mut running = JoinSet::new();
        for number in 0..clients {
            let visit = Visit {
                http: Client::new(),
                servers: servers.to_vec(),
                account: account.clone(),
                number,
            };
            let stopping = stopping.clone();
            running.spawn(async move {
                for round in 0.. {
                    if stopping.load(Ordering::Relaxed) {
                        return;
                    }
                    visit.shop(round).await;
                }
            });
        }
        for number in 0..direct {
            let databases = [pair.connect_old().await, pair.connect_new().await];
            let (account, stopping) = (account.clone(), stopping.clone());
            running.spawn(async move {
                let mut at = 0;
                for round in 0_u64.. {
                    if stopping.load(Ordering::Relaxed) {
                        return;
                    }
                    at = write_past(&databases, at, &account, number, round).await;
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
            });
        }
        Self {
            account,
            stopping,
            clients: running,
        }
    }

    pub(super) async fn stop(mut self) -> Arc<Account> {
        self.stopping.store(true, Ordering::Relaxed);
        while let Some(ended) = self.clients.join_next().await {
            ended.expect("a client that ends well");
        }
        self.account
    }
}

struct Visit {
    http: Client,
    servers: Vec<String>,
    account: Arc<Account>,
    number: u64,
}

impl Visit {
    /// An order is placed, paid and looked at, each at another server than the last; its user's position comes along.
    async fn shop(&self, round: u64) {
        let note = format!("client {} round {round}", self.number);
        let order = json!({ "customer_id": 1 + self.number, "note": note });
        let Some((placed, position)) = self.ask(Method::POST, "orders", Some(order), round, None).await
        else {
            return;
        };
        let Some(id) = placed.pointer("/0/id").and_then(Value::as_i64) else {
            return self.account.fail(format!("{note}: no id in {placed}"));
        };
        self.account
            .notes
            .lock()
            .expect("no holder panics")
            .push(note.clone());
        let path = format!("orders?id=eq.{id}");
        let paid = json!({ "status": "paid" });
        let Some((_, position)) = self
            .ask(Method::PATCH, &path, Some(paid), round + 1, position)
            .await
        else {
            return;
        };
        if let Some((rows, _)) = self.ask(Method::GET, &path, None, round + 2, position).await
            && rows.pointer("/0/status").and_then(Value::as_str) != Some("paid")
        {
            self.account.fail(format!("{note}: went back in time: {rows}"));
        }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        server: u64,
        position: Option<String>,
    ) -> Option<(Value, Option<String>)> {
        let place = usize::try_from(server).expect("a small number") % self.servers.len();
        let mut request = self
            .http
            .request(method.clone(), format!("{}/data/{path}", self.servers[place]))
            .header("baggage", format!("user_id=client-{},country=US", self.number))
            .header("prefer", "return=representation");
        if let Some(body) = body {
            request = request.json(&body);
        }
        if let Some(position) = position {
            request = request.header("crossfade-position", position);
        }
        self.account.requests.fetch_add(1, Ordering::Relaxed);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => {
                self.account.fail(format!("{method} {path}: {error}"));
                return None;
            }
        };
        let status = answer.status();
        let position = answer
            .headers()
            .get("crossfade-position")
            .map(|value| value.to_str().expect("text").to_owned());
        let text = answer.text().await.unwrap_or_default();
        if !status.is_success() {
            self.account.fail(format!("{method} {path}: {status}: {text}"));
            return None;
        }
        Some((serde_json::from_str(&text).unwrap_or_default(), position))
    }
}

/// Writes to a database itself; goes to the other one when it is told to. Where it writes next.
async fn write_past(
    databases: &[tokio_postgres::Client; 2],
    at: usize,
    account: &Account,
    number: u64,
    round: u64,
) -> usize {
    let note = format!("direct {number} round {round}");
    let sql = format!(
        "insert into orders (customer_id, note) values ({}, '{note}')",
        1 + number
    );
    match databases[at].batch_execute(&sql).await {
        Ok(()) => {
            account.notes.lock().expect("no holder panics").push(note);
            at
        }
        Err(error) => {
            let refusal = error.as_db_error();
            if refusal.and_then(|refusal| refusal.constraint()) == Some("crossfade_fence") {
                account.refused_directly.fetch_add(1, Ordering::Relaxed);
                return 1 - at;
            }
            account.fail(format!("{note}: {error:?}"));
            at
        }
    }
}
