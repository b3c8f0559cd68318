//! What a name means.

use super::{Checked, Checker, typed};
use crate::condition::{Kind, LocalId, Type, mistakes};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::source::Span;

impl Checker<'_> {
    /// A macro's variable, `now`, or an attribute.
    pub(super) fn name(&mut self, name: &str, root: bool, hint: Option<&Type>, span: Span) -> Checked {
        if !root && let Some(depth) = self.locals.iter().rposition(|local| local.name == name) {
            let ty = self.locals[depth].ty.clone();
            let id = LocalId(u32::try_from(depth).unwrap_or(u32::MAX));
            return typed(Kind::Local(id), ty, span);
        }
        if name == "now" {
            return typed(Kind::Now, Type::Timestamp, span);
        }
        let Some(id) = self.environment.attribute_id(name) else {
            let diagnostic = self.unknown_name(name, hint, span);
            return self.refuse(diagnostic);
        };
        let ty = self
            .environment
            .attribute(id)
            .map(|attribute| attribute.ty.clone())?;
        typed(Kind::Attribute(id), ty, span)
    }

    fn unknown_name(&self, name: &str, hint: Option<&Type>, span: Span) -> Diagnostic {
        let diagnostic = Diagnostic::new(
            Code::UnknownAttribute,
            format!("there is no attribute `{name}`"),
            span,
        )
        .labelled("not declared in context.yaml");
        let attributes = self.environment.attributes();
        let locals = self.locals.iter().map(|local| local.name.as_str());
        let names = attributes.iter().map(|attribute| attribute.name.as_str());
        if let Some(near) = nearest(name, names.chain(locals).chain(["now"])) {
            return diagnostic.suggest(format!("did you mean `{near}`?"), span, near);
        }
        let is_a_value = attributes.iter().find(|attribute| {
            attribute
                .values
                .iter()
                .flatten()
                .any(|value| matches!(value, crate::condition::Literal::String(value) if value == name))
        });
        match is_a_value {
            Some(attribute) => diagnostic.suggest(
                format!(
                    "`{name}` is a value of `{}`; values stand in quotes",
                    attribute.name
                ),
                span,
                format!("\"{name}\""),
            ),
            None if mistakes::is_type(name) => mistakes::unsupported("types", span),
            None if hint == Some(&Type::String) => {
                diagnostic.suggest("a string stands in quotes", span, format!("\"{name}\""))
            }
            None => diagnostic.help("values stand in quotes; attributes are declared in context.yaml"),
        }
    }
}
