//! What commands say, and where.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

/// How a command answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// An answer on standard output.
pub(super) fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// An answer on standard output, as JSON.
pub(super) fn say_json(value: &impl Serialize) -> io::Result<()> {
    say(&serde_json::to_string_pretty(value).map_err(io::Error::from)?)
}

/// What went wrong, on standard error. There is nobody to tell if that fails.
pub(super) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "crossfade: {}", text.trim_end());
}

/// What is wrong with rules, on standard error, as it comes from the checker.
pub(super) fn complain_as_is(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", text.trim_end());
}

/// Whether standard error is a terminal that shows colours.
pub(super) fn stderr_has_colour() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Rows as columns, two spaces apart.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| format!("{cell:width$}"))
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}
