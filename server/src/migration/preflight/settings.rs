//! Whether sessions begin with the same settings on both sides. No dump of a schema carries them.

use serde::Deserialize;

use super::examination::Examination;
use super::{Check, PreflightError};
use crate::databases::Side;

const NAME: &str = "settings";

#[derive(Deserialize, PartialEq, Eq)]
struct Row {
    role: Option<String>,
    name: String,
    shown: String,
    value: Option<String>,
    is_own: bool,
}

/// What statements mean is the same on both sides.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let question = include_str!("settings.sql");
    let old: Vec<Row> = of.ask(NAME, Side::Old, question).await?;
    let new: Vec<Row> = of.ask(NAME, Side::New, question).await?;
    let database = of.facts(Side::New).database.clone();
    let mut check = Check::new(NAME).saw(format!("{} compared", old.len()));
    let mut told: Vec<&str> = Vec::new();
    // What old's database sets for itself comes first, since it shows among all settings too.
    for setting in old
        .iter()
        .filter(|setting| setting.is_own)
        .chain(old.iter().filter(|setting| !setting.is_own))
    {
        // Whether new's database or its whole server says so makes no difference.
        let same =
            |there: &&Row| there.role == setting.role && there.name.eq_ignore_ascii_case(&setting.name);
        let mut there = new.iter().filter(same);
        let is_read_only = setting.name == "default_transaction_read_only";
        if is_read_only
            || there.clone().any(|there| there.shown == setting.shown)
            || told
                .iter()
                .any(|name| setting.role.is_none() && name.eq_ignore_ascii_case(&setting.name))
        {
            continue;
        }
        if setting.role.is_none() {
            told.push(&setting.name);
        }
        let on_new = there
            .next()
            .map_or_else(|| "not set".to_owned(), |row| format!("{:?}", row.shown));
        let (whose, target) = match &setting.role {
            Some(role) => (
                format!(" for {role}"),
                format!("role {role} in database {database}"),
            ),
            None => (String::new(), format!("database {database}")),
        };
        check
            .warn(format!(
                "{}{whose} is {:?} on old and {on_new} on new",
                setting.name, setting.shown
            ))
            .mend(
                Side::New,
                [format!(
                    "alter {target} set {} to {}",
                    setting.name,
                    setting.value.as_deref().unwrap_or("''")
                )],
            );
    }
    Ok(check)
}
