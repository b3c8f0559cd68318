//! Versions as semver.org 2.0.0 writes and orders them.

use std::cmp::Ordering;

/// Why a text is no version; `None` if it is one.
pub(crate) fn version_mistake(text: &str) -> Option<&'static str> {
    let (without_build, build) = match text.split_once('+') {
        Some((version, build)) => (version, Some(build)),
        None => (text, None),
    };
    let (core, prerelease) = match without_build.split_once('-') {
        Some((core, prerelease)) => (core, Some(prerelease)),
        None => (without_build, None),
    };
    let numbers: Vec<&str> = core.split('.').collect();
    if text.starts_with(['v', 'V']) {
        return Some("a version begins with its number, without a `v`");
    }
    if numbers.len() != 3 || !numbers.iter().all(|part| is_number(part)) {
        return Some("a version has three numbers, major.minor.patch, without leading zeros");
    }
    let is_identifier =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let is_all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if let Some(prerelease) = prerelease
        && !prerelease
            .split('.')
            .all(|part| is_identifier(part) && (!is_all_digits(part) || is_number(part)))
    {
        return Some("a pre-release is identifiers between points, numbers without leading zeros");
    }
    if let Some(build) = build
        && !build.split('.').all(is_identifier)
    {
        return Some("build metadata is identifiers between points");
    }
    None
}

/// The order of two versions, <https://semver.org/spec/v2.0.0.html#spec-item-11>: what is built of them does not count.
pub(crate) fn compare_versions(left: &str, right: &str) -> Ordering {
    let (left, left_prerelease) = parts(left);
    let (right, right_prerelease) = parts(right);
    left.split('.')
        .zip(right.split('.'))
        .map(|(left, right)| compare_numbers(left, right))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| match (left_prerelease, right_prerelease) {
            (None, None) => Ordering::Equal,
            // A pre-release comes before its release.
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(left), Some(right)) => compare_prereleases(left, right),
        })
}

/// The three numbers and the pre-release.
fn parts(version: &str) -> (&str, Option<&str>) {
    let without_build = version.split('+').next().unwrap_or_default();
    match without_build.split_once('-') {
        Some((core, prerelease)) => (core, Some(prerelease)),
        None => (without_build, None),
    }
}

fn compare_prereleases(left: &str, right: &str) -> Ordering {
    let is_numeric = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let mut left = left.split('.');
    let mut right = right.split('.');
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            // All equal so far: the one with more identifiers is the greater.
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(left), Some(right)) => match (is_numeric(left), is_numeric(right)) {
                (true, true) => compare_numbers(left, right),
                (false, false) => left.cmp(right),
                // A number comes before a word.
                (left_is_number, _) => {
                    if left_is_number {
                        Ordering::Less
                    } else {
                        Ordering::Greater
                    }
                }
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Of digits without leading zeros, of any number of them, the longer are the greater.
fn compare_numbers(left: &str, right: &str) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

/// Digits without a leading zero.
fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()) && (part == "0" || !part.starts_with('0'))
}

#[cfg(test)]
mod tests {
    use super::{compare_versions, version_mistake};

    #[test]
    fn versions_are_ordered_as_semver_org_orders_them() {
        // Its own examples, in ascending order, and numbers beyond 64 bits.
        let ascending = [
            "0.9.9",
            "1.0.0-0",
            "1.0.0-9",
            "1.0.0-10",
            "1.0.0-99999999999999999999",
            "1.0.0--",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "2.0.0",
            "2.1.0",
            "2.1.1",
            "10.0.0",
            "99999999999999999999.0.0",
        ];
        for (left, a) in ascending.iter().enumerate() {
            for (right, b) in ascending.iter().enumerate() {
                assert_eq!(compare_versions(a, b), left.cmp(&right), "{a} {b}");
                assert_eq!(
                    compare_versions(&format!("{a}+x-y"), b),
                    left.cmp(&right),
                    "{a} {b}"
                );
            }
        }
    }

    #[test]
    fn versions_are_those_of_semver_org() {
        for version in [
            "0.0.4",
            "1.2.3",
            "1.0.0-alpha.1",
            "1.0.0-0A.is.legal",
            "1.2.3----R-S.12.9.1--.12+meta",
            "99999999999999999999.0.0",
            "1.0.0+0.build.01",
        ] {
            assert_eq!(version_mistake(version), None, "{version}");
        }
        for version in [
            "1",
            "1.2",
            "1.2.3.4",
            "01.1.1",
            "1.2.3-01",
            "1.2.3-",
            "1.2.3+",
            "v1.2.3",
            "1.2.3-é",
            "",
            "1.2.3-a..b",
        ] {
            assert!(version_mistake(version).is_some(), "{version}");
        }
    }
}
