//! The settings of `crossfade serve`, one field each.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use thiserror::Error;

use super::secret::secret;
use super::{DatabaseUrl, Percent, Tokens};

/// Everything the server can be told.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    /// Where to listen; beyond loopback only with tokens
    #[arg(long, env = "CROSSFADE_LISTEN", value_name = "ADDRESS:PORT", default_value_t = Config::default().listen)]
    pub listen: SocketAddr,

    /// The rules: a folder, a file, or a built .wasm
    #[arg(long, env = "CROSSFADE_RULES", value_name = "PATH", default_value_os_t = Config::default().rules)]
    pub rules: PathBuf,

    /// The old database, which takes every write until the switch
    #[arg(long, env = "OLD_DATABASE_URL", value_name = "URL", hide_env_values = true, value_parser = secret::<DatabaseUrl>(), requires = "new_database_url")]
    pub old_database_url: Option<DatabaseUrl>,

    /// The new database
    #[arg(long, env = "NEW_DATABASE_URL", value_name = "URL", hide_env_values = true, value_parser = secret::<DatabaseUrl>(), requires = "old_database_url")]
    pub new_database_url: Option<DatabaseUrl>,

    /// Connections kept to each database
    #[arg(long, env = "CROSSFADE_POOL_SIZE", value_name = "N", default_value_t = Config::default().pool_size, value_parser = at_least_one::<usize>())]
    pub pool_size: usize,

    /// How long a request waits for a database connection
    #[arg(long, env = "CROSSFADE_CONNECT_DEADLINE_MS", value_name = "MS", default_value_t = Config::default().connect_deadline_ms, value_parser = at_least_one::<u64>())]
    pub connect_deadline_ms: u64,

    /// How long a statement may run
    #[arg(long, env = "CROSSFADE_STATEMENT_DEADLINE_MS", value_name = "MS", default_value_t = Config::default().statement_deadline_ms, value_parser = at_least_one::<u64>())]
    pub statement_deadline_ms: u64,

    /// How long a read may take on the new database before the old one is asked
    #[arg(long, env = "CROSSFADE_READ_DEADLINE_MS", value_name = "MS", default_value_t = Config::default().read_deadline_ms, value_parser = at_least_one::<u64>())]
    pub read_deadline_ms: u64,

    /// How long a write waits for its mirror before it answers `pending`
    #[arg(long, env = "CROSSFADE_MIRROR_DEADLINE_MS", value_name = "MS", default_value_t = Config::default().mirror_deadline_ms, value_parser = at_least_one::<u64>())]
    pub mirror_deadline_ms: u64,

    /// Reads that the other database is asked too, beside the request, so that differing rows are found; where the
    /// rules have a variable `compare`, they add those of whom it is true
    #[arg(long, env = "CROSSFADE_COMPARE", value_name = "PERCENT", default_value_t = Config::default().compare)]
    pub compare: Percent,

    /// Worker threads that answer requests; one a core unless said
    #[arg(long, env = "CROSSFADE_WORKERS", value_name = "N", value_parser = at_least_one::<usize>())]
    pub workers: Option<usize>,

    /// The largest request body
    #[arg(long, env = "CROSSFADE_MAX_BODY_BYTES", value_name = "BYTES", default_value_t = Config::default().max_body_bytes, value_parser = at_least_one::<usize>())]
    pub max_body_bytes: usize,

    /// The most rows in one answer of /data
    #[arg(long, env = "CROSSFADE_MAX_ROWS", value_name = "N", default_value_t = Config::default().max_rows, value_parser = at_least_one::<u64>())]
    pub max_rows: u64,

    /// The schemas whose tables /data offers; a request that names none means the first
    #[arg(long, env = "CROSSFADE_SCHEMAS", value_name = "NAME,…", value_delimiter = ',', default_values_t = Config::default().schemas)]
    pub schemas: Vec<String>,

    /// Connections that one worker thread holds open
    #[arg(long, env = "CROSSFADE_MAX_CONNECTIONS", value_name = "N", default_value_t = Config::default().max_connections, value_parser = at_least_one::<usize>())]
    pub max_connections: usize,

    /// How long a client may take to send a request's head
    #[arg(long, env = "CROSSFADE_REQUEST_DEADLINE_MS", value_name = "MS", default_value_t = Config::default().request_deadline_ms, value_parser = at_least_one::<u64>())]
    pub request_deadline_ms: u64,

    /// How long a shutdown waits for requests and mirrors
    #[arg(long, env = "CROSSFADE_SHUTDOWN_DEADLINE_S", value_name = "S", default_value_t = Config::default().shutdown_deadline_s)]
    pub shutdown_deadline_s: u64,

    /// Who is let in: role:sha256hex[:expiry], …, the roles being evaluate, data and admin
    #[arg(long, env = "CROSSFADE_TOKENS", value_name = "TOKENS", hide_env_values = true, value_parser = secret::<Tokens>(), default_value = "", hide_default_value = true)]
    pub tokens: Tokens,
}

