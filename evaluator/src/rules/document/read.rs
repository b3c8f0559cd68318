//! From a tree to a document.

use crate::diagnostic::{Code, Diagnostic};
use crate::rules::yaml::{Entry, Kind, Node};
use crate::source::{Source, Span};

/// Reads documents and keeps what is wrong with them.
pub(crate) struct Reader<'r> {
    pub(crate) source: &'r Source,
    pub(crate) diagnostics: &'r mut Vec<Diagnostic>,
}

/// What can be read from a node.
pub(crate) trait Read: Sized {
    /// The value, or `None` after reporting why there is none.
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self>;

    /// What to take when `key` is absent from `owner` ("a feature"); `None` after reporting that it may not be.
    fn absent(key: &str, owner: &str, owner_span: Span, reader: &mut Reader<'_>) -> Option<Self> {
        reader.report(
            Diagnostic::new(Code::MissingKey, format!("{owner} needs a `{key}`"), owner_span)
                .labelled(format!("`{key}` is missing here")),
        );
        None
    }
}

impl Reader<'_> {
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports that something else was expected here.
    pub(crate) fn expected(&mut self, what: &str, node: &Node) {
        let message = format!("expected {what}, found {}", node.describe());
        self.report(
            Diagnostic::new(Code::WrongShape, message, node.span).labelled(format!("expected {what}")),
        );
    }

    /// The entries of a mapping that may hold these keys and no others.
    pub(crate) fn entries<'n>(&mut self, node: &'n Node, owner: &str, keys: &[&str]) -> Option<&'n [Entry]> {
        self.refuse_tag(node);
        let Kind::Mapping(entries) = &node.kind else {
            self.report(
                Diagnostic::new(
                    Code::WrongShape,
                    format!("{owner} is a mapping, and this is {}", node.describe()),
                    node.span,
                )
                .labelled("expected keys with values"),
            );
            return None;
        };
        for entry in entries.iter().filter(|entry| !keys.contains(&entry.key.as_str())) {
            let message = format!("{owner} has no key `{}`", entry.key);
            let near = crate::diagnostic::nearest(&entry.key, keys.iter().copied());
            let diagnostic =
                Diagnostic::new(Code::UnknownKey, message, entry.key_span).labelled("unknown key");
            self.report(match near {
                Some(near) => diagnostic.suggest(format!("did you mean `{near}`?"), entry.key_span, near),
                None => diagnostic.help(format!("known here: {}", listed(keys))),
            });
        }
        Some(entries)
    }

    /// A tag changes what a node means; rules files have none.
    pub(crate) fn refuse_tag(&mut self, node: &Node) {
        let Some(tag) = node.tag else { return };
        let edits = super::super::yaml::quote_rest_of_line(self.source.text(), tag.start as usize, tag);
        let diagnostic = Diagnostic::new(Code::YamlSyntax, "`!` begins a tag in YAML", tag)
            .labelled("read as a tag, not as text");
        self.report(if edits.is_empty() {
            diagnostic.help("put the whole text in quotes, or below its key in a block that begins with `|`")
        } else {
            diagnostic.suggest_all("put the whole text in quotes", edits)
        });
    }
}

/// `a`, `b` and `c`
pub(crate) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A struct that is read from a mapping: each field from the key of its name.
macro_rules! document {
    (
        $owner:literal
        $(#[$meta:meta])*
        struct $name:ident { $( $(#[$field_meta:meta])* $field:ident: $type:ty, )+ }
    ) => {
        $(#[$meta])*
        #[derive(Debug, schemars::JsonSchema)]
        #[schemars(deny_unknown_fields)]
        pub(crate) struct $name {
            $( $(#[$field_meta])* pub(crate) $field: $type, )+
        }

        impl $crate::rules::document::Read for $name {
            fn read(
                node: &$crate::rules::yaml::Node,
                reader: &mut $crate::rules::document::Reader<'_>,
            ) -> Option<Self> {
                use $crate::rules::document::read::key;
                let entries = reader.entries(node, $owner, &[$( key(stringify!($field)) ),+])?;
                $(
                    let name = key(stringify!($field));
                    let $field = match entries.iter().find(|entry| entry.key == name) {
                        Some(entry) => <$type as $crate::rules::document::Read>::read(&entry.value, reader),
                        None => <$type as $crate::rules::document::Read>::absent(name, $owner, node.span, reader),
                    };
                )+
                Some($name { $( $field: $field?, )+ })
            }
        }
    };
}
pub(super) use document;

/// A field's key: its name, without what makes a Rust keyword a name.
pub(crate) fn key(field: &'static str) -> &'static str {
    field.strip_prefix("r#").unwrap_or(field)
}
