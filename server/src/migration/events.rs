//! What was done to the migration: when, by whom and why. Kept on whichever side was the primary.

use diesel::sql_types::{BigInt, Text};
use diesel_async::AsyncPgConnection;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::databases::{DatabaseError, Databases, Side, Statement};

use super::{MigrationError, Operator};

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// When, by the database's clock.
    pub at: Timestamp,
    /// By whom.
    pub who: String,
    /// What: `start`, `copied`, `switch`, …
    pub what: String,
    /// The reason that was given.
    pub why: String,
    /// What there is to say of it.
    pub details: Value,
}

impl Operator {
    /// Notes something in the connection's transaction.
    pub(super) async fn note(
        &self,
        connection: &mut AsyncPgConnection,
        side: Side,
        what: &str,
        details: &Value,
    ) -> Result<(), DatabaseError> {
        Statement::new(
            "insert into crossfade.events (who, what, why, details) values ($1, $2, $3, $4::text::json)",
        )
        .text(Some(self.who.clone()))
        .text(Some(what.to_owned()))
        .text(Some(self.why.clone()))
        .text(Some(details.to_string()))
        .execute(connection)
        .await
        .map_err(DatabaseError::statement(side))?;
        Ok(())
    }
}

/// All that was noted on either side, oldest first. A side without a record has nothing to say.
pub(super) async fn events(databases: &Databases) -> Result<Vec<Event>, MigrationError> {
    let mut all = Vec::new();
    for side in [Side::Old, Side::New] {
        let mut connection = databases.mirror_session(side).await?;
        all.extend(of_side(&mut connection, side).await?);
    }
    all.sort_by_key(|event: &Event| event.at);
    Ok(all)
}

pub(super) async fn of_side(
    connection: &mut AsyncPgConnection,
    side: Side,
) -> Result<Vec<Event>, DatabaseError> {
    type Columns = (BigInt, Text, Text, Text, Text);
    let exists = Statement::new("select to_regclass('crossfade.events') is not null")
        .one_bool(connection)
        .await
        .map_err(DatabaseError::statement(side))?;
    if !exists {
        return Ok(Vec::new());
    }
    let rows = Statement::new(
        "select (extract(epoch from at) * 1000000)::int8, who, what, why, details::text from crossfade.events order by id",
    )
    .rows::<Columns, (i64, String, String, String, String)>(connection)
    .await
    .map_err(DatabaseError::statement(side))?;
    let event = |(at, who, what, why, details): (i64, String, String, String, String)| Event {
        at: Timestamp::from_microsecond(at).unwrap_or_default(),
        who,
        what,
        why,
        details: serde_json::from_str(&details).unwrap_or_default(),
    };
    Ok(rows.into_iter().map(event).collect())
}
