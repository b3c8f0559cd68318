//! What comes with a command: who gives it and why, for the record, and how it is to be done.

use std::time::Duration;

use actix_web::HttpRequest;
use schemars::JsonSchema;
use serde::Deserialize;

use super::super::auth;
use super::super::error::ApiError;
use super::super::management::ManagementError;
use super::super::state::App;
use crate::config::fingerprint;
use crate::flags::Audited;
use crate::migration::{CompleteOptions, Operator, TurnOptions};

/// A command's body.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::http) struct Order {
    /// Who gives it, for the record.
    author: String,
    /// Why, for the record.
    reason: String,
    /// Only say which gates are open and what would be done.
    pub(super) dry_run: bool,
    /// How old the last verification may be; 60 unless said. For `switch` and `complete`.
    verified_within_minutes: Option<u32>,
    /// For how long writers may be kept waiting; 2000 unless said. For `switch` and `rollback`.
    longest_fence_ms: Option<u32>,
}

impl Order {
    /// Whoever gives it, with the token that allowed it where one is needed.
    pub(super) fn who(&self, app: &App, request: &HttpRequest) -> String {
        let token = auth::token(request.headers()).filter(|_| app.asks_for_tokens());
        match (self.author.as_str(), token.map(fingerprint)) {
            ("", None) => "anyone".to_owned(),
            ("", Some(token)) => format!("token {token}"),
            (author, None) => author.to_owned(),
            (author, Some(token)) => format!("{author} (token {token})"),
        }
    }

    /// The same as the one who acts.
    pub(super) fn operator(&self, app: &App, request: &HttpRequest) -> Result<Operator, ApiError> {
        let crossfade = app.crossfade().ok_or(ApiError::NoDatabases)?;
        Ok(Operator::new(
            crossfade.databases(),
            self.who(app, request),
            &self.reason,
        ))
    }

    /// How a turn is to be done; nothing is known of the rules yet.
    pub(super) fn turn(&self) -> TurnOptions {
        let usual = TurnOptions::default();
        TurnOptions {
            verified_within: self.verified_within().unwrap_or(usual.verified_within),
            longest_fence: self
                .longest_fence_ms
                .map_or(usual.longest_fence, |ms| Duration::from_millis(ms.into())),
            ..usual
        }
    }

    /// How the end is to be made.
    pub(super) fn end(&self) -> CompleteOptions {
        let usual = CompleteOptions::default();
        CompleteOptions {
            verified_within: self.verified_within().unwrap_or(usual.verified_within),
        }
    }

    fn verified_within(&self) -> Option<Duration> {
        let minutes = self.verified_within_minutes?;
        Some(Duration::from_secs(u64::from(minutes) * 60))
    }

    /// Notes in the audit trail what is about to be done. The migration's own record goes with the migration.
    pub(super) async fn audit(
        &self,
        app: &App,
        request: &HttpRequest,
        command: &str,
    ) -> Result<(), ApiError> {
        let Ok(history) = app.history() else {
            return Ok(());
        };
        let token = auth::token(request.headers()).filter(|_| app.asks_for_tokens());
        let entry = Audited {
            at: jiff::Timestamp::now().to_string(),
            token: token.map_or_else(|| "anyone".to_owned(), fingerprint),
            author: self.author.clone(),
            action: format!("migrate {command}"),
            reason: self.reason.clone(),
        };
        history.audit(entry).await.map_err(ManagementError::from)?;
        Ok(())
    }
}
