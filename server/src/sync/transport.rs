//! By which of two ways changes reach the secondary.

use serde::{Deserialize, Serialize};

/// How changes reach the secondary; one for all tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Triggers note every changed key, and mirroring makes rows equal: needs only ownership of the tables.
    #[default]
    Journal,
    /// PostgreSQL's own logical replication: for large databases, needs `wal_level = logical`.
    PublishSubscribe,
}

impl Transport {
    /// `journal` or `publish-subscribe`, as on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Journal => "journal",
            Self::PublishSubscribe => "publish-subscribe",
        }
    }
}

impl std::fmt::Display for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
