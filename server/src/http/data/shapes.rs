//! Which statements are worth keeping prepared.
//!
//! A statement's text depends on the shape of a request, and clients choose shapes: without a bound, one that makes up
//! ever new ones would fill the memory of every connection's PostgreSQL process.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

use crate::databases::Statement;

/// The most texts that are kept prepared. An application has dozens.
const MOST: usize = 1_000;

/// The texts that are kept prepared: the first ones that came.
#[derive(Debug, Default)]
pub(in crate::http) struct Shapes(RwLock<HashSet<String>>);

impl Shapes {
    /// The statement as it should be run.
    pub(super) fn admit(&self, statement: Statement) -> Statement {
        let is_known = |known: &HashSet<String>| known.contains(statement.sql());
        if is_known(&self.0.read().unwrap_or_else(PoisonError::into_inner)) {
            return statement;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST && !is_known(&known) {
            return statement.once();
        }
        known.insert(statement.sql().to_owned());
        statement
    }
}
