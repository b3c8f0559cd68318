//! Whether both databases can hold the same characters, and sort them alike by default.

use serde::Deserialize;

use super::examination::Examination;
use super::{Check, PreflightError};
use crate::catalog::{quote_identifier, quote_literal};
use crate::databases::Side;

const NAME: &str = "encodings";

/// How a database stores text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Text {
    pub(super) database: String,
    pub(super) encoding: String,
    pub(super) collate: String,
    ctype: String,
    provider: String,
    locale: Option<String>,
}

impl Text {
    /// Whose rules order it, as in `C` or `icu en-US`.
    pub(super) fn order(&self) -> String {
        match (self.provider.as_str(), &self.locale) {
            ("i", Some(locale)) => format!("icu {locale}"),
            ("b", Some(locale)) => format!("builtin {locale}"),
            _ => self.collate.clone(),
        }
    }

    /// A statement that makes a database beside `other` that stores text as this one does.
    pub(super) fn create_alike(&self, other: &Self) -> String {
        let provider = match (self.provider.as_str(), &self.locale) {
            ("i", Some(locale)) => format!(" locale_provider icu icu_locale {}", quote_literal(locale)),
            ("b", Some(locale)) => format!(
                " locale_provider builtin builtin_locale {}",
                quote_literal(locale)
            ),
            _ => String::new(),
        };
        format!(
            "create database {} template template0 encoding {} lc_collate {} lc_ctype {}{provider}",
            quote_identifier(&format!("{}_alike", other.database)),
            quote_literal(&self.encoding),
            quote_literal(&self.collate),
            quote_literal(&self.ctype),
        )
    }
}

pub(super) const QUESTION: &str = include_str!("encodings.sql");

/// New can hold every character of old.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let old: Text = of.ask_one(NAME, Side::Old, QUESTION).await?;
    let new: Text = of.ask_one(NAME, Side::New, QUESTION).await?;
    let mut check = Check::new(NAME).saw(format!("{} on old, {} on new", old.encoding, new.encoding));
    if old.encoding == "SQL_ASCII" {
        check.warn(
            "old says SQL_ASCII, which stands for no encoding at all: text that is not UTF-8 there cannot be moved",
        );
    }
    if old.encoding != new.encoding && (new.encoding != "UTF8" || old.encoding == "SQL_ASCII") {
        check
            .block(format!(
                "new stores text as {}, which may lack characters of old's {}",
                new.encoding, old.encoding
            ))
            .mend(Side::New, [old.create_alike(&new)])
            .then("then move to that database, or to one in UTF8");
    }
    Ok(check)
}
