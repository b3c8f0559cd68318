//! A read: the page of rows, and how many rows there are in all, as exactly as the client asked.

use std::sync::Arc;

use diesel::QueryResult;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel_async::AsyncPgConnection;
use serde_json::Value;

use super::error::DataError;
use super::handlers::WorkError;
use super::prefer::Count;
use super::request::DataRequest;
use super::shapes::Shapes;
use super::sql::{self, Counting, Page};
use crate::catalog::Table;
use crate::databases::{Image, Statement};
use crate::routing::Question;

/// Rows in JSON, how many they are, and of how many in all, where that was asked.
pub(super) type Found = (Option<String>, i64, Option<i64>);

/// The statements of one read.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// The page alone.
    page: Statement,
    /// The page, and the count of all.
    counted: Option<Statement>,
    /// The planner's guess at the count of all.
    plan: Option<Statement>,
    /// Guesses below this are not good enough.
    count_below: i64,
}

impl Reading {
    pub(super) fn new(
        table: &Table,
        asked: &DataRequest,
        page: Page,
        max_rows: u64,
    ) -> Result<Self, DataError> {
        let count = asked.preferences.count;
        let counts = matches!(count, Some(Count::Exact | Count::Estimated));
        let guesses = matches!(count, Some(Count::Planned | Count::Estimated));
        let rows = |counting| sql::read(table, &asked.query, page, counting);
        Ok(Self {
            page: rows(Counting::Page)?,
            counted: if counts { Some(rows(Counting::All)?) } else { None },
            plan: if guesses {
                Some(sql::plan(table, &asked.query)?)
            } else {
                None
            },
            count_below: if count == Some(Count::Estimated) {
                i64::try_from(max_rows).unwrap_or(i64::MAX)
            } else {
                0
            },
        })
    }

    /// The statements as they should be run.
    pub(super) fn admitted(self, shapes: &Shapes) -> Self {
        let admit = |statement| shapes.admit(statement);
        Self {
            page: admit(self.page),
            counted: self.counted.map(admit),
            plan: self.plan.map(admit),
            ..self
        }
    }

    pub(super) async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Found, WorkError> {
        let guess = match &self.plan {
            Some(plan) => Some(planned_rows(plan, connection).await?),
            None => None,
        };
        let (statement, guess) = match (&self.counted, guess) {
            (Some(counted), None) => (counted, None),
            (Some(counted), Some(guess)) if guess < self.count_below => (counted, None),
            (_, guess) => (&self.page, guess),
        };
        let (body, rows, total) = found(statement, connection).await?;
        // A guess that is less than what is there to see would be odd.
        Ok((body, rows, total.or(guess.map(|guess| guess.max(rows)))))
    }
}

/// The page of a read, to be asked of the other database too.
pub(super) struct PageQuestion {
    table: Arc<Table>,
    page: Statement,
    keys: Statement,
}

impl PageQuestion {
    /// None for a table whose rows cannot be told apart.
    pub(super) fn new(table: Arc<Table>, reading: Reading, asked: &DataRequest, page: Page) -> Option<Self> {
        let keys = sql::keys(&table, &asked.query, page).ok()?;
        (!table.key.is_empty()).then_some(Self {
            table,
            page: reading.page,
            keys: keys.once(),
        })
    }
}

impl Question for PageQuestion {
    /// Rows in JSON, and how many they are.
    type Answer = (Option<String>, i64);

    fn table(&self) -> &Table {
        &self.table
    }

    async fn ask(&self, connection: &mut AsyncPgConnection) -> QueryResult<Self::Answer> {
        let (body, rows, _) = found(&self.page, connection).await?;
        Ok((body, rows))
    }

    async fn keys(&self, connection: &mut AsyncPgConnection) -> QueryResult<Vec<Vec<String>>> {
        let keys = self.keys.clone();
        let keys = keys.rows::<Array<Nullable<Text>>, Image>(connection).await?;
        let values = |key: Image| key.into_iter().map(Option::unwrap_or_default).collect();
        Ok(keys.into_iter().map(values).collect())
    }
}

async fn found(statement: &Statement, connection: &mut AsyncPgConnection) -> QueryResult<Found> {
    let rows = statement
        .clone()
        .rows::<(Nullable<Text>, BigInt, Nullable<BigInt>), Found>(connection)
        .await?;
    rows.into_iter().next().ok_or(diesel::result::Error::NotFound)
}

async fn planned_rows(plan: &Statement, connection: &mut AsyncPgConnection) -> Result<i64, WorkError> {
    let text = plan.clone().one_text(connection).await?.unwrap_or_default();
    let plan: Value = serde_json::from_str(&text).unwrap_or_default();
    Ok(plan[0]["Plan"]["Plan Rows"].as_i64().unwrap_or(0))
}
