//! From which side to which, and what things are called there.

use serde::{Deserialize, Serialize};

use crate::databases::Side;

/// From one side to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// New follows old, as while syncing.
    OldToNew,
    /// Old follows new, as after the switch.
    NewToOld,
}

impl Direction {
    /// The one in which changes of `primary` are published.
    #[must_use]
    pub fn from_primary(primary: Side) -> Self {
        match primary {
            Side::Old => Self::OldToNew,
            Side::New => Self::NewToOld,
        }
    }

    /// Who publishes.
    #[must_use]
    pub fn publisher(self) -> Side {
        match self {
            Self::OldToNew => Side::Old,
            Self::NewToOld => Side::New,
        }
    }

    /// Who subscribes.
    #[must_use]
    pub fn subscriber(self) -> Side {
        self.publisher().other()
    }

    /// What the publication and the subscription are called, each in its own database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OldToNew => "crossfade_to_new",
            Self::NewToOld => "crossfade_to_old",
        }
    }

    /// The other way round.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self::from_primary(self.subscriber())
    }

    /// The table of markers that go this way.
    pub(super) fn markers(self) -> &'static str {
        match self {
            Self::OldToNew => "crossfade.marker_to_new",
            Self::NewToOld => "crossfade.marker_to_old",
        }
    }

    /// What the slot is called: slots belong to a whole server, so the publishing database's identifier tells it from
    /// those of other migrations.
    pub(super) fn slot(self, database_oid: u32) -> String {
        format!("{}_{database_oid}", self.name())
    }
}

impl std::fmt::Display for Direction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}", self.publisher(), self.subscriber())
    }
}
