//! How far a verification has come, on standard error: a line that stays in place on a terminal, elsewhere one line
//! now and then.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::verify::Progress;

/// Where no terminal shows it, a log should not be flooded.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Shows progress.
pub(super) struct ProgressLine {
    lively: bool,
    shown: Option<Instant>,
}

impl ProgressLine {
    pub(super) fn on_stderr() -> Self {
        Self {
            lively: io::stderr().is_terminal(),
            shown: None,
        }
    }

    /// Shows it, if it is time. There is nobody to tell if that fails.
    pub(super) fn show(&mut self, progress: &Progress) {
        let line = line(progress);
        if self.lively {
            let _ = write!(io::stderr().lock(), "\r\x1b[2K{line}");
        } else if self.shown.is_none_or(|shown| shown.elapsed() >= BETWEEN_LINES) {
            let _ = writeln!(io::stderr().lock(), "{line}");
        } else {
            return;
        }
        self.shown = Some(Instant::now());
    }

    /// Wipes the line that stays in place.
    pub(super) fn end(self) {
        if self.lively && self.shown.is_some() {
            let _ = write!(io::stderr().lock(), "\r\x1b[2K");
        }
    }
}

fn line(progress: &Progress) -> String {
    let remaining = match progress.remaining() {
        Some(remaining) => format!(", {} left", in_words(remaining)),
        None => String::new(),
    };
    format!(
        "table {} of {}: {}, {} rows, {:.0} rows/s, {} differ{remaining}",
        progress.tables + 1,
        progress.of_tables,
        progress.table,
        progress.rows,
        progress.rows_per_second(),
        progress.differences,
    )
}

/// To the second below an hour, to the minute above.
fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{seconds} s")
    } else if seconds < 3600 {
        format!("{} min {} s", seconds / 60, seconds % 60)
    } else {
        format!("{} h {} min", seconds / 3600, seconds / 60 % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_sees_where_it_is_and_when_it_ends() {
        let mut progress = Progress {
            table: "public.orders".to_owned(),
            tables: 1,
            of_tables: 4,
            rows: 1_500_000,
            of_rows: 10_000_000,
            differences: 2,
            seconds: 2.0,
            rows_since: 1_400_000,
        };
        assert_eq!(
            line(&progress),
            "table 2 of 4: public.orders, 1500000 rows, 700000 rows/s, 2 differ, 12 s left"
        );
        progress.of_rows = 0;
        assert!(
            line(&progress).ends_with("2 differ"),
            "without an estimate none is made up"
        );
        assert_eq!(in_words(Duration::from_secs(3 * 3600 + 119)), "3 h 1 min");
    }
}
