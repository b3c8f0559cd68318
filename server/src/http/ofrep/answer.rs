//! Decisions in OFREP's JSON.

use crossfade_evaluator::program::{Decision, Reason};
use serde::Serialize;
use serde_json::Value;

/// `serverEvaluationSuccess`
#[derive(Serialize)]
pub(super) struct Success<'d> {
    key: &'d str,
    value: &'d Value,
    reason: Reason,
    variant: &'d str,
    metadata: Metadata<'d>,
}

#[derive(Serialize)]
struct Metadata<'d> {
    feature: &'d str,
    /// Metadata has no nulls.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'d str>,
}

/// `evaluationFailure`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Failure<'d> {
    key: &'d str,
    error_code: &'static str,
    error_details: &'static str,
}

/// One flag of a bulk evaluation.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum One<'d> {
    Success(Success<'d>),
    Failure(Failure<'d>),
}

/// `bulkEvaluationSuccess`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct All<'d> {
    pub(super) flags: Vec<One<'d>>,
    pub(super) metadata: Version<'d>,
    pub(super) event_streams: [EventStream; 1],
}

/// Where changes are told of, relative to the base URL that the client has for all of OFREP.
#[derive(Serialize)]
pub(super) struct EventStream {
    #[serde(rename = "type")]
    kind: &'static str,
    endpoint: Endpoint,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    request_uri: &'static str,
}

/// The server's own events.
pub(super) const EVENTS: EventStream = EventStream {
    kind: "sse",
    endpoint: Endpoint {
        request_uri: "/ofrep/v1/events",
    },
};

#[derive(Serialize)]
pub(super) struct Version<'d> {
    /// Of the rules.
    pub(super) version: &'d str,
}

impl<'d> One<'d> {
    pub(super) fn new(decision: &Decision<'d>) -> Self {
        if decision.fault.is_some() {
            let (error_code, error_details) = ("GENERAL", "the evaluation failed");
            return Self::Failure(Failure {
                key: decision.key,
                error_code,
                error_details,
            });
        }
        Self::Success(Success {
            key: decision.key,
            value: decision.value,
            reason: decision.reason,
            variant: decision.variant,
            metadata: Metadata {
                feature: decision.feature,
                rule: decision.rule,
            },
        })
    }
}
