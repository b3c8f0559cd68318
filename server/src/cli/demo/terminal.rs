//! How the demo speaks: calm text, colour and a line that stays in place on a terminal only.

use std::io::{Write, stdout};
use std::sync::Mutex;

use crate::cli::output::has_colour;

/// Says things on standard output, or nothing at all.
#[derive(Debug)]
pub(super) struct Terminal {
    speaks: bool,
    lively: bool,
    /// Whether the last line is the one that is written over.
    live_line: Mutex<bool>,
}

impl Terminal {
    /// Colour and a live line when standard output is a terminal and `NO_COLOR` is not set.
    pub(super) fn on_stdout() -> Self {
        let lively = has_colour(&stdout());
        Self {
            speaks: true,
            lively,
            live_line: Mutex::new(false),
        }
    }

    /// Says nothing.
    pub(super) fn silent() -> Self {
        Self {
            speaks: false,
            lively: false,
            live_line: Mutex::new(false),
        }
    }

    /// A chapter begins.
    pub(super) fn heading(&self, text: &str) {
        self.write(&format!("\n{}\n", self.styled("1", text)));
    }

    /// A line, set in under its heading.
    pub(super) fn say(&self, text: &str) {
        self.write(&format!("  {text}\n"));
    }

    /// A name and what is behind it.
    pub(super) fn field(&self, name: &str, value: &str) {
        self.write(&format!(
            "  {} {value}\n",
            self.styled("2", &format!("{name:<8}"))
        ));
    }

    /// A line that good news makes green.
    pub(super) fn good(&self, text: &str) {
        self.write(&format!("  {} {text}\n", self.styled("32", "✓")));
    }

    /// A line that bad news makes red.
    pub(super) fn bad(&self, text: &str) {
        self.write(&format!("  {} {text}\n", self.styled("31", "✗")));
    }

    /// A line that the next line replaces; left out where lines cannot be replaced.
    pub(super) fn live(&self, text: &str) {
        if self.speaks && self.lively {
            let text = format!("\r\x1b[2K  {}", self.styled("2", text));
            put(&text);
            self.set_live(true);
        }
    }

    fn write(&self, text: &str) {
        if self.speaks {
            let over = if self.set_live(false) { "\r\x1b[2K" } else { "" };
            put(&format!("{over}{text}"));
        }
    }

    fn styled(&self, code: &str, text: &str) -> String {
        if self.lively {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn set_live(&self, now: bool) -> bool {
        let mut live = self
            .live_line
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        std::mem::replace(&mut live, now)
    }
}

/// A reader that went away (`| head`) is no reason to fail.
fn put(text: &str) {
    let mut out = stdout().lock();
    _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// `1234567` as `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_by_three() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
