//! Makes equal the rows that a verification found to differ.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalog::{Catalog, Table};
use crate::databases::{Databases, Side, with_causes};
use crate::sync::journal::{MirrorError, compare_keys, mirror_keys};
use crate::sync::publish_subscribe::{Direction, publishes};

use super::VerifyError;
use super::report::Difference;
use super::table::is_being_copied;

/// What a repair did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Repaired {
    /// Rows that are equal now, or have changes in the journal that will make them so.
    pub repaired: u64,
    /// Rows that are not.
    pub refused: Vec<Refused>,
}

/// A row that could not be made equal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The row.
    #[serde(flatten)]
    pub difference: Difference,
    /// Why, as the secondary said it.
    pub reason: String,
}

/// Keys that one transaction mirrors.
const KEYS_AT_ONCE: usize = 500;

/// Mirrors the rows of these differences from the primary, through the mirror and its locks, and looks at each
/// afterwards. An error means that a database was out of reach; it can be run again.
pub async fn repair(
    databases: &Databases,
    catalog: &Catalog,
    primary: Side,
    differences: &[Difference],
) -> Result<Repaired, VerifyError> {
    if publishes(databases, Direction::from_primary(primary)).await? {
        return Ok(left_to_the_stream(primary, differences));
    }
    let mut tables: BTreeMap<(&str, &str), Vec<&Difference>> = BTreeMap::new();
    for difference in differences {
        let name = (difference.schema.as_str(), difference.table.as_str());
        tables.entry(name).or_default().push(difference);
    }
    let mut repaired = Repaired::default();
    for ((schema, name), differences) in tables {
        let table = catalog.table(databases, primary, schema, name).await?;
        if is_being_copied(databases, primary, &table).await? {
            repaired
                .refused
                .extend(differences.into_iter().map(|difference| Refused {
                    difference: difference.clone(),
                    reason: "the table's existing rows are still being copied".to_owned(),
                }));
            continue;
        }
        for differences in differences.chunks(KEYS_AT_ONCE) {
            let refused = mirror(databases, catalog, primary, &table, differences).await?;
            repaired.repaired += (differences.len() - refused.len()) as u64;
            repaired.refused.extend(refused);
        }
    }
    Ok(repaired)
}

/// Two that write the same rows would undo each other's work.
fn left_to_the_stream(primary: Side, differences: &[Difference]) -> Repaired {
    let secondary = primary.other();
    let reason = format!(
        "the stream alone writes to {secondary}: delete the row there, and where {primary} has it, delete and insert it \
         there in one transaction"
    );
    let refused = differences.iter().map(|difference| Refused {
        difference: difference.clone(),
        reason: reason.clone(),
    });
    Repaired {
        repaired: 0,
        refused: refused.collect(),
    }
}

/// Mirrors rows of one table together, and one by one if that fails; those that still differ.
async fn mirror(
    databases: &Databases,
    catalog: &Catalog,
    primary: Side,
    table: &Table,
    differences: &[&Difference],
) -> Result<Vec<Refused>, VerifyError> {
    let keys: Vec<Vec<String>> = differences
        .iter()
        .map(|difference| difference.key.clone())
        .collect();
    let mut reasons: BTreeMap<&Vec<String>, String> = BTreeMap::new();
    if let Err(error) = mirror_keys(databases, catalog, primary, table, &keys).await {
        stop_if_unreachable(error)?;
        for key in &keys {
            if let Err(error) =
                mirror_keys(databases, catalog, primary, table, std::slice::from_ref(key)).await
            {
                let reason = with_causes(&error);
                stop_if_unreachable(error)?;
                reasons.insert(key, reason);
            }
        }
    }
    let compared = compare_keys(databases, primary, table, &keys).await?;
    let refused = differences
        .iter()
        .zip(compared)
        .filter(|(_, compared)| compared.primary != compared.secondary && !compared.pending);
    Ok(refused
        .map(|(difference, compared)| Refused {
            difference: (*difference).clone(),
            reason: reasons.remove(&compared.key).unwrap_or_else(|| {
                "it differs after it was mirrored: a trigger may have changed it".to_owned()
            }),
        })
        .collect())
}

fn stop_if_unreachable(error: MirrorError) -> Result<(), VerifyError> {
    match error {
        MirrorError::Database(error) if error.is_unreachable() => Err(error.into()),
        MirrorError::Catalog(error) => Err(error.into()),
        _ => Ok(()),
    }
}
