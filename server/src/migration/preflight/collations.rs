//! Whether text is in the same order on both sides, and whether old's indexes are in the order they say.

use serde::Deserialize;

use super::encodings::{QUESTION, Text};
use super::examination::Examination;
use super::{Check, PreflightError};
use crate::catalog::quote_identifier;
use crate::databases::Side;

const NAME: &str = "collations";

#[derive(Deserialize)]
struct Row {
    name: String,
    is_system: bool,
    provider: String,
    recorded: Option<String>,
    actual: Option<String>,
    columns: usize,
    indexed: usize,
}

#[derive(Deserialize)]
struct Version {
    recorded: Option<String>,
    actual: Option<String>,
}

#[derive(Deserialize)]
struct Known {
    name: String,
}

/// Text is sorted alike, every collation of old's is on new, and no library has changed under an index.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let old: Text = of.ask_one(NAME, Side::Old, QUESTION).await?;
    let new: Text = of.ask_one(NAME, Side::New, QUESTION).await?;
    let used: Vec<Row> = of.ask(NAME, Side::Old, include_str!("collations.sql")).await?;
    let mut check = Check::new(NAME).saw(format!("{} on old, {} on new", old.order(), new.order()));
    same_order(of, &mut check, &old, &new).await?;
    for side in [Side::Old, Side::New] {
        let database = if side == Side::Old {
            &old.database
        } else {
            &new.database
        };
        database_version(of, &mut check, side, database).await?;
    }
    for collation in used.iter().filter(|collation| {
        collation.actual.is_some() && collation.recorded.is_some() && collation.recorded != collation.actual
    }) {
        check
            .warn(format!(
                "{} was version {} when {} indexed columns of old were built and is {} now: their indexes may be wrong",
                collation.name,
                shown(collation.recorded.as_ref()),
                collation.indexed,
                shown(collation.actual.as_ref())
            ))
            .mend(
                Side::Old,
                [
                    format!("reindex database {}", quote_identifier(&old.database)),
                    format!("alter collation {} refresh version", collation.name),
                ],
            );
    }
    let system: Vec<&Row> = used
        .iter()
        .filter(|collation| collation.is_system && collation.provider != "d")
        .collect();
    let known: Vec<Known> = of
        .ask(
            NAME,
            Side::New,
            "select format('%I.%I', n.nspname, l.collname) as name \
             from pg_collation l join pg_namespace n on n.oid = l.collnamespace",
        )
        .await?;
    for collation in system {
        if !known.iter().any(|there| there.name == collation.name) {
            check
                .block(format!(
                    "new has no collation {}, which {} columns of old use",
                    collation.name, collation.columns
                ))
                .mend(Side::New, ["select pg_import_system_collations('pg_catalog')"])
                .then("if it is still missing, install the locale on new's server first");
        }
    }
    Ok(check)
}

/// Both databases have the same default order.
async fn same_order(
    of: &mut Examination,
    check: &mut Check,
    old: &Text,
    new: &Text,
) -> Result<(), PreflightError> {
    if old.order() == new.order() {
        return Ok(());
    }
    let keys: Vec<Known> = of.ask(NAME, Side::Old, include_str!("text_keys.sql")).await?;
    let keys: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
    let which = match keys.as_slice() {
        [] => "no key is of text".to_owned(),
        keys => format!(
            "keys of text are verified range by range without an index: {}",
            super::examination::listed(keys)
        ),
    };
    check
        .warn(format!(
            "text is sorted by {} on old and by {} on new: answers with `order by` may differ; {which}",
            old.order(),
            new.order()
        ))
        .mend(Side::New, [old.create_alike(new)])
        .then("then move to that database, if the order matters to the application");
    Ok(())
}

/// The library behind the database's default collation is the one its indexes were built by.
async fn database_version(
    of: &mut Examination,
    check: &mut Check,
    side: Side,
    database: &str,
) -> Result<(), PreflightError> {
    // Older ones do not record it.
    if of.facts(side).major_version() < 15 {
        return Ok(());
    }
    let question = "select d.datcollversion as recorded, pg_database_collation_actual_version(d.oid) as actual \
                    from pg_database d where d.datname = current_database()";
    let Version { recorded, actual } = of.ask_one(NAME, side, question).await?;
    if recorded.is_some() && actual.is_some() && recorded != actual {
        let database = quote_identifier(database);
        check
            .warn(format!(
                "the default collation of {side} was version {} when its indexes were built and is {} now: they may be wrong",
                shown(recorded.as_ref()),
                shown(actual.as_ref())
            ))
            .mend(
                side,
                [
                    format!("reindex database {database}"),
                    format!("alter database {database} refresh collation version"),
                ],
            );
    }
    Ok(())
}

fn shown(version: Option<&String>) -> &str {
    version.map_or("unknown", String::as_str)
}
