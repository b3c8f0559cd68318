//! Events to a tree.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScanError, Tag};

use super::{Entry, Kind, Node, Scalar, mistakes};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Source, Span};

/// Nodes that the aliases of one file may add: ample for what people write, nothing for a bomb.
const ALIASED_NODES_AT_MOST: usize = 100_000;

/// How deep nodes may nest; walks over the tree recurse. The parser bounds what is written, this what aliases build.
const DEPTH_AT_MOST: usize = 128;

/// The only document of a text; `None` for one that cannot be parsed, which is reported, and for an empty one.
pub(crate) fn parse(source: &Source, file: FileId, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    let mut builder = Builder {
        file,
        end: u32::try_from(source.text().len()).unwrap_or(u32::MAX),
        diagnostics,
        open: Vec::new(),
        anchors: HashMap::new(),
        aliased: 0,
        root: None,
        documents: 0,
    };
    for event in Parser::new_from_str(source.text()) {
        match event {
            Ok((event, span)) => builder.event(event, span)?,
            Err(error) => {
                let span = builder.error_span(&error);
                let mistake = mistakes::explain(&error, source.text(), span);
                builder.diagnostics.push(mistake);
                return None;
            }
        }
    }
    builder.root
}

struct Builder<'d> {
    file: FileId,
    end: u32,
    diagnostics: &'d mut Vec<Diagnostic>,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    aliased: usize,
    root: Option<Node>,
    documents: usize,
}

/// A collection whose end has not come.
struct Open {
    span: Span,
    anchor: usize,
    tag: Option<Span>,
    height: usize,
    content: Content,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping {
        entries: Vec<Entry>,
        seen: HashSet<String>,
        key: Option<(String, Span)>,
    },
}

struct Anchored {
    node: Node,
    nodes: usize,
    height: usize,
}

