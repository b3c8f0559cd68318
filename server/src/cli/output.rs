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

/// An answer on standard output. A reader that has gone away has seen enough.
pub(super) fn say(text: &str) -> io::Result<()> {
    match say_to(&mut io::stdout().lock(), text) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        said => said,
    }
}

fn say_to(out: &mut impl Write, text: &str) -> io::Result<()> {
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

/// Whether a stream is a terminal that shows colours.
pub(super) fn has_colour(stream: &impl IsTerminal) -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    stream.is_terminal() && !is_set("NO_COLOR") && !is_dumb
}

/// `1 rule`, `2 rules`
pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The most names that a person is shown at once.
const NAMES_AT_ONCE: usize = 10;

/// Some names with commas between them, and how many more there are.
pub(super) fn listed(names: &[&str]) -> String {
    let (shown, more) = names.split_at(names.len().min(NAMES_AT_ONCE));
    let shown = shown.join(", ");
    match more.len() {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
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
