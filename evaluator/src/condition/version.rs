//! Versions as semver.org 2.0.0 writes them.

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

/// Digits without a leading zero.
fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()) && (part == "0" || !part.starts_with('0'))
}

#[cfg(test)]
mod tests {
    use super::version_mistake;

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
