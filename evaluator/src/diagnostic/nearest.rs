//! "Did you mean …?"

/// The candidate that was most likely meant, if any is near enough to be worth a question.
pub fn nearest<'c>(written: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let plain = simplified(written);
    let length = plain.chars().count();
    // A third of the letters may be wrong, as rustc has it; a slip in a short word counts as one.
    let tolerance = (length.max(3) / 3).max(1);
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let words = candidates.iter().copied();
    candidates
        .iter()
        .copied()
        .filter(|candidate| *candidate != written)
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&plain, &simplified(candidate)),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= tolerance && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
        .or_else(|| alone(written, words))
}

/// The only candidate that has what was written as one of its words: `user` for `user_id`.
fn alone<'c>(written: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let has_word = |candidate: &&str| {
        *candidate != written
            && candidate
                .split(['_', '-', ' '])
                .any(|word| word.eq_ignore_ascii_case(written))
    };
    let mut with_word = candidates.filter(has_word);
    with_word.next().filter(|_| with_word.next().is_none())
}

/// `userId`, `user-id` and `USER_ID` are one word to a person.
fn simplified(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '_' | '-' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        assert_eq!(nearest("contry", ["country", "county_code"]), Some("country"));
        assert_eq!(nearest("por", ["free", "pro"]), Some("pro"));
        assert_eq!(
            nearest("version", ["country", "app_version"]),
            Some("app_version")
        );
        assert_eq!(nearest("userId", ["country", "user_id"]), Some("user_id"));
    }

    #[test]
    fn what_is_far_is_not_offered() {
        assert_eq!(nearest("planet", ["country", "user_id"]), None);
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest("user", ["user_id", "user_name"]), None);
    }
}
