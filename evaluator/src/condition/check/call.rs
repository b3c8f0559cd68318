//! Functions.

use super::{Checked, Checker, constant, typed};
use crate::condition::pattern;
use crate::condition::syntax::{Constant, Form, Syntax};
use crate::condition::{
    Arithmetic, DurationField, Expression, Function, Kind, Literal, Macro, SegmentId, TimestampField, Type,
    mistakes, time,
};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::source::Span;

/// Functions that are called on a value: `text.startsWith(…)`.
pub(super) const METHODS: &[&str] = &[
    "startsWith",
    "endsWith",
    "contains",
    "matches",
    "size",
    "exists",
    "all",
    "exists_one",
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
];

/// Functions that stand alone: `size(…)`.
const FUNCTIONS: &[&str] = &[
    "has",
    "size",
    "matches",
    "segment",
    "semver",
    "timestamp",
    "duration",
    "int",
    "uint",
    "double",
    "string",
    "bool",
];

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        receiver: Option<&Syntax>,
        name: &str,
        name_span: Span,
        arguments: &[Syntax],
        hint: Option<&Type>,
        span: Span,
    ) -> Checked {
        match (receiver, name) {
            (None, "has") => self.has(arguments, name_span, span),
            (None, "segment") => {
                self.segment(arguments, name_span)?;
                self.refuse(
                    Diagnostic::new(Code::TypeMismatch, "a segment stands on the right of `in`", span)
                        .labelled("a segment is no value")
                        .help("ask `user_id in segment(\"…\")`"),
                )
            }
            (None, "dyn") => {
                // At run time `dyn` changes nothing; here every type is known without it.
                let [argument] = self.arguments::<1>(name, arguments, name_span)?;
                self.expression(argument, hint)
            }
            (None, "timestamp" | "duration" | "semver" | "int" | "uint" | "double" | "string" | "bool") => {
                self.conversion(name, name_span, arguments, span)
            }
            (Some(receiver), "exists") => {
                self.comprehension(Macro::Exists, receiver, name, name_span, arguments, span)
            }
            (Some(receiver), "all") => {
                self.comprehension(Macro::All, receiver, name, name_span, arguments, span)
            }
            (Some(receiver), "exists_one" | "existsOne") => {
                self.comprehension(Macro::ExistsOne, receiver, name, name_span, arguments, span)
            }
            (_, "size") => self.size(receiver, arguments, name_span, span),
            (_, "matches") => self.matches(receiver, arguments, name_span, span),
            (Some(receiver), "startsWith") => {
                self.string_test(Function::StartsWith, receiver, name, name_span, arguments, span)
            }
            (Some(receiver), "endsWith") => {
                self.string_test(Function::EndsWith, receiver, name, name_span, arguments, span)
            }
            (Some(receiver), "contains") => {
                self.string_test(Function::Contains, receiver, name, name_span, arguments, span)
            }
            (Some(receiver), _) if time_field(name).is_some() => {
                self.time_part(receiver, name, name_span, arguments, span)
            }
            _ => self.unknown_function(receiver, name, name_span, arguments),
        }
    }

    /// Exactly so many arguments.
    pub(super) fn arguments<'s, const N: usize>(
        &mut self,
        name: &str,
        arguments: &'s [Syntax],
        name_span: Span,
    ) -> Option<&'s [Syntax; N]> {
        let exact = <&[Syntax; N]>::try_from(arguments).ok();
        if exact.is_none() {
            let plural = if N == 1 { "argument" } else { "arguments" };
            let message = format!("`{name}` takes {N} {plural}, and here are {}", arguments.len());
            self.report(
                Diagnostic::new(Code::ArgumentCount, message, name_span)
                    .labelled(format!("takes {N} {plural}")),
            );
        }
        exact
    }

    fn string_test(
        &mut self,
        function: Function,
        receiver: &Syntax,
        name: &str,
        name_span: Span,
        arguments: &[Syntax],
        span: Span,
    ) -> Checked {
        let user = format!("`{name}`");
        let [argument] = self.arguments::<1>(name, arguments, name_span)?;
        let receiver = self.expression(receiver, None);
        let argument = self.expected(argument, &Type::String, &user);
        let receiver = receiver?;
        if receiver.ty != Type::String {
            let message = format!("`{name}` asks a string, not {}", receiver.ty.with_article());
            let diagnostic = Diagnostic::new(Code::TypeMismatch, message, receiver.span)
                .labelled(format!("this is {}", receiver.ty.with_article()));
            let diagnostic = match (&receiver.ty, &argument) {
                (Type::List(_), Some(argument)) if function == Function::Contains => {
                    let edit = format!(
                        "{} in {}",
                        self.written(argument.span),
                        self.written(receiver.span)
                    );
                    diagnostic.suggest("ask with `in` whether a list has a value", span, edit)
                }
                _ => diagnostic,
            };
            return self.refuse(diagnostic);
        }
        let kind = Kind::Call {
            function,
            arguments: vec![*receiver, *argument?],
        };
        typed(kind, Type::Bool, span)
    }

    /// `size(x)` and `x.size()`
    fn size(
        &mut self,
        receiver: Option<&Syntax>,
        arguments: &[Syntax],
        name_span: Span,
        span: Span,
    ) -> Checked {
        let argument = match receiver {
            Some(receiver) => {
                self.arguments::<0>("size", arguments, name_span)?;
                receiver
            }
            None => &self.arguments::<1>("size", arguments, name_span)?[0],
        };
        let argument = self.expression(argument, None)?;
        let function = match argument.ty {
            Type::String => Function::SizeOfString,
            Type::List(_) => Function::SizeOfList,
            _ => {
                let message = format!(
                    "`size` counts a string or a list, not {}",
                    argument.ty.with_article()
                );
                let label = format!("this is {}", argument.ty.with_article());
                return self
                    .refuse(Diagnostic::new(Code::TypeMismatch, message, argument.span).labelled(label));
            }
        };
        typed(
            Kind::Call {
                function,
                arguments: vec![*argument],
            },
            Type::Int,
            span,
        )
    }

    /// `text.matches(pattern)` and `matches(text, pattern)`
    fn matches(
        &mut self,
        receiver: Option<&Syntax>,
        arguments: &[Syntax],
        name_span: Span,
        span: Span,
    ) -> Checked {
        let (text, written) = if let Some(receiver) = receiver {
            let [pattern] = self.arguments::<1>("matches", arguments, name_span)?;
            (receiver, pattern)
        } else {
            let [text, pattern] = self.arguments::<2>("matches", arguments, name_span)?;
            (text, pattern)
        };
        let text = self.expected(text, &Type::String, "`matches`");
        let checked = self.expected(written, &Type::String, "`matches`")?;
        let Kind::Literal(Literal::String(pattern)) = &checked.kind else {
            return self.refuse(mistakes::unsupported(
                "patterns that are not constant",
                checked.span,
            ));
        };
        let pattern = match pattern::translate(pattern) {
            Ok(translated) => translated,
            Err(bad) => {
                let place = self.inside_string(written, bad.start, bad.end);
                let diagnostic = Diagnostic::new(
                    Code::InvalidPattern,
                    format!("the pattern cannot be read: {}", bad.reason),
                    place,
                )
                .labelled("here");
                return self.refuse(match bad.help {
                    Some(help) => diagnostic.help(help),
                    None => diagnostic,
                });
            }
        };
        typed(Kind::Matches { text: text?, pattern }, Type::Bool, span)
    }

    /// A range of a string constant's value, or the whole constant where escapes stand in it.
    pub(super) fn inside_string(&self, syntax: &Syntax, start: usize, end: usize) -> Span {
        match &syntax.form {
            Form::Constant(Constant::String { body: Some(body), .. }) => {
                self.text.span(body + start, body + end)
            }
            _ => syntax.span,
        }
    }

    /// The segment that `segment("name")` means.
    pub(super) fn segment(&mut self, arguments: &[Syntax], name_span: Span) -> Option<SegmentId> {
        let [argument] = self.arguments::<1>("segment", arguments, name_span)?;
        let Form::Constant(Constant::String { value: name, .. }) = &argument.form else {
            return self.refuse(
                Diagnostic::new(
                    Code::TypeMismatch,
                    "`segment` takes a name in quotes",
                    argument.span,
                )
                .labelled("not a name in quotes"),
            );
        };
        let id = self.environment.segment_id(name);
        if id.is_none() {
            let segments = self.environment.segments();
            let diagnostic = Diagnostic::new(
                Code::UnknownSegment,
                format!("there is no segment \"{name}\""),
                argument.span,
            )
            .labelled(format!("no file segments/{name}.txt"));
            let diagnostic = match nearest(name, segments.iter().map(|segment| segment.name.as_str())) {
                Some(near) => diagnostic.suggest(
                    format!("did you mean \"{near}\"?"),
                    argument.span,
                    format!("{near:?}"),
                ),
                None => diagnostic.help("a segment is a file under segments/, a value a line"),
            };
            return self.refuse(diagnostic);
        }
        id
    }

    /// `t.getHours()`, `t.getHours("+02:00")`, `d.getHours()`
    fn time_part(
        &mut self,
        receiver: &Syntax,
        name: &str,
        name_span: Span,
        arguments: &[Syntax],
        span: Span,
    ) -> Checked {
        let receiver = self.expression(receiver, None)?;
        let (of_timestamp, of_duration) = time_field(name)?;
        let (function, argument) = match (&receiver.ty, of_duration) {
            (Type::Timestamp, _) => {
                let argument = match arguments {
                    [] => receiver,
                    [zone] => self.in_zone(receiver, zone)?,
                    _ => {
                        self.arguments::<1>(name, arguments, name_span)?;
                        return None;
                    }
                };
                (Function::TimestampField(of_timestamp), argument)
            }
            (Type::Duration, Some(field)) => {
                self.arguments::<0>(name, arguments, name_span)?;
                (Function::DurationField(field), receiver)
            }
            (ty, _) => {
                let what = if of_duration.is_some() {
                    "a timestamp or a duration"
                } else {
                    "a timestamp"
                };
                let message = format!("`{name}` asks {what}, not {}", ty.with_article());
                let label = format!("this is {}", ty.with_article());
                return self
                    .refuse(Diagnostic::new(Code::TypeMismatch, message, receiver.span).labelled(label));
            }
        };
        typed(
            Kind::Call {
                function,
                arguments: vec![*argument],
            },
            Type::Int,
            span,
        )
    }

    /// A timestamp moved so that its parts in UTC are those of a time zone with a fixed offset.
    fn in_zone(&mut self, timestamp: Box<Expression>, zone: &Syntax) -> Checked {
        let checked = self.expected(zone, &Type::String, "a time zone")?;
        let Kind::Literal(Literal::String(name)) = &checked.kind else {
            return self.refuse(mistakes::unsupported(
                "time zones that are not constant",
                zone.span,
            ));
        };
        let Some(minutes) = time::parse_zone(name) else {
            return self.refuse(mistakes::unsupported("named time zones", zone.span));
        };
        let span = timestamp.span;
        let offset = constant(Literal::Duration(minutes * 60_000_000_000), zone.span)?;
        let kind = Kind::Arithmetic {
            operator: Arithmetic::Add,
            left: timestamp,
            right: offset,
        };
        typed(kind, Type::Timestamp, span)
    }

    fn unknown_function(
        &mut self,
        receiver: Option<&Syntax>,
        name: &str,
        name_span: Span,
        arguments: &[Syntax],
    ) -> Checked {
        if let Some(Syntax {
            form: Form::Name { name: namespace, .. },
            span,
            ..
        }) = receiver
            && mistakes::is_namespace(namespace)
            && self.environment.attribute_id(namespace).is_none()
        {
            return self.refuse(mistakes::extension(namespace, name, span.to(name_span)));
        }
        if mistakes::is_unsupported_function(name) {
            return self.refuse(mistakes::unsupported(name, name_span));
        }
        let diagnostic = Diagnostic::new(
            Code::UnknownFunction,
            format!("there is no function `{name}`"),
            name_span,
        );
        let known = match receiver {
            // The right function, called the wrong way.
            None if METHODS.contains(&name) => {
                let example = match arguments {
                    [first, rest @ ..] => {
                        let rest: Vec<String> =
                            rest.iter().map(|argument| self.written(argument.span)).collect();
                        format!("{}.{name}({})", self.written(first.span), rest.join(", "))
                    }
                    [] => format!("x.{name}(…)"),
                };
                return self.refuse(
                    diagnostic
                        .labelled("called on a value, not with one")
                        .help(format!("write `{example}`")),
                );
            }
            Some(receiver) if FUNCTIONS.contains(&name) => {
                let example = format!("{name}({})", self.written(receiver.span));
                return self.refuse(
                    diagnostic
                        .labelled("not called on a value")
                        .help(format!("write `{example}`")),
                );
            }
            Some(_) => METHODS,
            None => FUNCTIONS,
        };
        let diagnostic = diagnostic.labelled("unknown function");
        let diagnostic = match nearest(name, known.iter().copied()) {
            Some(near) => diagnostic.suggest(format!("did you mean `{near}`?"), name_span, near),
            None => diagnostic,
        };
        self.refuse(diagnostic)
    }
}

/// A timestamp's part and, where there is one, a duration's of the same name.
fn time_field(name: &str) -> Option<(TimestampField, Option<DurationField>)> {
    Some(match name {
        "getFullYear" => (TimestampField::FullYear, None),
        "getMonth" => (TimestampField::Month, None),
        "getDate" => (TimestampField::Date, None),
        "getDayOfMonth" => (TimestampField::DayOfMonth, None),
        "getDayOfWeek" => (TimestampField::DayOfWeek, None),
        "getDayOfYear" => (TimestampField::DayOfYear, None),
        "getHours" => (TimestampField::Hours, Some(DurationField::Hours)),
        "getMinutes" => (TimestampField::Minutes, Some(DurationField::Minutes)),
        "getSeconds" => (TimestampField::Seconds, Some(DurationField::Seconds)),
        "getMilliseconds" => (TimestampField::Milliseconds, Some(DurationField::Milliseconds)),
        _ => return None,
    })
}
