//! The answers that servers keep on the primary, each in the transaction of the write that it answers, for requests
//! that may come again. When the primary changes, they move along.

use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use crate::databases::{DatabaseError, Databases, Side, Statement, begin, commit, roll_back};

/// How long an answer is kept, as PostgreSQL writes it.
pub const KEPT_FOR: &str = "interval '1 day'";

/// Makes the table, unless it is there.
pub async fn create(databases: &Databases, side: Side) -> Result<(), DatabaseError> {
    let mut connection = databases.mirror_session(side).await?;
    if exists(&mut connection, side).await? {
        return Ok(());
    }
    begin(&mut connection, side).await?;
    match connection.batch_execute(include_str!("answers.sql")).await {
        Ok(()) => commit(&mut connection, side).await,
        Err(error) => {
            roll_back(&mut connection, side).await;
            Err(DatabaseError::statement(side)(error))
        }
    }
}

/// What was carried over, so that the next time only what came since is: answers of transactions from this one on,
/// and none older than this time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    since_transaction: String,
    since_time: String,
}

/// Answers that travel in one statement: some megabytes at most.
const AT_ONCE: i64 = 2_000;

/// Copies answers from one side to the other: those that came after what was carried before, or all that still count.
pub async fn carry_over(
    databases: &Databases,
    from: Side,
    before: Option<&Carried>,
) -> Result<Option<Carried>, DatabaseError> {
    let to = from.other();
    let mut source = databases.mirror_session(from).await?;
    if !exists(&mut source, from).await? {
        return Ok(None);
    }
    create(databases, to).await?;
    let mut target = databases.mirror_session(to).await?;
    let carried = now(&mut source, from).await?;
    let mut after: (Option<String>, Option<String>) = (None, None);
    loop {
        let rows = Statement::new(format!(
            "select asker, key, row_to_json(a)::text from crossfade.answers a \
             where at > now() - {KEPT_FOR} and ($1 is null or txid >= $1::text::xid8) \
             and ($2 is null or at >= $2::text::timestamptz) \
             and ($3 is null or (asker, key) > ($3, $4)) order by asker, key limit $5"
        ))
        .text(before.map(|before| before.since_transaction.clone()))
        .text(before.map(|before| before.since_time.clone()))
        .text(after.0.clone())
        .text(after.1.clone())
        .integer(AT_ONCE)
        .rows::<(Text, Text, Text), (String, String, String)>(&mut source)
        .await
        .map_err(DatabaseError::statement(from))?;
        let Some((asker, key, _)) = rows.last().cloned() else {
            return Ok(Some(carried));
        };
        after = (Some(asker), Some(key));
        let answers = rows.into_iter().map(|(_, _, answer)| Some(answer)).collect();
        Statement::new(
            "insert into crossfade.answers as k \
             select (json_populate_record(null::crossfade.answers, a::json)).* from unnest($1) a \
             on conflict (asker, key) do update set request = excluded.request, answer = excluded.answer, \
             txid = excluded.txid, epoch = excluded.epoch, at = excluded.at where k.at < excluded.at",
        )
        .texts(answers)
        .execute(&mut target)
        .await
        .map_err(DatabaseError::statement(to))?;
    }
}

/// From when on an answer might not have been seen by what is read next. A request takes less than an hour.
async fn now(connection: &mut AsyncPgConnection, side: Side) -> Result<Carried, DatabaseError> {
    let rows = Statement::new(
        "select pg_snapshot_xmin(pg_current_snapshot())::text, (clock_timestamp() - interval '1 hour')::text",
    )
    .rows::<(Text, Text), (String, String)>(connection)
    .await
    .map_err(DatabaseError::statement(side))?;
    let (since_transaction, since_time) = rows.into_iter().next().unwrap_or_default();
    Ok(Carried {
        since_transaction,
        since_time,
    })
}

async fn exists(connection: &mut AsyncPgConnection, side: Side) -> Result<bool, DatabaseError> {
    Statement::new("select to_regclass('crossfade.answers') is not null")
        .one_bool(connection)
        .await
        .map_err(DatabaseError::statement(side))
}

/// How many answers a side keeps; none where there is no table.
pub async fn count(connection: &mut AsyncPgConnection, side: Side) -> Result<i64, DatabaseError> {
    if !exists(connection, side).await? {
        return Ok(0);
    }
    let rows = Statement::new("select count(*) from crossfade.answers")
        .rows::<Nullable<BigInt>, Option<i64>>(connection)
        .await
        .map_err(DatabaseError::statement(side))?;
    Ok(rows.into_iter().next().flatten().unwrap_or_default())
}
