//! From a range that differs down to the keys that do.

use std::collections::HashMap;

use crate::databases::DatabaseError;

use super::checksum::{BothSides, Checksum};
use super::key_order::KeyOrder;
use super::range::{Key, Range};

/// A range that differs, with what both sides said of it.
pub(super) struct Suspect {
    pub(super) range: Range,
    pub(super) primary: Checksum,
    pub(super) secondary: Checksum,
}

/// A range is cut into so many pieces: a single differing row then costs little more than reading its range once
/// again, where halves would cost twice that.
const PIECES: u64 = 16;
/// So many rows are read key by key.
const FEW_ROWS: u64 = 2_000;

/// The parts of a range that differ and have not been read key by key yet.
pub(super) struct Bisection {
    suspects: Vec<Suspect>,
}

impl Bisection {
    /// Begins with a range that differs.
    pub(super) fn of(range: Suspect) -> Self {
        Self {
            suspects: vec![range],
        }
    }

    /// The next keys whose rows differ as they were read, one small range at a time; nothing when
    /// there are no more. Some may only be on their way from the primary to the secondary.
    pub(super) async fn next_keys(
        &mut self,
        sides: &BothSides<'_>,
    ) -> Result<Option<Vec<Key>>, DatabaseError> {
        let few = match sides.order {
            KeyOrder::Own { .. } => FEW_ROWS,
            // A piece would cost as much as the whole range.
            KeyOrder::Bytes => u64::MAX,
        };
        while let Some(suspect) = self.suspects.pop() {
            if suspect.primary.rows.max(suspect.secondary.rows) <= few {
                return Ok(Some(differing_rows(sides, &suspect.range).await?));
            }
            self.suspects.extend(differing_pieces(sides, suspect).await?);
        }
        Ok(None)
    }
}

/// The pieces of a range that differ, the last of them first. They are cut where the side with more rows has them,
/// so that every piece is smaller even where the other side has none.
async fn differing_pieces(sides: &BothSides<'_>, suspect: Suspect) -> Result<Vec<Suspect>, DatabaseError> {
    let (side, rows) = if suspect.primary.rows >= suspect.secondary.rows {
        (sides.primary, suspect.primary.rows)
    } else {
        (sides.primary.other(), suspect.secondary.rows)
    };
    let rows_a_piece = rows.div_ceil(PIECES);
    let mut pieces = Vec::new();
    let mut rest = suspect.range;
    loop {
        let bound = sides.key_at(side, &rest, rows_a_piece).await?;
        let is_last = bound.is_none() || bound == rest.up_to;
        let range = Range {
            after: rest.after,
            up_to: bound.clone().or_else(|| rest.up_to.clone()),
        };
        let (primary, secondary) = sides.checksums(&range).await?;
        if primary != secondary {
            pieces.push(Suspect {
                range,
                primary,
                secondary,
            });
        }
        if is_last {
            pieces.reverse();
            return Ok(pieces);
        }
        rest.after = bound;
    }
}

async fn differing_rows(sides: &BothSides<'_>, range: &Range) -> Result<Vec<Key>, DatabaseError> {
    let (primary, secondary) = sides.keys_and_hashes(range).await?;
    let mut others: HashMap<Key, i64> = secondary.into_iter().collect();
    let mut keys: Vec<Key> = primary
        .into_iter()
        .filter(|(key, hash)| others.remove(key) != Some(*hash))
        .map(|(key, _)| key)
        .collect();
    keys.extend(others.into_keys());
    keys.sort_unstable();
    Ok(keys)
}
