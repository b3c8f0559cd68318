//! Preflight finds what stands in a migration's way, and the SQL that it prints mends it.

mod databases;
mod roles;
mod servers;
mod sound;
mod tables;

use crossfade::databases::Side;
use crossfade::migration::preflight::{Check, PreflightOptions, Report, Verdict, preflight};
use crossfade::sync::Transport;
use tokio_postgres::{Client, NoTls};

use super::support::databases::Pair;
use super::support::migration::{databases, eventually};

/// Two databases that are looked at.
struct Looked {
    old: String,
    new: String,
    options: PreflightOptions,
}

impl Looked {
    async fn at(pair: &Pair) -> Self {
        Self::by_urls(pair.old_url().await, pair.new_url().await)
    }

    fn by_urls(old: String, new: String) -> Self {
        Self {
            old,
            new,
            options: PreflightOptions::default(),
        }
    }

    fn publishing(mut self) -> Self {
        self.options.transport = Transport::PublishSubscribe;
        self
    }

    async fn report(&self) -> Report {
        let report = preflight(&databases(&self.old, &self.new), self.options).await;
        report.expect("a preflight with an answer")
    }

    async fn check(&self, name: &str) -> Check {
        let report = self.report().await;
        report
            .check(name)
            .unwrap_or_else(|| panic!("no check {name}"))
            .clone()
    }

    /// Fails unless the check finds this evidence, and passes once the SQL that it prints has been run.
    async fn is_found_and_mended(&self, name: &str, verdict: Verdict, evidence: &str) {
        let check = self.is_found(name, verdict, evidence).await;
        self.mend(&check).await;
        self.passes(name).await;
    }

    async fn is_found(&self, name: &str, verdict: Verdict, evidence: &str) -> Check {
        self.are_found(name, verdict, &[evidence]).await
    }

    async fn are_found(&self, name: &str, verdict: Verdict, evidence: &[&str]) -> Check {
        let check = self.check(name).await;
        assert_eq!(check.verdict, verdict, "{check}");
        for evidence in evidence {
            assert!(
                check.to_string().contains(evidence),
                "{evidence:?} is not in\n{check}"
            );
        }
        check
    }

    /// Runs the SQL that a check prints.
    async fn mend(&self, check: &Check) {
        for mend in check.findings.iter().filter_map(|finding| finding.mend.as_ref()) {
            let client = connect(self.url(mend.side)).await;
            for statement in &mend.statements {
                run(&client, statement).await;
            }
        }
    }

    /// What was mended may take a moment, as the end of a session does.
    async fn passes(&self, name: &str) {
        eventually(&format!("{name} passes"), async || {
            self.check(name).await.verdict == Verdict::Pass
        })
        .await;
    }

    async fn run(&self, side: Side, sql: &str) {
        run(&connect(self.url(side)).await, sql).await;
    }

    fn url(&self, side: Side) -> &str {
        match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        }
    }
}

async fn run(client: &Client, sql: &str) {
    let done = client.batch_execute(sql).await;
    done.unwrap_or_else(|error| {
        let message = error.as_db_error().map(ToString::to_string);
        panic!("{}: {sql}", message.unwrap_or_else(|| error.to_string()))
    });
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

/// The database's name, which no other test has.
fn name_in(url: &str) -> &str {
    url.rsplit('/').next().expect("a URL that ends with a database")
}

/// The same database as another role.
fn url_as(url: &str, role: &str) -> String {
    url.replacen("postgres://postgres@", &format!("postgres://{role}@"), 1)
}
