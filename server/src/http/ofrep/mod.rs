//! OpenFeature's Remote Evaluation Protocol, OFREP 0.3: any OpenFeature SDK is a client.
//!
//! The specification is `service/openapi.yaml` of <https://github.com/open-feature/protocol>. One reason goes
//! beyond its list, as it does with every server of the protocol: DEFAULT, which OpenFeature itself defines.

mod answer;
mod error;
mod events;
mod handlers;

pub use events::events;
pub use handlers::{evaluate_all, evaluate_one};

/// An evaluation request's body, as it is described.
#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "it describes what handlers parse by hand")]
pub(super) struct Body {
    /// Attributes, `targetingKey` among them.
    context: serde_json::Map<String, serde_json::Value>,
}
