//! Which tests are run.

use crate::source::Place;

/// Which tests to run: all of them, or those that some word is meant for.
#[derive(Debug, Clone, Default)]
pub struct Selection(Vec<String>);

impl Selection {
    /// The tests that any of these words is meant for: a part of a feature's name, or a test's place as `file:line`,
    /// with or without the rules folder before it. No word means all tests.
    pub fn new(words: impl IntoIterator<Item = String>) -> Self {
        Self(words.into_iter().collect())
    }

    /// Whether every test is run.
    pub fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, feature: &str, place: &Place) -> bool {
        self.is_everything()
            || self
                .0
                .iter()
                .any(|word| feature.contains(word.as_str()) || is_of_place(word, place))
    }
}

fn is_of_place(word: &str, place: &Place) -> bool {
    let place = place.to_string();
    word.strip_suffix(&place)
        .is_some_and(|folder| folder.is_empty() || folder.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_part_of_a_name_or_a_whole_place() {
        let place = Place {
            file: "shop.yaml".to_owned(),
            line: 12,
        };
        let has = |word: &str| Selection::new([word.to_owned()]).has("new-shop", &place);
        assert!(has("shop") && has("new-shop") && has("new"));
        assert!(has("shop.yaml:12") && has("rules/shop.yaml:12"));
        assert!(!has("shop.yaml:1") && !has("toyshop.yaml:12") && !has("shops"));
        assert!(Selection::default().has("new-shop", &place));
    }
}
