//! A migration that has been started, and the operator who leads it on.

use crossfade::databases::{Databases, Side};
use crossfade::migration::{
    CompleteOptions, Completed, MigrationError, Operator, Proof, Report, Rules, Started, TurnOptions, Turned,
    complete, rollback, start_by, status, switch,
};
use crossfade::sync::Transport;
use crossfade::verify::{VerifyOptions, verify};
use tokio_postgres::Client;

use crate::support::databases::{Pair, replicating};
use crate::support::migration::databases;

/// Both databases with the shop in them, captured and copied.
pub(super) struct Stage {
    pub(super) pair: Pair,
    pub(super) operator: Operator,
    pub(super) databases: Databases,
    pub(super) old: Client,
    pub(super) new: Client,
    pub(super) transport: Transport,
}

impl Stage {
    /// The shop, with its migration started.
    pub(super) async fn started() -> Self {
        Self::started_by(Transport::Journal).await
    }

    /// The same, by either transport.
    pub(super) async fn started_by(transport: Transport) -> Self {
        let pair = match transport {
            Transport::Journal => Pair::empty().await,
            Transport::PublishSubscribe => Pair::on_own_clusters(replicating()).await,
        };
        pair.open_shop().await;
        Self::by(transport, pair, |databases| databases).await
    }

    /// The same over databases of one's own, and with an operator whose steps are watched.
    pub(super) async fn of(pair: Pair, watch: impl FnOnce(Databases) -> Databases) -> Self {
        Self::by(Transport::Journal, pair, watch).await
    }

    /// The same, by either transport.
    pub(super) async fn by(
        transport: Transport,
        pair: Pair,
        watch: impl FnOnce(Databases) -> Databases,
    ) -> Self {
        let (old_url, new_url) = (pair.old_url().await, pair.new_url().await);
        let operator = Operator::new(&watch(databases(&old_url, &new_url)), "a test", "to see");
        let stage = Self {
            databases: databases(&old_url, &new_url),
            old: pair.connect_old().await,
            new: pair.connect_new().await,
            pair,
            operator,
            transport,
        };
        stage.start().await;
        stage
    }

    pub(super) async fn start(&self) -> Started {
        let started = start_by(&self.operator, self.transport, &mut |progress| {
            println!("{progress}");
        })
        .await;
        started.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Compares every row, and fails if any differs.
    pub(super) async fn verify(&self) {
        let primary = status(&self.databases).await.expect("a status").primary;
        let report = verify(&self.databases, primary, &VerifyOptions::default(), |_| {}).await;
        let report = report.expect("a verification");
        assert!(report.clean, "{report}");
    }

    pub(super) async fn switch(&self) -> Turned {
        self.try_switch().await.unwrap_or_else(|error| panic!("{error}"))
    }

    pub(super) async fn try_switch(&self) -> Result<Turned, MigrationError> {
        let options = everybody_on_new(&self.databases).await?;
        switch(&self.operator, &options, &mut |progress| {
            println!("{progress}");
        })
        .await
    }

    pub(super) async fn roll_back(&self) -> Turned {
        let turned = rollback(&self.operator, &TurnOptions::default(), &mut |progress| {
            println!("{progress}");
        })
        .await;
        turned.unwrap_or_else(|error| panic!("{error}"))
    }

    pub(super) async fn complete(&self) -> (Completed, Option<Report>) {
        let mut kept = None;
        let mut keep = |report: &Report| {
            kept = Some(report.clone());
            Ok(())
        };
        let completed = complete(
            &self.operator,
            &CompleteOptions::default(),
            &mut keep,
            &mut |_| {},
        )
        .await;
        (completed.unwrap_or_else(|error| panic!("{error}")), kept)
    }

    /// The side that both records agree to be the primary.
    pub(super) async fn primary(&self) -> Side {
        status(&self.databases).await.expect("a status").primary
    }

    /// A connection of its own.
    pub(super) async fn connect(&self, side: Side) -> Client {
        match side {
            Side::Old => self.pair.connect_old().await,
            Side::New => self.pair.connect_new().await,
        }
    }

    pub(super) fn client(&self, side: Side) -> &Client {
        match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        }
    }
}

/// One number.
pub(super) async fn number(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.expect(sql).get(0)
}

/// As if the rules of the live servers were proved to send everybody to new.
pub(super) async fn everybody_on_new(databases: &Databases) -> Result<TurnOptions, MigrationError> {
    let status = status(databases).await?;
    // One whose lease has run out for a moment counts too: it may be live again when the gates are looked at.
    let server = status.servers.into_iter().max_by_key(|server| server.is_live);
    Ok(TurnOptions {
        rules: Some(Rules {
            version: server.map_or_else(|| "none".to_owned(), |server| server.rules),
            read: Proof::Proved,
            write: Proof::Proved,
        }),
        ..TurnOptions::default()
    })
}
