//! One line a diagnostic, as compilers print them for other programs to read.

use std::fmt::Write;

use super::Diagnostic;
use crate::source::Sources;

/// `path:line:column: severity[code]: message`, a line each, in the order given.
pub fn render_short(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let mut lines = String::new();
    for diagnostic in diagnostics {
        if let Some(location) = sources.location(diagnostic.span()) {
            // Writing into a string cannot fail.
            let _ = write!(lines, "{location}: ");
        }
        let _ = writeln!(
            lines,
            "{}[{}]: {}",
            diagnostic.severity(),
            diagnostic.code,
            diagnostic.message
        );
    }
    lines
}