/// Settings that are right one by one, but not together.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ConfigError {
    /// Beyond loopback, anyone could ask.
    #[error(
        "{0} can be reached from other machines, so the server needs tokens: set CROSSFADE_TOKENS to role:sha256hex \
         entries, or listen on 127.0.0.1"
    )]
    OpenToTheWorld(SocketAddr),
}

impl Config {
    /// Refuses settings that do not go together.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.tokens.is_empty() && !self.listen.ip().is_loopback() {
            return Err(ConfigError::OpenToTheWorld(self.listen));
        }
        Ok(())
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            rules: PathBuf::from("rules"),
            old_database_url: None,
            new_database_url: None,
            pool_size: 16,
            connect_deadline_ms: 3_000,
            statement_deadline_ms: 30_000,
            read_deadline_ms: 2_000,
            mirror_deadline_ms: 1_000,
            compare: Percent::ZERO,
            workers: None,
            max_body_bytes: 4 * 1024 * 1024,
            max_rows: 10_000,
            schemas: vec!["public".to_owned()],
            max_connections: 10_000,
            request_deadline_ms: 5_000,
            shutdown_deadline_s: 30,
            tokens: Tokens::default(),
        }
    }
}

fn at_least_one<T: TryFrom<u64> + Clone + Send + Sync>() -> RangedU64ValueParser<T> {
    RangedU64ValueParser::new().range(1..)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{Config, ConfigError};

    #[derive(Parser, Debug)]
    struct Command {
        #[command(flatten)]
        config: Config,
    }

    fn parse(arguments: &[&str]) -> Result<Config, clap::Error> {
        Command::try_parse_from([&["crossfade"], arguments].concat()).map(|command| command.config)
    }

    #[test]
    fn a_server_on_loopback_needs_no_tokens() {
        assert_eq!(parse(&["--listen", "127.0.0.1:0"]).unwrap().check(), Ok(()));
        assert_eq!(parse(&["--listen", "[::1]:0"]).unwrap().check(), Ok(()));
    }

    #[test]
    fn a_server_that_others_can_reach_needs_tokens() {
        let open = parse(&["--listen", "0.0.0.0:8080"]).unwrap();
        assert_eq!(open.check(), Err(ConfigError::OpenToTheWorld(open.listen)));
        let tokens = format!("data:{}", "ab".repeat(32));
        assert_eq!(
            parse(&["--listen", "0.0.0.0:8080", "--tokens", &tokens])
                .unwrap()
                .check(),
            Ok(())
        );
    }

    #[test]
    fn one_database_alone_is_refused() {
        assert!(parse(&["--old-database-url", "postgres://a@b/c"]).is_err());
    }

    #[test]
    fn a_wrong_secret_is_not_quoted() {
        let message = parse(&["--old-database-url", "postgress://a:hunter2@b/c"])
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("--old-database-url: not a PostgreSQL connection string"),
            "{message}"
        );
        assert!(!message.contains("hunter2"), "{message}");
        let message = parse(&["--tokens", "letmein"]).unwrap_err().to_string();
        assert!(!message.contains("letmein"), "{message}");
    }

    #[test]
    fn a_pool_of_none_is_refused() {
        assert!(parse(&["--pool-size", "0"]).is_err());
    }
}
