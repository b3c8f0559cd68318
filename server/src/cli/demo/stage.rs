//! The stage: two clusters, the shop in old, its copy in new, the server between them, and the rules it watches.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::cluster::{Cluster, Options};

use super::compare::{TableComparison, compare};
use super::folder::Folder;
use super::migration::{Migration, url};
use super::rules::{Chapter, Rules};
use super::server::Server;
use super::terminal::Terminal;
use super::traffic::{Shopper, Traffic};
use super::{Arguments, shop};

/// How many customers shop beside the people of the story.
const CROWD: i64 = 20;

/// How long an edit of the rules may take to show in a decision.
const RULES_TIME: Duration = Duration::from_secs(10);

/// IDs that no customer has; a rollout of a quarter leaves one of the first few of them out.
const WITNESSES: std::ops::RangeInclusive<i64> = 10_000_001..=10_000_100;

/// How often something awaited is asked for.
const ASK_EVERY: Duration = Duration::from_millis(10);

/// Everything that stands while the demo plays. Dropped, all of it goes, in this order.
pub(super) struct Stage {
    server: Server,
    http: reqwest::Client,
    old_shop: Client,
    new_shop: Client,
    shoppers: Vec<Shopper>,
    pub(super) migration: Migration,
    old: Cluster,
    pub(super) new: Cluster,
    pub(super) rules: Rules,
    folder: Folder,
}

/// What the server decided for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) write: bool,
    pub(super) read: bool,
    /// Variation and reason.
    pub(super) why: String,
}

impl Stage {
    /// Sets everything up, and says what it does.
    pub(super) async fn set(arguments: &Arguments, terminal: &Terminal) -> anyhow::Result<Self> {
        terminal.heading("Crossfade");
        terminal.live("starting two PostgreSQL servers …");
        let folder = Folder::open(arguments.data.as_deref(), arguments.keep)?;
        let password = folder.password()?;
        let options = |name: &str| {
            Options::durable()
                .folder(folder.path().join(name))
                .password(password.clone())
        };
        let (old, new) = tokio::try_join!(Cluster::start(options("old")), Cluster::start(options("new")))?;

        terminal.live("opening the shop in old …");
        let old_shop = shop::open(&old, arguments.customers).await?;
        let shoppers = shop::shoppers(&old_shop, CROWD).await?;
        terminal.field("old", &old.url(shop::DATABASE));
        terminal.field("", &shop::count(&old_shop).await?);

        terminal.live("copying the shop to new …");
        let started = Instant::now();
        let new_shop = shop::copy_schema(&old, &new).await?;
        let migration = Migration::between(&old, &new)?;
        migration.start().await?;
        terminal.field("new", &new.url(shop::DATABASE));
        terminal.field("", &format!("copied in {:.1} s", started.elapsed().as_secs_f64()));

        let rules = Rules::in_folder(&folder.path().join("rules"))?;
        if arguments.auto {
            rules.turn_to(Chapter::AsInTheRepository)?;
        }
        let server = Server::start(arguments.listen, rules.folder(), &url(&old)?, &url(&new)?).await?;
        terminal.field("rules", &rules.feature().display().to_string());
        terminal.field("server", server.base_url());
        Ok(Self {
            server,
            http: reqwest::Client::new(),
            old_shop,
            new_shop,
            shoppers,
            migration,
            old,
            new,
            rules,
            folder,
        })
    }

    /// The people of the story.
    pub(super) fn people(&self) -> impl Iterator<Item = &Shopper> {
        self.shoppers
            .iter()
            .filter(|shopper| shop::STORY.contains(&shopper.id))
    }

    /// Starts the traffic.
    pub(super) fn let_customers_in(&self) -> anyhow::Result<Traffic> {
        Traffic::start(self.server.base_url(), self.shoppers.clone())
    }

    /// What the server decides for somebody now.
    pub(super) async fn decide(&self, shopper: &Shopper) -> anyhow::Result<Decision> {
        let (read, write) =
            tokio::try_join!(self.evaluate("read", shopper), self.evaluate("write", shopper))?;
        let why = format!("{}, {}", text(&read, "/variant"), text(&read, "/reason"));
        let value = |answer: &Value| {
            answer
                .pointer("/value")
                .and_then(Value::as_bool)
                .unwrap_or_default()
        };
        Ok(Decision {
            write: value(&write),
            read: value(&read),
            why,
        })
    }

