//! What people write who know other languages, and what they meant in CEL.

use super::token::{Token, TokenKind};
use crate::diagnostic::{Code, Diagnostic, Edit};
use crate::source::{MappedText, Span};

/// Symbols of other languages: what is written, and what CEL has for it.
const SYMBOLS: &[(&str, &str, &str)] = &[
    ("===", "==", "use `==` to compare"),
    ("!==", "!=", "use `!=` to compare"),
    ("=~", "", ""),
    ("=>", ">=", "use `>=` to compare"),
    ("=<", "<=", "use `<=` to compare"),
    ("<>", "!=", "use `!=` to compare"),
    ("<=>", "", ""),
    ("**", "", ""),
    ("=", "==", "use `==` to compare"),
    ("&", "&&", "use `&&` for \"and\""),
    ("|", "||", "use `||` for \"or\""),
    ("≠", "!=", "use `!=` to compare"),
    ("≤", "<=", "use `<=` to compare"),
    ("≥", ">=", "use `>=` to compare"),
];

/// Words of other languages: what is written (in any case), what CEL has for it, and the advice.
const WORDS: &[(&str, &str, &str)] = &[
    ("and", "&&", "use `&&` for \"and\""),
    ("or", "||", "use `||` for \"or\""),
    ("not", "!", "use `!` for \"not\""),
    ("is", "==", "use `==` to compare"),
    ("eq", "==", "use `==` to compare"),
    ("ne", "!=", "use `!=` to compare"),
    ("equals", "==", "use `==` to compare"),
    ("in", "in", "`in` is written in small letters"),
];

/// A symbol of another language at this place.
pub(super) fn symbol(text: &MappedText, start: usize) -> Option<Diagnostic> {
    let rest = text.as_str().get(start..)?;
    if ["==", "&&", "||", "!=", "<=", ">="]
        .iter()
        .any(|known| rest.starts_with(known))
        && !rest.starts_with("===")
        && !rest.starts_with("!==")
        && !rest.starts_with("<=>")
    {
        return None;
    }
    let (written, meant, advice) = SYMBOLS.iter().find(|(written, ..)| rest.starts_with(written))?;
    let span = text.span(start, start + written.len());
    let diagnostic = Diagnostic::new(
        Code::ConditionSyntax,
        format!("CEL has no operator `{written}`"),
        span,
    )
    .labelled("unknown operator");
    Some(match *written {
        "=~" => diagnostic.help("a regular expression is asked with `text.matches(\"…\")`"),
        _ if meant.is_empty() => diagnostic,
        _ => diagnostic.suggest(*advice, span, *meant),
    })
}

/// A character that CEL gives no meaning.
pub(super) fn character(text: &MappedText, start: usize, found: char) -> Diagnostic {
    let span = text.span(start, start + found.len_utf8());
    let diagnostic = Diagnostic::new(
        Code::ConditionSyntax,
        format!("`{}` has no meaning here", found.escape_debug()),
        span,
    )
    .labelled("unexpected character");
    match found {
        '“' | '”' | '„' | '«' | '»' | '`' => {
            diagnostic.suggest("quotes are straight in CEL", span, "\"")
        }
        '‘' | '’' => diagnostic.suggest("quotes are straight in CEL", span, "'"),
        '$' | '@' => diagnostic.help("attributes are named as they are: `country`"),
        _ => diagnostic,
    }
}

/// A token that cannot stand where it does.
pub(super) fn unexpected(text: &MappedText, tokens: &[Token], at: usize, expected: &str) -> Diagnostic {
    let Some(token) = tokens.get(at.min(tokens.len().saturating_sub(1))) else {
        return Diagnostic::new(Code::ConditionSyntax, "the condition is empty", text.whole());
    };
    let span = text.span(token.start, token.end);
    let written = text.as_str().get(token.start..token.end).unwrap_or_default();
    if token.kind == TokenKind::Quoted {
        return Diagnostic::new(
            Code::ConditionSyntax,
            "a value does not stand in backquotes",
            span,
        )
        .labelled("not a value of CEL")
        .suggest(
            "quotes are straight in CEL",
            span,
            format!("\"{}\"", written.trim_matches('`')),
        );
    }
    let message = match &token.kind {
        TokenKind::End => format!("expected {expected}, found the end of the condition"),
        TokenKind::Constant(_) => format!("expected {expected}, found a value"),
        _ => format!("expected {expected}, found `{written}`"),
    };
    let diagnostic =
        Diagnostic::new(Code::ConditionSyntax, message, span).labelled(format!("expected {expected}"));
    if written.eq_ignore_ascii_case("not") && expected.contains("operator") {
        return diagnostic.help("\"not in\" is written `!(x in list)`");
    }
    let lower = written.to_ascii_lowercase();
    if token.kind == TokenKind::Word
        && let Some((_, meant, advice)) = WORDS.iter().find(|(word, ..)| *word == lower && written != "in")
    {
        return diagnostic.suggest(*advice, span, *meant);
    }
    // `not x`: the word is read as an attribute, and the next token is the surprise.
    if let Some(before) = at.checked_sub(1).and_then(|before| tokens.get(before))
        && before.kind == TokenKind::Word
        && text
            .as_str()
            .get(before.start..before.end)
            .is_some_and(|word| word.eq_ignore_ascii_case("not"))
    {
        let not = text.span(before.start, token.start);
        return diagnostic.suggest_all(
            "use `!` for \"not\"",
            vec![Edit {
                span: not,
                replacement: "!".into(),
            }],
        );
    }
    if written == "," && expected.contains(')') {
        return diagnostic.help("a list stands in brackets: [\"a\", \"b\"]");
    }
    diagnostic
}

