//! What every handler can ask for.

use std::sync::Arc;
use std::time::SystemTime;

use crate::config::{Config, Role};
use crate::flags::Flags;

/// The server: built once, by `main` or by a test, and shared by all its threads.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    config: Config,
    flags: Flags,
}

impl App {
    /// A server of these settings and rules.
    pub fn new(config: Config, flags: Flags) -> Self {
        Self(Arc::new(Inner { config, flags }))
    }

    /// The running rules.
    pub fn flags(&self) -> &Flags {
        &self.0.flags
    }

    /// How it was set up.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// What whoever presents this token may do; without any tokens, on loopback, everything.
    pub fn role_of(&self, token: Option<&str>) -> Option<Role> {
        let tokens = &self.0.config.tokens;
        if tokens.is_empty() {
            return Some(Role::Admin);
        }
        token.and_then(|token| tokens.role_of(token, SystemTime::now()))
    }
}
