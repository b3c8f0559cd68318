//! What is next in a stream whose subscriber fails to apply it: the changes of its first transaction, read from the slot
//! without consuming them. The format is `pgoutput`'s, of the section "Logical Replication Message Formats" in PostgreSQL's
//! documentation.

use std::collections::HashMap;

use super::session::Session;
use super::{Direction, PublishSubscribeError};

/// A change of one row, or of a whole table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) kind: ChangeKind,
    pub(super) schema: String,
    pub(super) table: String,
    /// The key's columns with their values, where the change says them.
    pub(super) key: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChangeKind {
    Insert,
    Update,
    Delete,
    Truncate,
}

impl ChangeKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert into",
            Self::Update => "update of",
            Self::Delete => "delete from",
            Self::Truncate => "truncation of",
        }
    }
}

/// As many messages of a transaction are looked at: the cause is rarely far behind.
const MOST_MESSAGES: usize = 10_000;

/// The changes of the slot's next transaction. It fails while the slot is being read by its subscriber.
pub(super) async fn next_changes(
    session: &Session,
    direction: Direction,
    slot: &str,
) -> Result<Vec<Change>, PublishSubscribeError> {
    let name = direction.name();
    let sql = format!(
        "select data from pg_logical_slot_peek_binary_changes('{slot}', null, 1, 'proto_version', '1', \
         'publication_names', '{name}') limit {MOST_MESSAGES}"
    );
    let rows = session.client.query(&sql, &[]).await;
    let rows = rows.map_err(PublishSubscribeError::statement(
        "look at the next changes",
        direction.publisher(),
    ))?;
    let mut relations = HashMap::new();
    let mut changes = Vec::new();
    for row in &rows {
        let data: &[u8] = row.try_get(0).map_err(PublishSubscribeError::statement(
            "look at the next changes",
            direction.publisher(),
        ))?;
        // A message that is not understood tells nothing; the others still may.
        _ = read(data, &mut relations, &mut changes);
    }
    Ok(changes)
}

struct Relation {
    schema: String,
    table: String,
    /// Each column's name, and whether it is part of the key.
    columns: Vec<(String, bool)>,
}

fn read(data: &[u8], relations: &mut HashMap<u32, Relation>, changes: &mut Vec<Change>) -> Option<()> {
    let mut message = Message(data);
    let kind = match message.byte()? {
        b'R' => {
            let id = message.number()?;
            relations.insert(id, message.relation()?);
            return Some(());
        }
        b'I' => ChangeKind::Insert,
        b'U' => ChangeKind::Update,
        b'D' => ChangeKind::Delete,
        b'T' => {
            let count = message.number()?;
            message.byte()?;
            for _ in 0..count {
                let relation = relations.get(&message.number()?)?;
                changes.push(relation.change(ChangeKind::Truncate, &[]));
            }
            return Some(());
        }
        _ => return None,
    };
    let relation = relations.get(&message.number()?)?;
    // The first tuple names the row: the old key of an update or a delete, where it is told, or the new row.
    message.byte()?;
    let values = message.tuple()?;
    changes.push(relation.change(kind, &values));
    Some(())
}

impl Relation {
    fn change(&self, kind: ChangeKind, values: &[Option<String>]) -> Change {
        let named = self.columns.iter().zip(values);
        Change {
            kind,
            schema: self.schema.clone(),
            table: self.table.clone(),
            key: named
                .filter(|((_, is_key), _)| *is_key)
                .filter_map(|((name, _), value)| Some((name.clone(), value.clone()?)))
                .collect(),
        }
    }
}

/// What is left of a message.
struct Message<'a>(&'a [u8]);

impl<'a> Message<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<String> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let text = String::from_utf8_lossy(self.take(end)?).into_owned();
        self.take(1)?;
        Some(text)
    }

    fn relation(&mut self) -> Option<Relation> {
        let (schema, table) = (self.text()?, self.text()?);
        self.byte()?;
        let count = self.short()?;
        let columns = (0..count).map(|_| {
            let flags = self.byte()?;
            let name = self.text()?;
            // Its type and the type's modifier.
            self.take(8)?;
            Some((name, flags & 1 == 1))
        });
        let columns = columns.collect::<Option<Vec<_>>>()?;
        Some(Relation {
            // The catalog's own schema is sent as nothing.
            schema: if schema.is_empty() {
                "pg_catalog".to_owned()
            } else {
                schema
            },
            table,
            columns,
        })
    }

    /// Values as text; none for null, and for a large value that has not changed.
    fn tuple(&mut self) -> Option<Vec<Option<String>>> {
        let count = self.short()?;
        let values = (0..count).map(|_| match self.byte()? {
            b'n' | b'u' => Some(None),
            _ => {
                let length = self.number()? as usize;
                Some(Some(String::from_utf8_lossy(self.take(length)?).into_owned()))
            }
        });
        values.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_ends_early_is_passed_over() {
        let mut relations = HashMap::new();
        let mut changes = Vec::new();
        let relation =
            b"R\0\0\0\x07shop\0orders\0d\0\x02\x01id\0\0\0\0\x17\0\0\0\0\0note\0\0\0\0\x19\0\0\0\0";
        let insert = b"I\0\0\0\x07N\0\x02t\0\0\0\x0242n";
        for length in 0..relation.len() {
            assert_eq!(read(&relation[..length], &mut relations, &mut changes), None);
        }
        assert!(read(relation, &mut relations, &mut changes).is_some());
        for length in 0..insert.len() {
            assert_eq!(read(&insert[..length], &mut relations, &mut changes), None);
        }
        assert!(read(insert, &mut relations, &mut changes).is_some());
        assert_eq!(
            changes,
            [Change {
                kind: ChangeKind::Insert,
                schema: "shop".to_owned(),
                table: "orders".to_owned(),
                key: vec![("id".to_owned(), "42".to_owned())],
            }]
        );
    }
}
