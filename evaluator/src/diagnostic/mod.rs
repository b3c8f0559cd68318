//! What is wrong with rules files, told to the people who write them: a stable code, the place, what was
//! expected, and where possible the change that makes it right.

mod code;
mod json;
mod nearest;
mod short;
mod text;

use crate::source::Span;

pub use code::{Code, Severity};
pub use json::render_json;
pub use nearest::nearest;
pub use short::render_short;
pub use text::render_text;

/// One thing that is wrong, or that deserves a second look.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// Which kind of mistake.
    pub code: Code,
    /// A sentence without its full stop.
    pub message: String,
    /// Where; the first is the place of the mistake, the others explain it.
    pub labels: Vec<Label>,
    /// What a reader should know beside.
    pub notes: Vec<String>,
    /// What a reader might do.
    pub help: Vec<String>,
    /// A change that would make it right.
    pub suggestion: Option<Suggestion>,
}

/// A place and what is to be said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// May be empty.
    pub text: String,
}

/// A change of the source.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// What the change does: "use `==` to compare".
    pub message: String,
    /// What to put in place of what.
    pub edits: Vec<Edit>,
}

/// A replacement of a range of bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// The bytes replaced; empty to insert.
    pub span: Span,
    /// What stands there afterwards.
    pub replacement: String,
}

impl Diagnostic {
    /// A diagnostic of a place.
    pub fn new(code: Code, message: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic {
            code,
            message: message.into(),
            labels: vec![Label {
                span,
                text: String::new(),
            }],
            notes: Vec::new(),
            help: Vec::new(),
            suggestion: None,
        }
    }

    /// What is said beside the underlined place.
    #[must_use]
    pub fn labelled(mut self, text: impl Into<String>) -> Diagnostic {
        if let Some(first) = self.labels.first_mut() {
            first.text = text.into();
        }
        self
    }

    /// Another place that explains the mistake.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// A fact beside.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }

    /// An advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help.push(help.into());
        self
    }

    /// A change that would make it right.
    #[must_use]
    pub fn suggest(
        self,
        message: impl Into<String>,
        span: Span,
        replacement: impl Into<String>,
    ) -> Diagnostic {
        self.suggest_all(
            message,
            vec![Edit {
                span,
                replacement: replacement.into(),
            }],
        )
    }

    /// A change in several places that would make it right.
    #[must_use]
    pub fn suggest_all(mut self, message: impl Into<String>, edits: Vec<Edit>) -> Diagnostic {
        self.suggestion = Some(Suggestion {
            message: message.into(),
            edits,
        });
        self
    }

    /// "did you mean …?", if one of the candidates is near.
    #[must_use]
    pub fn did_you_mean<'c>(
        self,
        written: &str,
        span: Span,
        candidates: impl IntoIterator<Item = &'c str>,
    ) -> Diagnostic {
        match nearest(written, candidates) {
            Some(near) => self.suggest(format!("did you mean `{near}`?"), span, near),
            None => self,
        }
    }

    /// Whether rules with this diagnostic can be used.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// The place of the mistake.
    pub fn span(&self) -> Span {
        self.labels.first().map(|label| label.span).unwrap_or_default()
    }
}
