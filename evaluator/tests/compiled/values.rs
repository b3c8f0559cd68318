//! Values that contexts have, and the texts of timestamps among them.

use crossfade_evaluator::condition::Literal;

const NANOS: i128 = 1_000_000_000;

/// A value, as CEL has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum V {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Str(String),
    /// Nanoseconds since the Unix epoch.
    Time(i128),
    Duration(i64),
    Semver(String),
    List(Vec<V>),
}

pub(crate) fn of_literal(literal: &Literal) -> V {
    match literal {
        Literal::Bool(value) => V::Bool(*value),
        Literal::Int(value) => V::Int(*value),
        Literal::Uint(value) => V::Uint(*value),
        Literal::Double(value) => V::Double(*value),
        Literal::String(text) => V::Str(text.clone()),
        Literal::Timestamp { seconds, nanos } => V::Time(i128::from(*seconds) * NANOS + i128::from(*nanos)),
        Literal::Duration(value) => V::Duration(*value),
        Literal::Semver(text) => V::Semver(text.clone()),
    }
}

/// A moment in UTC, found by counting years and months one by one.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    second_of_day: i64,
}

impl Civil {
    fn of(time: i128) -> Self {
        let seconds = time.div_euclid(NANOS) as i64;
        let days = seconds.div_euclid(86_400);
        let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let (mut year, mut rest) = (1, days + 719_162);
        while rest >= 365 + i64::from(is_leap(year)) {
            rest -= 365 + i64::from(is_leap(year));
            year += 1;
        }
        let mut month = 1;
        for length in [
            31,
            28 + i64::from(is_leap(year)),
            31,
            30,
            31,
            30,
            31,
            31,
            30,
            31,
            30,
            31,
        ] {
            if rest < length {
                break;
            }
            rest -= length;
            month += 1;
        }
        Self {
            year,
            month,
            day: rest + 1,
            second_of_day: seconds.rem_euclid(86_400),
        }
    }
}

/// A moment as RFC 3339 writes it, some minutes ahead of UTC.
pub(crate) fn rfc3339(time: i128, ahead_minutes: i64) -> String {
    let local = Civil::of(time + i128::from(ahead_minutes) * 60 * NANOS);
    let nanos = time.rem_euclid(NANOS);
    let fraction = if nanos == 0 {
        String::new()
    } else {
        format!(".{nanos:09}")
    };
    let offset = if ahead_minutes == 0 {
        "Z".to_owned()
    } else {
        let sign = if ahead_minutes < 0 { '-' } else { '+' };
        format!(
            "{sign}{:02}:{:02}",
            ahead_minutes.abs() / 60,
            ahead_minutes.abs() % 60
        )
    };
    let second = local.second_of_day;
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{fraction}{offset}",
        local.year,
        local.month,
        local.day,
        second / 3600,
        second / 60 % 60,
        second % 60,
    )
}
