//! The migration's stages, as the story goes through them: by the product's own means.

use std::path::Path;

use anyhow::{Context, bail};

use crate::cluster::Cluster;
use crate::databases::{DatabaseUrl, Databases, PoolOptions, Side};
use crate::flags::{Compiled, Sources};
use crate::migration::{
    CompleteOptions, MigrationError, Operator, Report, Rules, TurnOptions, Turned, complete, rollback, start,
    status, switch,
};
use crate::sync::Stage;
use crate::verify::{VerifyOptions, verify};

use super::shop;

/// Who leads the demo's migration.
pub(super) struct Migration {
    databases: Databases,
    operator: Operator,
}

impl Migration {
    /// The migration between two clusters.
    pub(super) fn between(old: &Cluster, new: &Cluster) -> anyhow::Result<Self> {
        let databases = Databases::new(&url(old)?, &url(new)?, PoolOptions::default());
        let operator = Operator::new(&databases, "the demo", "to show it");
        Ok(Self { databases, operator })
    }

    /// Captures changes, and copies the rows: capture first, so that nothing written meanwhile is missed.
    pub(super) async fn start(&self) -> anyhow::Result<()> {
        match status(&self.databases).await?.state.stage {
            Stage::Idle | Stage::Syncing => {}
            Stage::Switched => return Ok(()),
            Stage::Completed => bail!("the migration in this folder is completed; take another for --data"),
        }
        start(&self.operator, &mut |_| {})
            .await
            .context("cannot start the migration")?;
        Ok(())
    }

    /// Compares every row under way; how many there are.
    pub(super) async fn verify(&self) -> anyhow::Result<u64> {
        let primary = self.primary().await?;
        let options = VerifyOptions::default();
        let report = Box::pin(verify(&self.databases, primary, &options, |_| {})).await?;
        if !report.clean {
            bail!("the databases differ: {report}");
        }
        Ok(report.tables.iter().map(|table| table.rows).sum())
    }

    /// Makes a side the primary; new only if the rules in this folder send everybody there.
    pub(super) async fn turn(&self, to: Side, rules: &Path) -> anyhow::Result<Turned> {
        let compiled = Compiled::new(&Sources::read(rules)?)?;
        let checked = compiled.rules.as_ref().context("a folder of rules")?;
        let options = TurnOptions {
            rules: Some(Rules::prove(
                &compiled,
                checked,
                jiff::Timestamp::now().as_millisecond(),
            )?),
            ..TurnOptions::default()
        };
        let turned = match to {
            Side::New => switch(&self.operator, &options, &mut |_| {}).await,
            Side::Old => rollback(&self.operator, &options, &mut |_| {}).await,
        };
        turned.map_err(gates_in_words)
    }

    /// Retires old; the report is written beside the servers' data.
    pub(super) async fn complete(&self, folder: &Path) -> anyhow::Result<()> {
        let mut keep = |report: &Report| {
            std::fs::write(
                folder.join("migration.json"),
                serde_json::to_string_pretty(report)?,
            )?;
            std::fs::write(folder.join("migration.md"), report.to_markdown())
        };
        complete(
            &self.operator,
            &CompleteOptions::default(),
            &mut keep,
            &mut |_| {},
        )
        .await?;
        Ok(())
    }

    /// Whether changes are captured: a visitor may have ended the migration, one way or the other, from the dashboard.
    pub(super) async fn is_captured(&self) -> anyhow::Result<bool> {
        Ok(status(&self.databases).await?.state.is_captured())
    }

    /// The side that takes every write first.
    pub(super) async fn primary(&self) -> anyhow::Result<Side> {
        Ok(status(&self.databases).await?.primary)
    }
}

fn gates_in_words(error: MigrationError) -> anyhow::Error {
    match error {
        MigrationError::Refused(gates) => anyhow::anyhow!("{gates}"),
        error => error.into(),
    }
}

/// The shop's database on a cluster.
pub(super) fn url(cluster: &Cluster) -> anyhow::Result<DatabaseUrl> {
    Ok(cluster.url(shop::DATABASE).parse()?)
}
