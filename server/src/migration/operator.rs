//! Who acts on a migration, and why. Only one acts at a time.

use std::time::Duration;

use crate::catalog::Catalog;
use crate::databases::{Databases, Side};
use crate::sync::State;
use crate::sync::handover::{Alone, standing, try_alone};

use super::MigrationError;

/// How long one who has just left may still seem to act.
const LEAVING: Duration = Duration::from_secs(3);
const ASKED_AGAIN: Duration = Duration::from_millis(50);

/// Somebody who acts on a migration, on the databases themselves.
#[derive(Clone)]
pub struct Operator {
    pub(super) databases: Databases,
    pub(super) catalog: Catalog,
    pub(super) who: String,
    pub(super) why: String,
}

impl Operator {
    /// Somebody, and the reason that the record is to give.
    #[must_use]
    pub fn new(databases: &Databases, who: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            databases: databases.clone(),
            catalog: Catalog::default(),
            who: who.into(),
            why: why.into(),
        }
    }

    /// Where the migration stands. What was decided and interrupted is finished first.
    pub(super) async fn standing(&self) -> Result<State, MigrationError> {
        Ok(standing(&self.databases, Side::Old).await?)
    }

    /// Keeps other operators out. Old is asked, since it is there whatever the stage.
    ///
    /// One who has just left may still be on old's books: PostgreSQL notices that a connection has been closed
    /// a little later than whoever closed it.
    pub(super) async fn alone(&self) -> Result<Alone, MigrationError> {
        tokio::time::timeout(LEAVING, async {
            loop {
                if let Some(alone) = try_alone(&self.databases).await? {
                    return Ok(alone);
                }
                tokio::time::sleep(ASKED_AGAIN).await;
            }
        })
        .await
        .unwrap_or(Err(MigrationError::NotAlone))
    }
}
