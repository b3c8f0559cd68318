//! Whether a value is one that an attribute can have, and how a constant would be written to be of another type.

use super::Checker;
use crate::condition::{Attribute, AttributeId, Expression, Kind, Literal, Type};
use crate::diagnostic::{Code, Diagnostic, nearest};

impl Checker<'_> {
    /// Reports a constant that the attribute it is compared with, or an element of it, cannot be.
    pub(super) fn possible(&mut self, attribute: &Expression, constant: &Expression) {
        let id = match &attribute.kind {
            Kind::Attribute(id) => Some(*id),
            Kind::Local(local) => self.locals.get(local.0 as usize).and_then(|local| local.of),
            _ => None,
        };
        if let (Some(id), Kind::Literal(value)) = (id, &constant.kind) {
            self.impossible(id, value, constant);
        }
    }

    fn impossible(&mut self, id: AttributeId, value: &Literal, constant: &Expression) {
        let Some(attribute) = self.environment.attribute(id) else {
            return;
        };
        let declared = || attribute.values.as_deref().unwrap_or_default();
        if attribute.values.is_some() && !declared().iter().any(|known| same_value(known, value)) {
            let diagnostic = outside_set(attribute, declared(), value, constant);
            return self.report(diagnostic);
        }
        if let Literal::String(text) = value
            && self.environment.breaks_pattern(id, text)
        {
            let upper = text.to_uppercase();
            let diagnostic = Diagnostic::new(
                Code::ImpossibleValue,
                format!("`{}` is never \"{text}\"", attribute.name),
                constant.span,
            )
            .labelled(format!(
                "does not match {}",
                attribute.pattern.as_deref().unwrap_or_default()
            ))
            .also(attribute.span, "its pattern is declared here");
            let fits = *text != upper && !self.environment.breaks_pattern(id, &upper);
            self.report(if fits {
                diagnostic.suggest("write it in capital letters", constant.span, format!("{upper:?}"))
            } else {
                diagnostic
            });
        }
    }

    /// Reports constants that stand in a list twice.
    pub(super) fn repeated(&mut self, elements: &[Expression]) {
        let mut seen = std::collections::HashMap::new();
        for element in elements {
            if let Kind::Literal(Literal::String(value)) = &element.kind
                && let Some(first) = seen.insert(value.as_str(), element.span)
            {
                let repeated = Diagnostic::new(
                    Code::DuplicateValue,
                    format!("\"{value}\" stands in this list twice"),
                    element.span,
                )
                .labelled("again here")
                .also(first, "first here");
                self.diagnostics.push(repeated);
            }
        }
    }

    /// Adds how an expression would be written to be of the type that is wanted, if there is a way.
    pub(super) fn towards(
        &self,
        diagnostic: Diagnostic,
        expression: &Expression,
        wanted: &Type,
    ) -> Diagnostic {
        let span = expression.span;
        let written = self.written(span);
        match (&expression.kind, wanted) {
            (Kind::Literal(Literal::Int(_) | Literal::Double(_) | Literal::Bool(_)), Type::String) => {
                diagnostic.suggest("strings stand in quotes", span, format!("\"{written}\""))
            }
            (Kind::Literal(Literal::String(text)), Type::Int) if text.parse::<i64>().is_ok() => {
                diagnostic.suggest("numbers stand without quotes", span, text)
            }
            (Kind::Literal(Literal::String(text)), Type::Double)
                if text.parse::<f64>().is_ok_and(f64::is_finite) =>
            {
                diagnostic.suggest("numbers stand without quotes", span, text)
            }
            (Kind::Literal(Literal::String(text)), Type::Bool)
                if matches!(text.as_str(), "true" | "false") =>
            {
                diagnostic.suggest("booleans stand without quotes", span, text)
            }
            (Kind::Literal(Literal::String(_)), Type::Semver) => diagnostic.suggest(
                "a version is written `semver(\"1.2.3\")`",
                span,
                format!("semver({written})"),
            ),
            (Kind::Literal(Literal::String(_)), Type::Timestamp) => diagnostic.suggest(
                "an instant is written `timestamp(\"…\")`",
                span,
                format!("timestamp({written})"),
            ),
            (Kind::Literal(Literal::String(_)), Type::Duration) => diagnostic.suggest(
                "a duration is written `duration(\"1h\")`",
                span,
                format!("duration({written})"),
            ),
            (Kind::Literal(Literal::Double(_)), Type::Semver) => diagnostic.suggest(
                "a version is written `semver(\"1.2.3\")`",
                span,
                format!("semver(\"{written}.0\")"),
            ),
            (Kind::Literal(Literal::Int(_)), Type::Double) => {
                diagnostic.suggest("a double is written with a point", span, format!("{written}.0"))
            }
            (Kind::Literal(Literal::Int(_)), Type::Uint) => {
                diagnostic.suggest("a uint is written with a `u`", span, format!("{written}u"))
            }
            (Kind::Attribute(_), Type::Bool) => {
                diagnostic.help(format!("to ask whether it is there, write `has({written})`"))
            }
            _ if expression.ty.is_number() && wanted.is_number() => diagnostic.suggest(
                format!("convert it with `{wanted}(…)`"),
                span,
                format!("{wanted}({written})"),
            ),
            _ => diagnostic,
        }
    }
}

fn same_value(known: &Literal, value: &Literal) -> bool {
    match (known, value) {
        // Numbers of different types compare by value; what a double cannot hold exactly is not in a declared set.
        #[expect(clippy::cast_precision_loss, reason = "declared values are small numbers")]
        (Literal::Int(whole), Literal::Double(double)) | (Literal::Double(double), Literal::Int(whole)) => {
            (*whole as f64).total_cmp(double).is_eq()
        }
        (Literal::Int(whole), Literal::Uint(other)) => u64::try_from(*whole) == Ok(*other),
        _ => known == value,
    }
}

fn outside_set(
    attribute: &Attribute,
    declared: &[Literal],
    value: &Literal,
    constant: &Expression,
) -> Diagnostic {
    let diagnostic = Diagnostic::new(
        Code::ImpossibleValue,
        format!("`{}` is never {}", attribute.name, value.written()),
        constant.span,
    )
    .labelled("not one of its declared values")
    .also(attribute.span, "declared here");
    let strings = declared.iter().filter_map(|known| match known {
        Literal::String(known) => Some(known.as_str()),
        _ => None,
    });
    match value {
        Literal::String(text) if let Some(near) = nearest(text, strings) => diagnostic.suggest(
            format!("did you mean \"{near}\"?"),
            constant.span,
            format!("{near:?}"),
        ),
        _ => {
            let known: Vec<String> = declared.iter().map(Literal::written).collect();
            diagnostic.help(format!("its values are {}", known.join(", ")))
        }
    }
}

impl Literal {
    /// As a condition writes it.
    pub(crate) fn written(&self) -> String {
        match self {
            Literal::Bool(value) => value.to_string(),
            Literal::Int(value) => value.to_string(),
            Literal::Uint(value) => format!("{value}u"),
            Literal::Double(value) => format!("{value:?}"),
            Literal::String(value) => format!("{value:?}"),
            Literal::Timestamp { seconds, nanos } => {
                format!(
                    "timestamp(\"{}\")",
                    crate::condition::time::format_timestamp(*seconds, *nanos)
                )
            }
            Literal::Duration(nanos) => format!(
                "duration(\"{}\")",
                crate::condition::time::format_duration(*nanos)
            ),
            Literal::Semver(value) => format!("semver({value:?})"),
        }
    }
}
