//! The shop's customers: each shops on through the server's `/data`, looks at what was bought, and notices when a
//! request fails or when something just written is not there.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use reqwest::{Client, RequestBuilder, Response};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Somebody who shops.
#[derive(Debug, Clone)]
pub(super) struct Shopper {
    pub(super) id: i64,
    pub(super) country: String,
    pub(super) subscription: String,
}

impl Shopper {
    /// The context as a data request carries it.
    pub(super) fn baggage(&self) -> String {
        format!(
            "user_id={},country={},subscription={}",
            self.id, self.country, self.subscription
        )
    }

    /// The context as OFREP carries it.
    pub(super) fn context(&self) -> Value {
        json!({ "targetingKey": self.id.to_string(), "country": self.country, "subscription": self.subscription })
    }
}

/// What was seen of all requests.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Tally {
    pub(super) requests: u64,
    pub(super) failed: u64,
    pub(super) reads_from_old: u64,
    pub(super) reads_from_new: u64,
    /// Writes that were answered when old had them.
    pub(super) writes_to_old: u64,
    /// Writes that were answered when both had them.
    pub(super) writes_to_both: u64,
    /// Writes that should have been in both at once, and were left to the journal.
    pub(super) writes_pending: u64,
    /// Reads that did not show what the same user had written before.
    pub(super) back_in_time: u64,
    pub(super) slowest_ms: u64,
    /// The first few failures, in words.
    pub(super) failures: Vec<String>,
}

/// Only the first failures are kept: they tell the cause.
const FAILURES_KEPT: usize = 5;

/// Longer than any request should take, whatever is broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a shopper thinks between two requests.
const PAUSE: Duration = Duration::from_millis(120);

/// Running customers.
#[derive(Debug)]
pub(super) struct Traffic {
    tally: Arc<Mutex<Tally>>,
    stopping: watch::Sender<bool>,
    shoppers: JoinSet<()>,
}

impl Traffic {
    /// Lets everybody in.
    pub(super) fn start(base_url: &str, shoppers: Vec<Shopper>) -> anyhow::Result<Self> {
        let client = Client::builder().timeout(PATIENCE).build()?;
        let (stopping, stopped) = watch::channel(false);
        let tally = Arc::new(Mutex::new(Tally::default()));
        let mut running = JoinSet::new();
        for shopper in shoppers {
            let visit = Visit {
                client: client.clone(),
                base_url: base_url.to_owned(),
                shopper,
                tally: tally.clone(),
            };
            running.spawn(visit.run(stopped.clone()));
        }
        Ok(Self {
            tally,
            stopping,
            shoppers: running,
        })
    }

    /// What was seen so far.
    pub(super) fn tally(&self) -> Tally {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets everybody finish what they are at, and closes.
    pub(super) async fn stop(mut self) -> Tally {
        self.stopping.send_replace(true);
        while self.shoppers.join_next().await.is_some() {}
        self.tally()
    }
}

struct Visit {
    client: Client,
    base_url: String,
    shopper: Shopper,
    tally: Arc<Mutex<Tally>>,
}

impl Visit {
    async fn run(self, mut stopped: watch::Receiver<bool>) {
        // Not all at the same moment.
        let mut wait = PAUSE * u32::try_from(self.shopper.id % 10).unwrap_or_default() / 10;
        for round in 0_u64.. {
            tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(wait) => {}
            }
            wait = PAUSE;
            if let Err(error) = self.shop(round, &mut stopped).await {
                self.note(|tally| {
                    tally.failed += 1;
                    if tally.failures.len() < FAILURES_KEPT {
                        tally
                            .failures
                            .push(format!("user {}: {error:#}", self.shopper.id));
                    }
                });
            }
        }
    }