impl Builder<'_> {
    /// `None` ends the parse.
    fn event(&mut self, event: Event<'_>, place: granit_parser::Span) -> Option<()> {
        let span = self.span(place);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.diagnostics.push(
                        Diagnostic::new(Code::YamlSyntax, "a file holds one document", span)
                            .labelled("a second one begins here"),
                    );
                    return None;
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let tag = self.tag(tag.as_deref(), place);
                // The parser gives an absent value as a tilde of no length.
                let text = if span.start == span.end {
                    String::new()
                } else {
                    text.into_owned()
                };
                let node = Node {
                    kind: Kind::Scalar(Scalar { text, style }),
                    span,
                    tag,
                };
                self.anchor(anchor, &node, 1);
                return self.add(node, 1);
            }
            Event::SequenceStart(_, anchor, tag) => {
                let tag = self.tag(tag.as_deref(), place);
                let content = Content::Sequence(Vec::new());
                self.open.push(Open {
                    span,
                    anchor,
                    tag,
                    height: 1,
                    content,
                });
            }
            Event::MappingStart(_, anchor, tag) => {
                let tag = self.tag(tag.as_deref(), place);
                let content = Content::Mapping {
                    entries: Vec::new(),
                    seen: HashSet::new(),
                    key: None,
                };
                self.open.push(Open {
                    span,
                    anchor,
                    tag,
                    height: 1,
                    content,
                });
            }
            Event::SequenceEnd | Event::MappingEnd => return self.close(span),
            Event::Alias(anchor) => return self.alias(anchor, span),
            _ => {}
        }
        Some(())
    }

    fn close(&mut self, end: Span) -> Option<()> {
        let open = self.open.pop()?;
        let kind = match open.content {
            Content::Sequence(items) => Kind::Sequence(items),
            Content::Mapping { entries, .. } => Kind::Mapping(entries),
        };
        // A block collection's end is where the next thing begins; what it covers ends with its last part.
        let last = match &kind {
            Kind::Sequence(items) => items.last().map(|item| item.span),
            Kind::Mapping(entries) => entries.last().map(|entry| entry.key_span.to(entry.value.span)),
            Kind::Scalar(_) => None,
        };
        let span = match last {
            _ if end.end > end.start => open.span.to(end),
            Some(last) => open.span.to(last),
            None => open.span,
        };
        let node = Node {
            kind,
            span,
            tag: open.tag,
        };
        self.anchor(open.anchor, &node, open.height);
        self.add(node, open.height)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Option<()> {
        let Some(target) = self.anchors.get(&anchor) else {
            self.diagnostics.push(Diagnostic::new(
                Code::AliasExpansion,
                "an alias cannot contain itself",
                span,
            ));
            return None;
        };
        self.aliased = self.aliased.saturating_add(target.nodes);
        if self.aliased > ALIASED_NODES_AT_MOST {
            let message =
                format!("the aliases of this file expand to more than {ALIASED_NODES_AT_MOST} values");
            self.diagnostics
                .push(Diagnostic::new(Code::AliasExpansion, message, span));
            return None;
        }
        let (mut node, height) = (target.node.clone(), target.height);
        node.span = span;
        self.add(node, height)
    }

    /// Puts a finished node into the collection that is open.
    fn add(&mut self, node: Node, height: usize) -> Option<()> {
        if height + self.open.len() > DEPTH_AT_MOST {
            let message = format!("values nest at most {DEPTH_AT_MOST} deep");
            self.diagnostics
                .push(Diagnostic::new(Code::TooDeep, message, node.span));
            return None;
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Some(());
        };
        open.height = open.height.max(height + 1);
        match &mut open.content {
            Content::Sequence(items) => items.push(node),
            Content::Mapping { entries, seen, key } => match key.take() {
                None => {
                    let Kind::Scalar(scalar) = node.kind else {
                        let mistake = Diagnostic::new(Code::WrongShape, "a key must be a string", node.span)
                            .labelled(format!("this is {}", node.describe()));
                        self.diagnostics.push(mistake);
                        return None;
                    };
                    *key = Some((scalar.text, node.span));
                }
                Some((name, key_span)) => {
                    if seen.insert(name.clone()) {
                        entries.push(Entry {
                            key: name,
                            key_span,
                            value: node,
                        });
                    } else {
                        let mut mistake = Diagnostic::new(
                            Code::DuplicateKey,
                            format!("the key `{name}` stands here twice"),
                            key_span,
                        );
                        mistake = mistake.labelled("again here");
                        if let Some(first) = entries.iter().find(|entry| entry.key == name) {
                            mistake = mistake.also(first.key_span, "first here");
                        }
                        self.diagnostics.push(mistake);
                    }
                }
            },
        }
        Some(())
    }

    fn anchor(&mut self, anchor: usize, node: &Node, height: usize) {
        if anchor != 0 {
            self.anchors.insert(
                anchor,
                Anchored {
                    node: node.clone(),
                    nodes: count(node),
                    height,
                },
            );
        }
    }

    fn tag(&self, tag: Option<&Tag>, place: granit_parser::Span) -> Option<Span> {
        tag?;
        place
            .tag_span()
            .or_else(|| place.tag_start().map(granit_parser::Span::empty))
            .map(|tag| self.span(tag))
    }

    fn span(&self, place: granit_parser::Span) -> Span {
        let offset = |marker: granit_parser::Marker| {
            marker
                .byte_offset()
                .and_then(|offset| u32::try_from(offset).ok())
                .unwrap_or(self.end)
        };
        let start = offset(place.start);
        Span {
            file: self.file,
            start,
            end: offset(place.end).max(start),
        }
    }

    fn error_span(&self, error: &ScanError) -> Span {
        self.span(granit_parser::Span::empty(*error.marker()))
    }
}

fn count(node: &Node) -> usize {
    1 + match &node.kind {
        Kind::Scalar(_) => 0,
        Kind::Sequence(items) => items.iter().map(count).sum(),
        Kind::Mapping(entries) => entries.iter().map(|entry| 1 + count(&entry.value)).sum(),
    }
}
