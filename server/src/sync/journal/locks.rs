//! Which advisory locks a mirror takes on the secondary, and in which order.
//!
//! Whoever mirrors a key holds its lock from before it reads the primary until the secondary has committed: so
//! whoever writes a key last has read it last. All mirrors take the locks of tables first and then those of
//! keys, each kind in ascending order, so that no two can wait for each other.

use diesel_async::AsyncPgConnection;

use crate::catalog::Table;
use crate::databases::{DatabaseError, Side, Statement};

/// The locks for one mirror.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Locks {
    /// Tables of which some keys are mirrored: others may mirror other keys meanwhile.
    shared_tables: Vec<i64>,
    /// Tables that are mirrored or copied whole.
    exclusive_tables: Vec<i64>,
    keys: Vec<i64>,
}

impl Locks {
    /// Adds a whole table.
    pub(super) fn add_table(&mut self, table: &Table) {
        self.exclusive_tables.push(table_lock(table));
    }

    /// Adds some keys of a table. Where equal keys can have different texts (`1.0` and `1.00`), a text is no
    /// name for a key, and the whole table is locked instead; so it is for very many keys.
    pub(super) fn add_keys<'a>(
        &mut self,
        table: &Table,
        keys: impl ExactSizeIterator<Item = &'a Vec<String>>,
    ) {
        let named = table.key_columns().all(|column| column.text_is_identity);
        if named && keys.len() <= MOST_KEYS {
            let lock = table_lock(table);
            self.shared_tables.push(lock);
            self.keys.extend(keys.map(|key| key_lock(lock, key)));
        } else {
            self.add_table(table);
        }
    }

    /// Takes them all for the length of the connection's transaction.
    pub(super) async fn take(
        self,
        connection: &mut AsyncPgConnection,
        secondary: Side,
    ) -> Result<(), DatabaseError> {
        let (locks, shared) = self.in_order();
        Statement::new(
            "select case when l.shared then pg_advisory_xact_lock_shared(l.lock) else pg_advisory_xact_lock(l.lock) end \
             from unnest($1, $2::text[]::bool[]) as l(lock, shared)",
        )
        .integers(locks)
        .texts(shared.into_iter().map(|shared| Some(shared.to_string())).collect())
        .execute(connection)
        .await
        .map_err(DatabaseError::statement(secondary))?;
        Ok(())
    }

    /// Tables first, then keys, both ascending; whether each is shared.
    fn in_order(mut self) -> (Vec<i64>, Vec<bool>) {
        self.shared_tables
            .retain(|lock| !self.exclusive_tables.contains(lock));
        let shared = self.shared_tables.into_iter().map(|lock| (lock, true));
        let exclusive = self.exclusive_tables.into_iter().map(|lock| (lock, false));
        let mut tables: Vec<(i64, bool)> = shared.chain(exclusive).collect();
        tables.sort_unstable();
        tables.dedup();
        self.keys.sort_unstable();
        self.keys.dedup();
        tables.extend(self.keys.into_iter().map(|lock| (lock, false)));
        tables.into_iter().unzip()
    }
}

/// PostgreSQL has room for some 6,400 locks of all sessions together, unless it is told otherwise.
const MOST_KEYS: usize = 500;

/// The lock of a whole table.
pub(super) fn table_lock(table: &Table) -> i64 {
    lock_number([b"crossfade", table.schema.as_bytes(), table.name.as_bytes()].into_iter())
}

fn key_lock(table_lock: i64, key: &[String]) -> i64 {
    let table = table_lock.to_le_bytes();
    lock_number(std::iter::once(table.as_slice()).chain(key.iter().map(String::as_bytes)))
}

/// FNV-1a, 64 bits, over the parts and a byte after each that no UTF-8 text holds. Servers of different versions
/// share these numbers through the database, so they must never change.
fn lock_number<'a>(parts: impl Iterator<Item = &'a [u8]>) -> i64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        for &byte in part.iter().chain([&0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_come_before_keys_and_a_whole_table_is_locked_once() {
        let locks = Locks {
            shared_tables: vec![7, 3, 7, 5],
            exclusive_tables: vec![5],
            keys: vec![4, 2, 4],
        };
        assert_eq!(
            locks.in_order(),
            (vec![3, 5, 7, 2, 4], vec![true, false, true, false, false])
        );
    }

    #[test]
    fn lock_numbers_are_fnv_1a_and_part_boundaries_count() {
        // The published check value for FNV-1a of "a" is af63dc4c8601ec8c; with the closing 0xff it goes on.
        let a = (0xaf63_dc4c_8601_ec8c_u64 ^ 0xff).wrapping_mul(0x0000_0100_0000_01b3);
        assert_eq!(lock_number([b"a".as_slice()].into_iter()), a.cast_signed());
        assert_ne!(
            lock_number([b"ab".as_slice(), b"c"].into_iter()),
            lock_number([b"a".as_slice(), b"bc"].into_iter())
        );
    }
}