    /// One order: placed, filled, looked at, paid, looked at; some browsing; and every third order is taken back. A
    /// customer who is asked to go leaves between two requests.
    async fn shop(&self, round: u64, stopped: &mut watch::Receiver<bool>) -> anyhow::Result<()> {
        let id = self.place(round).await?;
        let order = format!("orders?id=eq.{id}");
        for step in 0.. {
            tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => return Ok(()),
                () = tokio::time::sleep(PAUSE) => {}
            }
            match step {
                0 => self.fill(id, round).await?,
                1 => self.expect_status(&order, Some("placed")).await?,
                2 => self.pay(&order).await?,
                3 => self.expect_status(&order, Some("paid")).await?,
                4 | 5 => self.browse(round + step).await?,
                6 if round % 3 == 2 => self.take_back(&order).await?,
                6 => self.look_at_newest().await?,
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    async fn place(&self, round: u64) -> anyhow::Result<i64> {
        let body = json!({ "customer_id": self.shopper.id, "note": format!("round {round}") });
        let request = self
            .client
            .post(self.url("orders"))
            .header("prefer", "return=representation")
            .json(&body);
        let rows: Value = self
            .write(request)
            .await?
            .json()
            .await
            .context("the new order is not JSON")?;
        rows.pointer("/0/id")
            .and_then(Value::as_i64)
            .with_context(|| format!("the new order has no id: {rows}"))
    }

    async fn fill(&self, id: i64, round: u64) -> anyhow::Result<()> {
        let line = |line: u64| {
            let sku = format!("SKU-{:04}", 1 + (round * 7 + line) % 200);
            json!({ "order_id": id, "line": line, "sku": sku, "quantity": line, "price": 9.5 })
        };
        self.write(
            self.client
                .post(self.url("order_lines"))
                .json(&json!([line(1), line(2)])),
        )
        .await?;
        Ok(())
    }

    async fn pay(&self, order: &str) -> anyhow::Result<()> {
        let paid = json!({ "status": "paid" });
        self.write(self.client.patch(self.url(order)).json(&paid)).await?;
        Ok(())
    }

    async fn take_back(&self, order: &str) -> anyhow::Result<()> {
        self.write(self.client.delete(self.url(order))).await?;
        self.expect_status(order, None).await
    }

    async fn look_at_newest(&self) -> anyhow::Result<()> {
        let newest = format!("orders?customer_id=eq.{}&order=id.desc&limit=5", self.shopper.id);
        self.read(&newest).await?;
        Ok(())
    }

    async fn browse(&self, page: u64) -> anyhow::Result<()> {
        let page = format!(
            "products?select=sku,name,price&order=sku&limit=10&offset={}",
            page % 20 * 10
        );
        self.read(&page).await?;
        Ok(())
    }

    /// Reads the order that this shopper wrote last; anything but what was written is a read that went back in time.
    async fn expect_status(&self, order: &str, expected: Option<&str>) -> anyhow::Result<()> {
        let rows = self.read(order).await?;
        if rows.pointer("/0/status").and_then(Value::as_str) != expected {
            self.note(|tally| tally.back_in_time += 1);
        }
        Ok(())
    }

    async fn read(&self, path: &str) -> anyhow::Result<Value> {
        let response = self.send(self.client.get(self.url(path))).await?;
        match header(&response, "crossfade-side") {
            "new" => self.note(|tally| tally.reads_from_new += 1),
            _ => self.note(|tally| tally.reads_from_old += 1),
        }
        response.json().await.context("the rows are not JSON")
    }

    async fn write(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let response = self.send(request).await?;
        match header(&response, "crossfade-mirror") {
            "applied" => self.note(|tally| tally.writes_to_both += 1),
            "pending" => self.note(|tally| tally.writes_pending += 1),
            _ => self.note(|tally| tally.writes_to_old += 1),
        }
        Ok(response)
    }

    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let started = Instant::now();
        let answer = request.header("baggage", self.shopper.baggage()).send().await;
        let taken_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.note(|tally| {
            tally.requests += 1;
            tally.slowest_ms = tally.slowest_ms.max(taken_ms);
        });
        let response = answer.context("no answer")?;
        let status = response.status();
        if !status.is_success() {
            bail!("{status}: {}", response.text().await.unwrap_or_default());
        }
        Ok(response)
    }

    fn url(&self, path: &str) -> String {
        format!("{}/data/{path}", self.base_url)
    }

    fn note(&self, change: impl FnOnce(&mut Tally)) {
        change(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
