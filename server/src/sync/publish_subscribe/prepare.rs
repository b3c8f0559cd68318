//! Makes the publication and the tables for markers.

use super::session::Session;
use super::{Direction, PublishSubscribeError};
use crate::catalog::{quote_identifier, read_table_names};
use crate::databases::{DatabaseError, Databases, Statement};

/// Whether anything of this direction is there, or left, at either end.
pub async fn is_there(databases: &Databases, direction: Direction) -> Result<bool, DatabaseError> {
    if publishes(databases, direction).await? {
        return Ok(true);
    }
    is_subscribed(databases, direction).await
}

/// Whether the subscriber of this direction has its subscription.
pub async fn is_subscribed(databases: &Databases, direction: Direction) -> Result<bool, DatabaseError> {
    let side = direction.subscriber();
    let mut connection = databases.mirror_session(side).await?;
    Statement::new(
        "select exists (select from pg_subscription s join pg_database d on d.oid = s.subdbid \
         where d.datname = current_database() and s.subname = $1)",
    )
    .text(Some(direction.name().to_owned()))
    .one_bool(&mut connection)
    .await
    .map_err(DatabaseError::statement(side))
}

/// Whether the publisher of this direction publishes.
pub async fn publishes(databases: &Databases, direction: Direction) -> Result<bool, DatabaseError> {
    let side = direction.publisher();
    let mut connection = databases.mirror_session(side).await?;
    Statement::new("select exists (select from pg_publication p where p.pubname = $1)")
        .text(Some(direction.name().to_owned()))
        .one_bool(&mut connection)
        .await
        .map_err(DatabaseError::statement(side))
}

/// Makes the publication of all tables of the publisher, or brings it up to date, and what is needed on either side. It
/// may run again at any time; new tables are copied once [`super::subscribe`] is run again as well.
pub async fn prepare(databases: &Databases, direction: Direction) -> Result<(), PublishSubscribeError> {
    let publisher = direction.publisher();
    let names = {
        let mut connection = databases.mirror_session(publisher).await?;
        read_table_names(&mut connection, publisher).await?
    };
    for side in [publisher, direction.subscriber()] {
        let session = Session::open(databases, side).await?;
        session
            .run("make the schema crossfade", include_str!("prepare.sql"))
            .await?;
    }
    let mut tables: Vec<String> = names
        .iter()
        .map(|(schema, name)| format!("{}.{}", quote_identifier(schema), quote_identifier(name)))
        .collect();
    tables.push(direction.markers().to_owned());
    let session = Session::open(databases, publisher).await?;
    let name = direction.name();
    let there: Option<serde_json::Value> = session
        .ask_one(
            "look for the publication",
            &format!("select 1 as one from pg_publication where pubname = '{name}'"),
        )
        .await?;
    let tables = tables.join(", ");
    let statement = if there.is_some() {
        format!("alter publication {name} set table {tables}")
    } else {
        // Rows of partitions are published as the root's, so that the subscriber may be partitioned as it likes.
        format!("create publication {name} for table {tables} with (publish_via_partition_root = true)")
    };
    session
        .run(
            "make the publication",
            &format!("set lock_timeout = '5s'; {statement}"),
        )
        .await
}
