//! Ranges of keys, and how many rows one should have.

use std::time::Duration;

use super::key_order::KeyOrder;

/// A key's values as text, in the key's order.
pub(super) type Key = Vec<String>;

/// All keys after one and up to another; without bounds, all keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Range {
    /// The last key before the range.
    pub(super) after: Option<Key>,
    /// The last key of the range.
    pub(super) up_to: Option<Key>,
}

/// How many rows the next range should have, so that it takes the time it should.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    rows: u64,
    aim: Option<Duration>,
}

/// Small enough to be quick on any machine; what it took says more.
const FIRST_ROWS: u64 = 20_000;
const FEWEST_ROWS: u64 = 500;
const MOST_ROWS: u64 = 5_000_000;
/// Where each range costs a pass over the table, few large ones cost least; this many keys fit memory when
/// the range differs and is read key by key.
const ROWS_WITHOUT_INDEX: u64 = 250_000;

impl Pace {
    /// The pace for a table whose keys are in this order, aiming at `range_time` a range.
    pub(super) fn new(order: &KeyOrder, range_time: Duration) -> Self {
        match order {
            KeyOrder::Own { .. } => Self {
                rows: FIRST_ROWS,
                aim: Some(range_time),
            },
            KeyOrder::Bytes => Self {
                rows: ROWS_WITHOUT_INDEX,
                aim: None,
            },
        }
    }

    /// How many rows the next range should have.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Learns from a range of the asked size. It changes by a factor of four at most, since one slow range may
    /// have been a busy moment.
    pub(super) fn learn(&mut self, took: Duration) {
        let Some(aim) = self.aim else { return };
        let (aim, took) = (aim.as_micros().max(1), took.as_micros().max(1));
        let rows = u128::from(self.rows);
        let next = (rows * aim / took).clamp(rows / 4, rows * 4);
        self.rows = u64::try_from(next)
            .unwrap_or(MOST_ROWS)
            .clamp(FEWEST_ROWS, MOST_ROWS);
    }
}

/// How long both databases are left alone after statements that took `took`, for them to be busy no more than
/// `busy_percent` of the time.
pub(super) fn rest_after(took: Duration, busy_percent: u32) -> Duration {
    let busy = busy_percent.clamp(1, 100);
    took * (100 - busy) / busy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> KeyOrder {
        KeyOrder::Own {
            greater: "operator(pg_catalog.>)".to_owned(),
            at_most: "operator(pg_catalog.<=)".to_owned(),
        }
    }

    #[test]
    fn ranges_come_to_take_the_time_they_should() {
        let aim = Duration::from_millis(500);
        let mut pace = Pace::new(&own(), aim);
        // A database of 700 rows a millisecond.
        let took = |pace: &Pace| Duration::from_micros(pace.rows() * 1000 / 700);
        for _ in 0..4 {
            pace.learn(took(&pace));
        }
        assert_eq!(took(&pace).as_millis(), 500);
        pace.learn(Duration::from_hours(1));
        assert_eq!(
            pace.rows(),
            350_000 / 4,
            "one busy moment does not stop everything"
        );
    }

    #[test]
    fn half_busy_rests_as_long_as_it_worked() {
        let took = Duration::from_millis(400);
        assert_eq!(rest_after(took, 50), took);
        assert_eq!(rest_after(took, 20), took * 4);
        assert_eq!(rest_after(took, 100), Duration::ZERO);
        assert_eq!(rest_after(took, 0), took * 99, "nothing is not a pace");
    }
}
