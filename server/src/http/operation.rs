//! One method of one path: what it needs, takes and answers, and who answers it. The router and the description at
//! `/openapi.json` are both made from it.

use actix_web::Route;
use actix_web::http::Method;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::config::Role;

/// Makes a type's schema.
pub(super) type Describe = fn(&mut SchemaGenerator) -> Schema;

/// What can be asked for at one path by one method.
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: &'static str,
    /// None for what anyone may ask.
    pub(super) role: Option<Role>,
    pub(super) summary: &'static str,
    pub(super) query: Option<Describe>,
    pub(super) headers: &'static [&'static str],
    pub(super) body: Option<Describe>,
    pub(super) answers: Vec<Answer>,
    pub(super) route: fn() -> Route,
}

/// One way that an operation is answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) media_type: &'static str,
    /// None for an answer without a body.
    pub(super) body: Option<Describe>,
}

/// The operations that a role is needed for.
pub(super) struct Area {
    role: Option<Role>,
    operations: Vec<Operation>,
}

impl Area {
    /// For everyone.
    pub(super) fn open() -> Self {
        Self {
            role: None,
            operations: Vec::new(),
        }
    }

    /// For holders of a token.
    pub(super) fn of(role: Role) -> Self {
        Self {
            role: Some(role),
            operations: Vec::new(),
        }
    }

    /// One more operation.
    pub(super) fn with(
        mut self,
        method: Method,
        path: &'static str,
        summary: &'static str,
        route: fn() -> Route,
        describe: impl FnOnce(Operation) -> Operation,
    ) -> Self {
        let operation = Operation {
            method,
            path,
            role: self.role,
            summary,
            query: None,
            headers: &[],
            body: None,
            answers: Vec::new(),
            route,
        };
        self.operations.push(describe(operation));
        self
    }

    pub(super) fn into_operations(self) -> Vec<Operation> {
        self.operations
    }
}

impl Operation {
    /// Takes a body.
    pub(super) fn takes<T: JsonSchema>(self) -> Self {
        Self {
            body: Some(SchemaGenerator::subschema_for::<T>),
            ..self
        }
        .fails(&[400, 408, 413])
    }

    /// Reads the URL's query.
    pub(super) fn asks<T: JsonSchema>(self) -> Self {
        Self {
            query: Some(SchemaGenerator::root_schema_for::<T>),
            ..self
        }
        .fails(&[400])
    }

    /// Goes by these headers.
    pub(super) fn reads(self, headers: &'static [&'static str]) -> Self {
        Self { headers, ..self }
    }

    /// Is answered so.
    pub(super) fn gives<T: JsonSchema>(self, status: u16) -> Self {
        self.answered(
            status,
            "application/json",
            Some(SchemaGenerator::subschema_for::<T>),
        )
    }

    /// Is answered by a text that is no JSON.
    pub(super) fn gives_text(self, media_type: &'static str) -> Self {
        self.answered(200, media_type, Some(SchemaGenerator::subschema_for::<String>))
    }

    /// Is answered with no body.
    pub(super) fn gives_nothing(self, status: u16) -> Self {
        self.answered(status, "", None)
    }

    /// May be refused so, with an error for a body.
    pub(super) fn fails(mut self, statuses: &[u16]) -> Self {
        for status in statuses {
            if self.answers.iter().all(|answer| answer.status != *status) {
                self = self.answered(
                    *status,
                    "application/json",
                    Some(SchemaGenerator::subschema_for::<Refusal>),
                );
            }
        }
        self
    }

    fn answered(mut self, status: u16, media_type: &'static str, body: Option<Describe>) -> Self {
        self.answers.push(Answer {
            status,
            media_type,
            body,
        });
        self
    }
}

/// An error, in PostgREST's shape; OFREP's has `errorCode` and `errorDetails`.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes what errors are written as")]
pub(super) struct Refusal {
    /// Stable, for programs.
    code: Option<String>,
    /// A sentence, for people.
    message: Option<String>,
    /// More of it.
    details: serde_json::Value,
    /// What to do.
    hint: Option<String>,
}
