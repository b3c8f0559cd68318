//! The order in which a table's keys are cut into ranges. It must be the same on both sides: text that two C
//! libraries sort differently would else be in one range here and in another there.

use serde::Deserialize;

use crate::catalog::Table;
use crate::databases::{DatabaseError, Databases, Side, Statement};

use super::VerifyError;

/// An order that both sides share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyOrder {
    /// The key's own, which its index serves.
    Own {
        /// The key's `>`, as `operator(schema.>)`, the same for all its columns.
        greater: String,
        /// The key's `<=`.
        at_most: String,
    },
    /// That of the key's text, byte by byte: always the same and served by no index, so that each range costs a
    /// pass over the table.
    Bytes,
}

#[derive(Deserialize, PartialEq, Eq)]
struct Part {
    greater: String,
    at_most: String,
    order: Option<String>,
}

impl KeyOrder {
    /// The best order that both sides share.
    pub(super) async fn of(databases: &Databases, primary: Side, table: &Table) -> Result<Self, VerifyError> {
        let parts = read(databases, primary, table).await?;
        let others = read(databases, primary.other(), table).await?;
        Ok(Self::shared(&parts, &others, table.key.len()))
    }

    fn shared(parts: &[Part], others: &[Part], width: usize) -> Self {
        let Some(first) = parts.first() else {
            return Self::Bytes;
        };
        let one_operator = |part: &Part| {
            part.greater == first.greater && part.at_most == first.at_most && part.order.is_some()
        };
        if parts.len() == width && parts == others && parts.iter().all(one_operator) {
            Self::Own {
                greater: first.greater.clone(),
                at_most: first.at_most.clone(),
            }
        } else {
            Self::Bytes
        }
    }
}

async fn read(databases: &Databases, side: Side, table: &Table) -> Result<Vec<Part>, VerifyError> {
    let mut connection = databases.mirror_session(side).await?;
    let parts = Statement::new(include_str!("key_order.sql"))
        .text(Some(table.schema.clone()))
        .text(Some(table.name.clone()))
        .one_text(&mut connection)
        .await
        .map_err(DatabaseError::statement(side))?;
    serde_json::from_str(parts.as_deref().unwrap_or("[]")).map_err(|source| VerifyError::KeyOrder {
        table: table.to_string(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(schema: &str, order: Option<&str>) -> Part {
        Part {
            greater: format!("operator({schema}.>)"),
            at_most: format!("operator({schema}.<=)"),
            order: order.map(str::to_owned),
        }
    }

    #[test]
    fn sides_that_sort_alike_use_the_index() {
        let parts = || {
            vec![
                part("pg_catalog", Some("integer ")),
                part("pg_catalog", Some("text c 2.36")),
            ]
        };
        assert!(matches!(
            KeyOrder::shared(&parts(), &parts(), 2),
            KeyOrder::Own { .. }
        ));
    }

    #[test]
    fn sides_that_may_sort_differently_are_compared_by_bytes() {
        let newer = [part("pg_catalog", Some("text c 2.41"))];
        let older = [part("pg_catalog", Some("text c 2.36"))];
        let unknown = || [part("pg_catalog", None)];
        let mixed = || {
            [
                part("pg_catalog", Some("integer ")),
                part("public", Some("citext ")),
            ]
        };
        assert_eq!(KeyOrder::shared(&older, &newer, 1), KeyOrder::Bytes);
        assert_eq!(KeyOrder::shared(&unknown(), &unknown(), 1), KeyOrder::Bytes);
        assert_eq!(KeyOrder::shared(&mixed(), &mixed(), 2), KeyOrder::Bytes);
        assert_eq!(KeyOrder::shared(&older, &[], 1), KeyOrder::Bytes);
    }
}
