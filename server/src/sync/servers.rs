//! Every server that uses the databases keeps a lease in the primary: so whoever changes the primary knows whom it
//! waits for, and a server that could not renew its lease knows that nobody waits for it.

use std::time::Duration;

use diesel::sql_types::{BigInt, Bool, Double, Text};
use diesel_async::AsyncPgConnection;
use serde::Serialize;

use crate::databases::{DatabaseError, Side, Statement};

/// How often a server renews its lease.
pub const RENEWED_EVERY: Duration = Duration::from_secs(1);
/// A server that did not renew its lease for this long, by its own clock, trusts nothing that it remembers.
pub const TRUSTED_FOR: Duration = Duration::from_secs(3);
/// A lease that was not renewed for this long, by the database's clock, has ended. It must outlast the server's own
/// trust, with room for what a renewal takes to arrive.
pub const LASTS: Duration = Duration::from_secs(5);

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Differs between any two servers, and between two lives of one.
    pub id: String,
    /// Where it runs, for people.
    pub name: String,
    /// The version of the rules that it runs.
    pub rules: String,
    /// The latest epoch that it knows of, be it one that is only announced.
    pub acknowledged: i64,
    /// Its counters, as JSON.
    pub counts: String,
}

/// A server, as the primary knows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Server {
    /// Differs between any two servers.
    pub id: String,
    /// Where it runs.
    pub name: String,
    /// The version of the rules that it runs.
    pub rules: String,
    /// The latest epoch that it knows of.
    pub acknowledged: i64,
    /// How long ago it was heard of.
    pub seconds_ago: f64,
    /// Whether its lease lasts.
    pub is_live: bool,
    /// Its counters, as JSON.
    #[serde(skip)]
    pub counts: String,
}

/// Renews a server's lease, or takes one.
pub async fn renew(
    connection: &mut AsyncPgConnection,
    primary: Side,
    lease: &Lease,
) -> Result<(), DatabaseError> {
    Statement::new(
        "insert into crossfade.servers as s (id, name, rules, acknowledged, counts) \
         values ($1, $2, $3, $4, $5::text::json) on conflict (id) do update set \
         rules = excluded.rules, acknowledged = excluded.acknowledged, counts = excluded.counts, \
         seen_at = clock_timestamp()",
    )
    .text(Some(lease.id.clone()))
    .text(Some(lease.name.clone()))
    .text(Some(lease.rules.clone()))
    .integer(lease.acknowledged)
    .text(Some(lease.counts.clone()))
    .execute(connection)
    .await
    .map_err(DatabaseError::statement(primary))?;
    Ok(())
}

/// Ends a server's lease, since it stops. Its counters stay.
pub async fn end(connection: &mut AsyncPgConnection, primary: Side, id: &str) -> Result<(), DatabaseError> {
    Statement::new("update crossfade.servers set seen_at = '-infinity' where id = $1")
        .text(Some(id.to_owned()))
        .execute(connection)
        .await
        .map_err(DatabaseError::statement(primary))?;
    Ok(())
}

type Columns = (Text, Text, Text, BigInt, Double, Bool, Text);
type Row = (String, String, String, i64, f64, bool, String);

/// All servers that this side has heard of, those that were heard of last first.
pub async fn servers(connection: &mut AsyncPgConnection, side: Side) -> Result<Vec<Server>, DatabaseError> {
    let rows = Statement::new(
        "select id, name, rules, acknowledged, \
         least(extract(epoch from clock_timestamp() - greatest(seen_at, started_at))::float8, 1e9), \
         seen_at > clock_timestamp() - $1 * interval '1 ms', counts::text \
         from crossfade.servers order by seen_at desc, id",
    )
    .integer(i64::try_from(LASTS.as_millis()).unwrap_or(i64::MAX))
    .rows::<Columns, Row>(connection)
    .await
    .map_err(DatabaseError::statement(side))?;
    let server = |(id, name, rules, acknowledged, seconds_ago, is_live, counts)| Server {
        id,
        name,
        rules,
        acknowledged,
        seconds_ago,
        is_live,
        counts,
    };
    Ok(rows.into_iter().map(server).collect())
}