/// The parts of CEL, and functions of its extensions, that conditions leave out: name, message, reason.
const UNSUPPORTED: &[(&str, &str, &str)] = &[
    (
        "bytes",
        "bytes are not part of conditions",
        "attributes are never bytes; compare with a string",
    ),
    (
        "maps",
        "maps are not part of conditions",
        "for a set of values use a list, [\"a\", \"b\"], or a segment",
    ),
    (
        "messages",
        "messages are not part of conditions",
        "attributes are scalars and lists, never protocol buffers",
    ),
    (
        "null",
        "`null` is not part of conditions",
        "an attribute is there or missing; ask with `has(country)`",
    ),
    (
        "fields",
        "attributes have no fields",
        "attributes are scalars and lists; a nested value is sent as an attribute of its own",
    ),
    (
        "optionals",
        "optional values are not part of conditions",
        "an attribute is there or missing; ask with `has(country)`",
    ),
    (
        "lists of lists",
        "lists of lists are not part of conditions",
        "the elements of a list are scalars",
    ),
    (
        "string concatenation",
        "conditions build no strings of attributes",
        "a program allocates nothing; compare the parts, or ask with `startsWith` and `endsWith`",
    ),
    (
        "list concatenation",
        "conditions build no lists of attributes",
        "a program allocates nothing; ask each list, `x in a || x in b`",
    ),
    (
        "string conversion",
        "conditions make no strings of other values",
        "a program allocates nothing; compare the value itself",
    ),
    (
        "conversion from strings",
        "conditions convert no strings at run time",
        "a string that is no number would leave the condition unknown without a word",
    ),
    (
        "patterns that are not constant",
        "a pattern must be a constant",
        "patterns become automata when the rules are compiled",
    ),
    (
        "time zones that are not constant",
        "a time zone must be a constant",
        "what it means is settled when the rules are compiled",
    ),
    (
        "named time zones",
        "time zones are fixed offsets here",
        "`\"+01:00\"` is one; the rules of named zones change, and a program carries no tables of them",
    ),
    (
        "two-variable macros",
        "macros have one variable here",
        "the position in a list is not part of conditions",
    ),
    (
        "map",
        "`map` is not part of conditions",
        "a program allocates nothing; ask with `exists` or `all`",
    ),
    (
        "filter",
        "`filter` is not part of conditions",
        "a program allocates nothing; ask with `exists` or `all`",
    ),
    (
        "type",
        "`type` is not part of conditions",
        "every attribute's type is declared in context.yaml",
    ),
    (
        "types",
        "types are no values here",
        "every attribute's type is declared in context.yaml",
    ),
];

/// The types that CEL has as values.
const TYPES: &[&str] = &[
    "bool",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "list",
    "map",
    "null_type",
    "type",
    "optional_type",
];

/// Whether CEL reads a name as a type.
pub(super) fn is_type(name: &str) -> bool {
    TYPES.contains(&name)
}

/// What the functions of CEL's extensions are called on, as in `math.greatest(1, 2)`.
const NAMESPACES: &[&str] = &[
    "base64", "cel", "lists", "math", "optional", "proto", "regex", "sets", "strings",
];

/// Whether a name is that of an extension of CEL.
pub(super) fn is_namespace(name: &str) -> bool {
    NAMESPACES.contains(&name)
}

/// A function of an extension of CEL.
pub(super) fn extension(namespace: &str, name: &str, span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::Unsupported,
        format!("`{namespace}.{name}` is not part of conditions"),
        span,
    )
    .labelled("not supported")
    .note("conditions have the standard functions of CEL, not its extensions")
}

/// Functions of CEL's extensions that build strings, lists or other values.
const EXTENSIONS: &[&str] = &[
    "lowerAscii",
    "upperAscii",
    "split",
    "join",
    "replace",
    "trim",
    "substring",
    "indexOf",
    "lastIndexOf",
    "charAt",
    "format",
    "reverse",
    "quote",
    "slice",
    "flatten",
    "sort",
    "sortBy",
    "distinct",
    "range",
    "optMap",
    "optFlatMap",
    "transformList",
    "transformMap",
    "transformMapEntry",
    "encode",
    "decode",
    "bind",
    "block",
    "greatest",
    "least",
    "hasValue",
    "value",
    "or",
    "orValue",
    "abs",
    "ceil",
    "floor",
    "round",
    "sqrt",
    "toLowerCase",
    "toUpperCase",
    "lower",
    "upper",
    "toLower",
    "toUpper",
];

/// Whether a function is one that CEL has, or an extension of it, and conditions leave out.
pub(super) fn is_unsupported_function(name: &str) -> bool {
    matches!(name, "bytes" | "map" | "filter" | "type") || EXTENSIONS.contains(&name)
}

/// A part of CEL that conditions leave out.
pub(super) fn unsupported(what: &str, span: Span) -> Diagnostic {
    match UNSUPPORTED.iter().find(|(name, ..)| *name == what) {
        Some((_, message, reason)) => Diagnostic::new(Code::Unsupported, *message, span)
            .labelled("not supported")
            .note(*reason),
        None => Diagnostic::new(
            Code::Unsupported,
            format!("`{what}` is not part of conditions"),
            span,
        )
        .labelled("not supported")
        .note("conditions have the standard functions of CEL that build no new values"),
    }
}
