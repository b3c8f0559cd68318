//! `has`, `exists`, `all`, `exists_one`.

use super::{Checked, Checker, Local, typed};
use crate::condition::syntax::{Form, Syntax};
use crate::condition::{Kind, LocalId, Macro, Type, mistakes};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

impl Checker<'_> {
    /// `has(attribute)`: CEL asks so for fields, and an attribute is a field of the context.
    pub(super) fn has(&mut self, arguments: &[Syntax], name_span: Span, span: Span) -> Checked {
        let [argument] = self.arguments::<1>("has", arguments, name_span)?;
        match &argument.form {
            Form::Name { name, root } => {
                let checked = self.name(name, *root, None, argument.span)?;
                match checked.kind {
                    Kind::Attribute(id) => typed(Kind::Has(id), Type::Bool, span),
                    _ => self.refuse(
                        Diagnostic::new(Code::TypeMismatch, "`has` asks for an attribute", argument.span)
                            .labelled("this is always there"),
                    ),
                }
            }
            Form::Select { .. } => self.expression(argument, None),
            _ => self.refuse(
                Diagnostic::new(Code::TypeMismatch, "`has` asks for an attribute", argument.span)
                    .labelled("not the name of an attribute"),
            ),
        }
    }

    /// `list.exists(x, predicate)` and its kin.
    pub(super) fn comprehension(
        &mut self,
        macro_: Macro,
        receiver: &Syntax,
        name: &str,
        name_span: Span,
        arguments: &[Syntax],
        span: Span,
    ) -> Checked {
        let list = self.expression(receiver, None);
        if arguments.len() == 3 {
            return self.refuse(mistakes::unsupported("two-variable macros", name_span));
        }
        let [variable, predicate] = self.arguments::<2>(name, arguments, name_span)?;
        let Form::Name {
            name: variable_name,
            root: false,
        } = &variable.form
        else {
            return self.refuse(
                Diagnostic::new(
                    Code::ConditionSyntax,
                    format!("`{name}` needs a name for the element"),
                    variable.span,
                )
                .labelled("not a simple name")
                .help(format!("for example `roles.{name}(role, role == \"admin\")`")),
            );
        };
        let list = list?;
        let Type::List(element) = &list.ty else {
            let message = format!("`{name}` asks a list, not {}", list.ty.with_article());
            let label = format!("this is {}", list.ty.with_article());
            return self.refuse(Diagnostic::new(Code::TypeMismatch, message, list.span).labelled(label));
        };
        let depth = LocalId(u32::try_from(self.locals.len()).unwrap_or(u32::MAX));
        let of = match list.kind {
            Kind::Attribute(id) => Some(id),
            _ => None,
        };
        self.locals.push(Local {
            name: variable_name.clone(),
            ty: (**element).clone(),
            of,
        });
        let predicate = self.expected(predicate, &Type::Bool, &format!("`{name}`"));
        self.locals.pop();
        let kind = Kind::Comprehension {
            macro_,
            variable: depth,
            list,
            predicate: predicate?,
        };
        typed(kind, Type::Bool, span)
    }
}
