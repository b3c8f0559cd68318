//! Sequences: what the primary has given out, the other side must never give out again.

use diesel::sql_types::{BigInt, Bool, Text};
use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};

use crate::databases::{DatabaseError, Side, Statement};

use super::HandoverError;

/// A sequence of the user's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// Its name, quoted for SQL.
    pub name: String,
    /// The last value that it may have given out; none if it is as it was made.
    #[serde(skip)]
    pub last: Option<i64>,
    /// The value that it began with.
    pub start: i64,
    /// How far apart its values are.
    pub step: i64,
    /// Its lowest value.
    pub least: i64,
    /// Its highest value.
    pub greatest: i64,
    /// Whether it begins anew at its end.
    pub cycles: bool,
}

/// Values left out at a change of the primary, for whoever was given one and has not used it yet.
const MARGIN: i64 = 1_000;

/// The sequences of a side.
pub async fn sequences(
    connection: &mut AsyncPgConnection,
    side: Side,
) -> Result<Vec<Sequence>, HandoverError> {
    let rows = Statement::new(include_str!("sequences.sql"))
        .rows::<Text, String>(connection)
        .await
        .map_err(DatabaseError::statement(side))?;
    let parsed: Result<Vec<Sequence>, _> = rows.iter().map(|row| serde_json::from_str(row)).collect();
    let mut sequences = parsed.map_err(|error| {
        let source = diesel::result::Error::DeserializationError(error.into());
        DatabaseError::Statement { side, source }
    })?;
    if sequences.is_empty() {
        return Ok(sequences);
    }
    // Only the sequence itself says where it is, if it was told to go on elsewhere and has given nothing since.
    let states: Vec<String> = sequences
        .iter()
        .zip(0..)
        .map(|(sequence, place)| {
            format!(
                "select {place}::int8 as place, last_value, is_called from {}",
                sequence.name
            )
        })
        .collect();
    let states = Statement::new(format!("{} order by place", states.join(" union all ")))
        .once()
        .rows::<(BigInt, BigInt, Bool), (i64, i64, bool)>(connection)
        .await
        .map_err(DatabaseError::statement(side))?;
    for (sequence, (_, value, is_called)) in sequences.iter_mut().zip(states) {
        sequence.last = if is_called {
            Some(value)
        } else if value == sequence.start {
            None
        } else {
            value.checked_sub(sequence.step)
        };
    }
    Ok(sequences)
}

/// Moves the other side's sequences past all that the primary has given out; how many were moved. It takes effect at
/// once, whatever becomes of the transaction, and harms nothing if that is undone.
pub async fn carry_sequences(
    from: &[Sequence],
    connection: &mut AsyncPgConnection,
    to: Side,
) -> Result<usize, HandoverError> {
    let there = sequences(connection, to).await?;
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for sequence in from {
        let Some(given) = sequence.last else { continue };
        let missing = || HandoverError::Sequence {
            sequence: sequence.name.clone(),
            side: to,
        };
        let target = there
            .iter()
            .find(|target| target.name == sequence.name)
            .ok_or_else(missing)?;
        let value = target.after(given).ok_or_else(missing)?;
        if target
            .last
            .is_none_or(|last| sequence.cycles || is_beyond(value, last, target.step))
        {
            names.push(Some(sequence.name.clone()));
            values.push(value);
        }
    }
    let moved = names.len();
    Statement::new("select setval(s.name::regclass, s.value) from unnest($1, $2) as s(name, value)")
        .texts(names)
        .integers(values)
        .execute(connection)
        .await
        .map_err(DatabaseError::statement(to))?;
    Ok(moved)
}

impl Sequence {
    /// The value to go on from, past `given` by the margin; nothing if that leaves no value to give.
    fn after(&self, given: i64) -> Option<i64> {
        if self.cycles {
            return Some(given.clamp(self.least, self.greatest));
        }
        let margin = self.step.checked_mul(MARGIN)?;
        let (least, greatest) = (self.least, self.greatest);
        match given.checked_add(margin) {
            Some(value) if (least..=greatest).contains(&value) => Some(value),
            // Near its end it has no room for a margin, but perhaps for values.
            _ if (least..=greatest).contains(&given.checked_add(self.step)?) => Some(given),
            _ => None,
        }
    }
}

fn is_beyond(value: i64, other: i64, step: i64) -> bool {
    if step > 0 { value > other } else { value < other }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(step: i64, least: i64, greatest: i64) -> Sequence {
        Sequence {
            name: "s".to_owned(),
            last: None,
            start: if step > 0 { least } else { greatest },
            step,
            least,
            greatest,
            cycles: false,
        }
    }

    #[test]
    fn what_was_given_out_is_passed_by_a_margin_where_there_is_room() {
        assert_eq!(sequence(1, 1, i64::MAX).after(7), Some(1_007));
        assert_eq!(sequence(10, 1, i64::MAX).after(7), Some(10_007));
        assert_eq!(sequence(-1, -2_000, -1).after(-7), Some(-1_007));
        assert_eq!(sequence(1, 1, 100).after(50), Some(50));
        assert_eq!(sequence(1, 1, 100).after(100), None);
        assert_eq!(sequence(1, 1, i64::MAX).after(i64::MAX), None);
    }
}
