//! Values on every side of constants, of all types that are ordered but strings: numbers, timestamps, versions.

use std::cmp::Ordering;

use super::question::{double, nanoseconds, order};
use crate::condition::{Literal, is_timestamp};

/// Each constant, what is next to it, and where the answer of a comparison with it changes.
pub(super) fn ints(constants: &[Literal]) -> Vec<Literal> {
    let mut values = vec![0];
    for constant in constants {
        values.extend(turns(i128::from(i64::MIN), i128::from(i64::MAX), |value| {
            order(&Literal::Int(value as i64), constant)
        }));
    }
    values
        .into_iter()
        .map(|value| Literal::Int(value as i64))
        .collect()
}

/// Likewise.
pub(super) fn uints(constants: &[Literal]) -> Vec<Literal> {
    let mut values = vec![0];
    for constant in constants {
        values.extend(turns(0, i128::from(u64::MAX), |value| {
            order(&Literal::Uint(value as u64), constant)
        }));
    }
    values
        .into_iter()
        .map(|value| Literal::Uint(value as u64))
        .collect()
}

/// The first value that is not less, the first that is greater, and those before them: found by halving, since beside a double an int
/// is the double nearest to it, so that many ints equal one.
fn turns(least: i128, most: i128, order: impl Fn(i128) -> Option<Ordering>) -> Vec<i128> {
    let first = |is_past: &dyn Fn(Ordering) -> bool| {
        let (mut below, mut past) = (least - 1, most + 1);
        while past - below > 1 {
            let middle = below + (past - below) / 2;
            if order(middle).is_some_and(is_past) {
                past = middle;
            } else {
                below = middle;
            }
        }
        past
    };
    let not_less = first(&|order| order != Ordering::Less);
    let greater = first(&|order| order == Ordering::Greater);
    [not_less, greater, not_less - 1, greater - 1]
        .into_iter()
        .filter(|value| (least..=most).contains(value))
        .collect()
}

/// Each constant and its neighbours; and what is no number, which a text can say.
pub(super) fn doubles(constants: &[Literal]) -> Vec<Literal> {
    let mut values = vec![0.0];
    for constant in constants.iter().filter_map(double) {
        // A whole number beside it makes the better example, where it answers alike.
        values.extend([
            constant,
            constant + 1.0,
            constant - 1.0,
            constant.next_up(),
            constant.next_down(),
        ]);
    }
    values.push(f64::NAN);
    values.into_iter().map(Literal::Double).collect()
}

/// Each constant and the nanoseconds next to it.
pub(super) fn timestamps(constants: &[Literal]) -> Vec<Literal> {
    let mut values = vec![0];
    for constant in constants.iter().filter_map(nanoseconds) {
        values.extend([
            constant,
            constant + 1_000_000_000,
            constant - 1_000_000_000,
            constant + 1,
            constant - 1,
        ]);
    }
    values
        .into_iter()
        .map(|nanoseconds| {
            (
                nanoseconds.div_euclid(1_000_000_000) as i64,
                nanoseconds.rem_euclid(1_000_000_000) as u32,
            )
        })
        .filter(|(seconds, _)| is_timestamp(*seconds))
        .map(|(seconds, nanos)| Literal::Timestamp { seconds, nanos })
        .collect()
}

/// Each constant, the version right after it, and the least of all: nothing lies between these that is on another side of a constant.
/// <https://semver.org/spec/v2.0.0.html#spec-item-11>
pub(super) fn versions(constants: &[Literal]) -> Vec<Literal> {
    let mut values = vec!["1.0.0".to_owned()];
    for constant in constants {
        let Literal::Semver(version) = constant else {
            continue;
        };
        values.push(version.clone());
        let without_build = version.split('+').next().unwrap_or_default();
        if let Some((core, prerelease)) = without_build.split_once('-') {
            // One more identifier, and the least there is.
            values.extend([core.to_owned(), format!("{core}-{prerelease}.0")]);
        } else {
            let (rest, patch) = without_build.rsplit_once('.').unwrap_or_default();
            let next = increment(patch);
            values.extend([format!("{rest}.{next}"), format!("{rest}.{next}-0")]);
        }
    }
    values.extend(["0.0.0".to_owned(), "0.0.0-0".to_owned()]);
    values.into_iter().map(Literal::Semver).collect()
}

/// The number after one of any length.
fn increment(digits: &str) -> String {
    let mut digits: Vec<u8> = digits.bytes().collect();
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return String::from_utf8_lossy(&digits).into_owned();
        }
        *digit = b'0';
    }
    format!("1{}", String::from_utf8_lossy(&digits))
}
