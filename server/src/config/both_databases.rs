//! Both databases, for commands that do their work without a server.

use super::DatabaseUrl;
use super::secret::secret;

/// Where the two databases are.
#[derive(Debug, Clone, clap::Args)]
pub struct BothDatabases {
    /// The old database
    #[arg(long, env = "OLD_DATABASE_URL", value_name = "URL", hide_env_values = true, value_parser = secret::<DatabaseUrl>())]
    pub old_database_url: DatabaseUrl,

    /// The new database
    #[arg(long, env = "NEW_DATABASE_URL", value_name = "URL", hide_env_values = true, value_parser = secret::<DatabaseUrl>())]
    pub new_database_url: DatabaseUrl,
}
