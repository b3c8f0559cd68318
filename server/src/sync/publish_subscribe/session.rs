//! A connection of this transport's own: making a slot waits for others' transactions, longer than a pooled one may.

use serde::de::DeserializeOwned;
use tokio_postgres::Client;

use super::PublishSubscribeError;
use crate::databases::{Databases, Side};

/// One side, for statements that are run once.
pub(super) struct Session {
    pub(super) client: Client,
    side: Side,
}

impl Session {
    pub(super) async fn open(databases: &Databases, side: Side) -> Result<Self, PublishSubscribeError> {
        let client = databases.raw_mirror_session(side).await?;
        Ok(Self { client, side })
    }

    /// Runs statements that yield nothing.
    pub(super) async fn run(&self, doing: &'static str, sql: &str) -> Result<(), PublishSubscribeError> {
        let done = self.client.batch_execute(sql).await;
        done.map_err(PublishSubscribeError::statement(doing, self.side))
    }

    /// The rows of a `select`.
    pub(super) async fn ask<Row: DeserializeOwned>(
        &self,
        doing: &'static str,
        question: &str,
    ) -> Result<Vec<Row>, PublishSubscribeError> {
        let question = format!("select row_to_json(answer)::text from (\n{question}\n) answer");
        let rows = self.client.query(&question, &[]).await;
        let rows = rows.map_err(PublishSubscribeError::statement(doing, self.side))?;
        let side = self.side;
        rows.iter()
            .map(|row| {
                let text: &str = row
                    .try_get(0)
                    .map_err(PublishSubscribeError::statement(doing, side))?;
                serde_json::from_str(text)
                    .map_err(|source| PublishSubscribeError::Unreadable { side, source })
            })
            .collect()
    }

    /// The first row of a `select`, if it has any.
    pub(super) async fn ask_one<Row: DeserializeOwned>(
        &self,
        doing: &'static str,
        question: &str,
    ) -> Result<Option<Row>, PublishSubscribeError> {
        Ok(self.ask(doing, question).await?.into_iter().next())
    }
}
