//! Values of a segment's file, a line each.

use super::super::segments::value;

/// The segment's text with values added at its end and others taken out; comments and empty lines stay.
pub fn edit_segment(text: &str, add: &[String], remove: &[String]) -> String {
    let is_removed = |line: &str| {
        let value = value(line.trim_end_matches(['\n', '\r']).trim_start_matches('\u{FEFF}'));
        !value.is_empty() && remove.iter().any(|removed| removed == value)
    };
    let mut edited: String = text
        .split_inclusive('\n')
        .filter(|line| !is_removed(line))
        .collect();
    for added in add {
        let is_known = edited
            .lines()
            .any(|line| value(line.trim_start_matches('\u{FEFF}')) == added);
        if is_known {
            continue;
        }
        if !edited.is_empty() && !edited.ends_with('\n') {
            edited.push('\n');
        }
        edited.push_str(added);
        edited.push('\n');
    }
    edited
}
