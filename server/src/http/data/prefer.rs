//! The `Prefer` header (RFC 7240), in PostgREST's words.

use super::body::Missing;
use super::error::DataError;
use super::sql::Resolution;

/// What a client would like, as far as it said so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Preferences {
    /// `return=…`
    pub(super) representation: Representation,
    /// `count=…`
    pub(super) count: Option<Count>,
    /// `resolution=…`
    pub(super) resolution: Option<Resolution>,
    /// `missing=…`
    pub(super) missing: Missing,
    /// `max-affected=…`
    pub(super) max_affected: Option<i64>,
    applied: Vec<String>,
}

/// What a change answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Representation {
    /// Nothing but the status.
    #[default]
    Minimal,
    /// The changed rows.
    Full,
}

/// How the rows that match are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// By counting them.
    Exact,
    /// By the planner's guess.
    Planned,
    /// Exactly up to the most rows an answer may hold, by the planner's guess beyond.
    Estimated,
}

impl Preferences {
    /// Reads all `Prefer` headers. Unknown ones are passed over, as RFC 7240 says, unless `handling=strict`.
    pub(super) fn parse<'h>(headers: impl Iterator<Item = &'h str>) -> Result<Self, DataError> {
        let mut preferences = Self::default();
        let mut unknown = Vec::new();
        let mut is_strict = false;
        for preference in headers
            .flat_map(|header| header.split(','))
            .map(str::trim)
            .filter(|text| !text.is_empty())
        {
            if preference == "handling=strict" {
                is_strict = true;
            } else if preference != "handling=lenient" && !preferences.take(preference) {
                unknown.push(preference.to_owned());
                continue;
            }
            preferences.applied.push(preference.to_owned());
        }
        if is_strict && !unknown.is_empty() {
            return Err(DataError::Preferences(unknown));
        }
        Ok(preferences)
    }

    /// The value of the answer's `Preference-Applied`, if it has one.
    pub(super) fn applied(&self) -> Option<String> {
        if self.applied.is_empty() {
            None
        } else {
            Some(self.applied.join(", "))
        }
    }

    fn take(&mut self, preference: &str) -> bool {
        match preference {
            "return=minimal" => self.representation = Representation::Minimal,
            "return=representation" => self.representation = Representation::Full,
            "count=exact" => self.count = Some(Count::Exact),
            "count=planned" => self.count = Some(Count::Planned),
            "count=estimated" => self.count = Some(Count::Estimated),
            "resolution=merge-duplicates" => self.resolution = Some(Resolution::Merge),
            "resolution=ignore-duplicates" => self.resolution = Some(Resolution::Ignore),
            "missing=default" => self.missing = Missing::Default,
            "missing=null" => self.missing = Missing::Null,
            _ => {
                let number = preference
                    .strip_prefix("max-affected=")
                    .and_then(|number| number.parse::<u32>().ok());
                self.max_affected = number.map(i64::from).or(self.max_affected);
                return number.is_some();
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, DataError, Missing, Preferences, Representation, Resolution};

    #[test]
    fn preferences_are_read_from_all_headers() {
        let headers = [
            "return=representation, count=exact",
            "resolution=merge-duplicates,missing=default",
            "max-affected=3",
        ];
        let read = Preferences::parse(headers.into_iter()).unwrap();
        assert_eq!(read.representation, Representation::Full);
        assert_eq!(read.count, Some(Count::Exact));
        assert_eq!(read.resolution, Some(Resolution::Merge));
        assert_eq!(read.missing, Missing::Default);
        assert_eq!(read.max_affected, Some(3));
        let applied = "return=representation, count=exact, resolution=merge-duplicates, missing=default, max-affected=3";
        assert_eq!(read.applied().as_deref(), Some(applied));
    }

    #[test]
    fn an_unknown_preference_counts_only_when_handling_is_strict() {
        let lenient = Preferences::parse(["respond-async, max-affected=-1"].into_iter()).unwrap();
        assert_eq!(lenient, Preferences::default());
        assert_eq!(lenient.applied(), None);
        let strict = Preferences::parse(["handling=strict, respond-async, max-affected=-1"].into_iter());
        assert_eq!(
            strict,
            Err(DataError::Preferences(vec![
                "respond-async".into(),
                "max-affected=-1".into()
            ]))
        );
    }
}