    /// Edits the rules and waits until somebody whom the edit is about is decided by it.
    pub(super) async fn turn_to(&self, chapter: Chapter) -> anyhow::Result<()> {
        let witness = self.witness(chapter).await?;
        self.rules.turn_to(chapter)?;
        let deadline = Instant::now() + RULES_TIME;
        while !self.decide(&witness).await?.write {
            if Instant::now() > deadline {
                bail!(
                    "the edited rules were not in effect after {} s",
                    RULES_TIME.as_secs()
                );
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        Ok(())
    }

    /// Somebody whose writes go to old alone before the edit, and to both after it.
    async fn witness(&self, chapter: Chapter) -> anyhow::Result<Shopper> {
        let (country, subscription) = if chapter == Chapter::Everyone {
            ("FR", "free")
        } else {
            ("IN", "pro")
        };
        for id in WITNESSES {
            let witness = Shopper {
                id,
                country: country.to_owned(),
                subscription: subscription.to_owned(),
            };
            if !self.decide(&witness).await?.write {
                return Ok(witness);
            }
        }
        bail!("everyone is migrated already")
    }

    /// Changes that wait to be mirrored; none once a visitor has ended the migration, and the journals with it.
    pub(super) async fn waiting_changes(&self) -> anyhow::Result<u64> {
        match self.entries().await {
            Err(_) if !self.migration.is_captured().await? => Ok(0),
            counted => counted,
        }
    }

    /// New's journal is there only once new is to be the primary, or has been; and new may be down.
    async fn entries(&self) -> anyhow::Result<u64> {
        let in_old = count(&self.old_shop, "select count(*) from crossfade.journal").await?;
        if self.new_shop.is_closed() {
            return Ok(in_old);
        }
        let has_journal = "select count(to_regclass('crossfade.journal'))";
        if count(&self.new_shop, has_journal).await.unwrap_or_default() == 0 {
            return Ok(in_old);
        }
        Ok(in_old + count(&self.new_shop, "select count(*) from crossfade.journal").await?)
    }

    /// Connects to new again, after it was down.
    pub(super) async fn reach_new_again(&mut self) -> anyhow::Result<()> {
        self.new.start_again().await?;
        self.new_shop = self.new.connect(shop::DATABASE).await?;
        Ok(())
    }

    /// Retires old. The report is kept where the servers' data is.
    pub(super) async fn complete(&self) -> anyhow::Result<()> {
        self.migration.complete(self.folder.path()).await
    }

    /// Waits until at most `few` changes wait, or until the time is up; how many wait then.
    pub(super) async fn drained_to(&self, few: u64, time: Duration) -> anyhow::Result<u64> {
        let deadline = Instant::now() + time;
        loop {
            let waiting = self.waiting_changes().await?;
            if waiting <= few || Instant::now() > deadline {
                return Ok(waiting);
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// Compares every row.
    pub(super) async fn compare(&self) -> anyhow::Result<Vec<TableComparison>> {
        compare(&self.old_shop, &self.new_shop).await
    }
}

impl Stage {
    /// Says what a visitor may do.
    pub(super) fn suggest(&self, terminal: &Terminal) {
        let (url, old, new) = (
            self.server.base_url(),
            self.old.url(shop::DATABASE),
            self.new.url(shop::DATABASE),
        );
        terminal.say(&format!(
            "open {url} in a browser: all of it, live, and buttons to go on"
        ));
        let evaluate = r#"'{"context":{"targetingKey":"123","country":"US"}}'"#;
        terminal.say(&format!(
            "curl -s {url}/ofrep/v1/evaluate/flags -H 'content-type: application/json' -d {evaluate}"
        ));
        terminal.say(&format!(
            "curl -si '{url}/data/orders?customer_id=eq.123&limit=2' -H 'baggage: user_id=123,country=US'"
        ));
        terminal.say(&format!(
            "$EDITOR {}      and save: it takes effect at once",
            self.rules.feature().display()
        ));
        terminal.say(&format!("psql {old}"));
        terminal.say(&format!("psql {new}"));
        terminal.say("Ctrl-C closes the shop and compares every row");
    }

    /// Stops the server in good order. The clusters go with the drop.
    pub(super) async fn close(self, terminal: &Terminal) {
        self.server.stop().await;
        if self.folder.is_kept() {
            terminal.field("kept", &self.folder.path().display().to_string());
        }
    }

    async fn evaluate(&self, flag: &str, shopper: &Shopper) -> anyhow::Result<Value> {
        let url = format!("{}/ofrep/v1/evaluate/flags/{flag}", self.server.base_url());
        let response = self
            .http
            .post(url)
            .json(&json!({ "context": shopper.context() }))
            .send()
            .await?;
        let status = response.status();
        let answer: Value = response.json().await.context("an evaluation is not JSON")?;
        if status.is_success() {
            Ok(answer)
        } else {
            bail!("evaluating {flag}: {status}: {answer}")
        }
    }
}

async fn count(client: &Client, sql: &str) -> anyhow::Result<u64> {
    let row = client.query_one(sql, &[]).await?;
    Ok(row.try_get::<_, i64>(0)?.unsigned_abs())
}

fn text<'a>(answer: &'a Value, pointer: &str) -> &'a str {
    answer
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
