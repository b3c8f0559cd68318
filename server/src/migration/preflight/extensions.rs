//! Whether new has the extensions that old uses.

use std::collections::HashMap;

use serde::Deserialize;

use super::examination::{Examination, listed};
use super::{Check, PreflightError};
use crate::databases::Side;

const NAME: &str = "extensions";

#[derive(Deserialize)]
struct Row {
    name: String,
    quoted: String,
    installed_version: Option<String>,
    default_version: Option<String>,
    is_trusted: bool,
}

/// Every extension of old is on new or can be made there, in a version that is not older.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let question = include_str!("extensions.sql");
    let old: Vec<Row> = of.ask(NAME, Side::Old, question).await?;
    let new: Vec<Row> = of.ask(NAME, Side::New, question).await?;
    let may_create_any = of.facts(Side::New).is_superuser;
    let new: HashMap<&str, &Row> = new.iter().map(|row| (row.name.as_str(), row)).collect();
    let used: Vec<(&Row, &str)> = old
        .iter()
        .filter_map(|row| Some((row, row.installed_version.as_deref()?)))
        .collect();
    let names: Vec<String> = used
        .iter()
        .map(|(row, version)| format!("{} {version}", row.name))
        .collect();
    let mut check = Check::new(NAME).saw(listed(&names));
    for (extension, version) in used {
        let Some(there) = new.get(extension.name.as_str()) else {
            check.block(format!(
                "the extension {} {version} of old is not to be had on new: install its package on the server, or drop it \
                 from old",
                extension.name
            ));
            continue;
        };
        if there.installed_version.is_none() && !may_create_any && !there.is_trusted {
            check
                .block(format!(
                    "the extension {} is not in new, and only a superuser can create it there",
                    extension.name
                ))
                .mend(Side::New, [format!("create extension {}", extension.quoted)]);
        }
        let will_be = there
            .installed_version
            .as_ref()
            .or(there.default_version.as_ref());
        if let Some(will_be) = will_be
            && is_older(will_be, version)
        {
            let mut statements = vec![format!("alter extension {} update", extension.quoted)];
            if there.installed_version.is_none() {
                statements.insert(0, format!("create extension {}", extension.quoted));
            }
            check
                .warn(format!(
                    "the extension {} is {version} on old and {will_be} on new",
                    extension.name
                ))
                .mend(Side::New, statements)
                .then("if its newest version on new is still an older one, install a newer package");
        }
    }
    Ok(check)
}

/// By numbers where there are numbers, so that 1.10 is newer than 1.9.
fn is_older(one: &str, other: &str) -> bool {
    let parts = |version: &str| -> Vec<(u64, String)> {
        version
            .split(['.', '-', '_'])
            .map(|part| (part.parse().unwrap_or(0), part.to_owned()))
            .collect()
    };
    let (one, other) = (parts(one), parts(other));
    let numbers = |parts: &[(u64, String)]| -> Vec<u64> { parts.iter().map(|(number, _)| *number).collect() };
    numbers(&one) < numbers(&other)
}

#[cfg(test)]
mod tests {
    use super::is_older;

    #[test]
    fn versions_are_ordered_by_their_numbers() {
        assert!(is_older("1.9", "1.10"));
        assert!(!is_older("1.10", "1.9"));
        assert!(!is_older("3.5.0", "3.5.0"));
        assert!(is_older("1.8", "1.8.1"));
    }
}
