//! The settings of `crossfade serve`, one field each.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use thiserror::Error;

use super::secret::secret;
use super::{DatabaseUrl, Percent, Tokens};

/// How log lines are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Where the rules are the truth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum RulesStore {
    /// In the folder, whose files this server follows.
    #[default]
    Folder,
    /// In the old database, whose revisions all servers follow.
    Database,
}

/// Everything the server can be told.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    /// Where to listen; beyond loopback only with tokens
    #[arg(long, env = "CROSSFADE_LISTEN", value_name = "ADDRESS:PORT", default_value_t = Config::default().listen)]
    pub listen: SocketAddr,

    /// The rules: a folder, a file, or a built .wasm
    #[arg(long, env = "CROSSFADE_RULES", value_name = "PATH", default_value_os_t = Config::default().rules)]
    pub rules: PathBuf,

    /// Where the rules are the truth: in their folder, or, for several servers, in the old database
    #[arg(long, env = "CROSSFADE_RULES_STORE", value_enum, default_value_t)]
    pub rules_store: RulesStore,

    /// A file that the running rules are kept in, to start from where the rules cannot be read or are wrong
    #[arg(long, env = "CROSSFADE_LAST_GOOD", value_name = "FILE")]
    pub last_good: Option<PathBuf>,

    /// The old database, which takes every write until the switch
    #[arg(long, env = "OLD_DATABASE_URL", value_name = "URL", hide_env_values = true, value_parser = secret::<DatabaseUrl>())]
    pub old_database_url: Option<DatabaseUrl>,

    /// The new database
    #[arg(long, env = "NEW_DATABASE_URL", value_name = "URL", hide_env_values = true, value_parser = secret::<DatabaseUrl>())]
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

    /// How long a client may take to send a request's body
    #[arg(long, env = "CROSSFADE_BODY_DEADLINE_MS", value_name = "MS", default_value_t = Config::default().body_deadline_ms, value_parser = at_least_one::<u64>())]
    pub body_deadline_ms: u64,

    /// Requests a second that one client may send, by its token or else by its address; no limit unless said
    #[arg(long, env = "CROSSFADE_RATE_LIMIT", value_name = "N", value_parser = at_least_one::<u32>())]
    pub rate_limit: Option<u32>,

    /// Origins whose pages may ask, as in `https://shop.example`; none unless said
    #[arg(
        long,
        env = "CROSSFADE_CORS_ORIGINS",
        value_name = "ORIGIN,…",
        value_delimiter = ','
    )]
    pub cors_origins: Vec<String>,

    /// The server's certificate and those that vouch for it, in PEM; with a key, it speaks TLS
    #[arg(long, env = "CROSSFADE_TLS_CERTIFICATE", value_name = "FILE")]
    pub tls_certificate: Option<PathBuf>,

    /// The certificate's key, in PEM
    #[arg(long, env = "CROSSFADE_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// How log lines are written; what is logged, `RUST_LOG` says
    #[arg(long, env = "CROSSFADE_LOG_FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,

    /// How long a shutdown waits for requests and mirrors
    #[arg(long, env = "CROSSFADE_SHUTDOWN_DEADLINE_S", value_name = "S", default_value_t = Config::default().shutdown_deadline_s)]
    pub shutdown_deadline_s: u64,

    /// Who is let in: role:sha256hex[:expiry], …, the roles being evaluate, data and admin
    #[arg(long, env = "CROSSFADE_TOKENS", value_name = "TOKENS", hide_env_values = true, value_parser = secret::<Tokens>(), default_value = "", hide_default_value = true)]
    pub tokens: Tokens,

    /// A file of more of them, which `crossfade token` and the API write and this server follows
    #[arg(long, env = "CROSSFADE_TOKENS_FILE", value_name = "FILE")]
    pub tokens_file: Option<PathBuf>,
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
    /// A migration has two ends.
    #[error("there is one database of two: set both OLD_DATABASE_URL and NEW_DATABASE_URL, or neither")]
    OneDatabase,
    /// TLS needs both.
    #[error(
        "TLS needs a certificate and its key: set both CROSSFADE_TLS_CERTIFICATE and CROSSFADE_TLS_KEY, or neither"
    )]
    HalfOfTls,
    /// There is no database to keep rules in.
    #[error(
        "rules that are kept in the old database need both databases: set OLD_DATABASE_URL and NEW_DATABASE_URL"
    )]
    NoStore,
    /// Browsers would never send such an origin.
    #[error(
        "`{0}` is no origin: one is a scheme and a host, as in https://shop.example, with nothing behind"
    )]
    Origin(String),
}

impl Config {
    /// Refuses settings that do not go together.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.tokens.is_empty() && self.tokens_file.is_none() && !self.listen.ip().is_loopback() {
            return Err(ConfigError::OpenToTheWorld(self.listen));
        }
        if self.old_database_url.is_some() != self.new_database_url.is_some() {
            return Err(ConfigError::OneDatabase);
        }
        if self.rules_store == RulesStore::Database && self.old_database_url.is_none() {
            return Err(ConfigError::NoStore);
        }
        if self.tls_certificate.is_some() != self.tls_key.is_some() {
            return Err(ConfigError::HalfOfTls);
        }
        match self.cors_origins.iter().find(|origin| !is_origin(origin)) {
            Some(wrong) => Err(ConfigError::Origin(wrong.clone())),
            None => Ok(()),
        }
    }

    /// Whether it speaks TLS.
    pub fn is_secure(&self) -> bool {
        self.tls_certificate.is_some()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            rules: PathBuf::from("rules"),
            rules_store: RulesStore::default(),
            last_good: None,
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
            body_deadline_ms: 30_000,
            rate_limit: None,
            cors_origins: Vec::new(),
            tls_certificate: None,
            tls_key: None,
            log_format: LogFormat::default(),
            shutdown_deadline_s: 30,
            tokens: Tokens::default(),
            tokens_file: None,
        }
    }
}

/// `scheme://host[:port]`, the scheme being one that browsers have pages of.
fn is_origin(text: &str) -> bool {
    let host = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '*', ' ', '@']))
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
        let one = parse(&["--old-database-url", "postgres://a@b/c"]).unwrap();
        assert_eq!(one.check(), Err(ConfigError::OneDatabase));
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
    fn what_is_no_origin_is_refused_before_a_browser_wonders() {
        let checked = |origin: &str| parse(&["--cors-origins", origin]).unwrap().check();
        assert_eq!(checked("https://shop.example,http://localhost:5173"), Ok(()));
        for wrong in ["shop.example", "https://shop.example/", "*", "https://"] {
            assert_eq!(
                checked(wrong),
                Err(ConfigError::Origin(wrong.to_owned())),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_certificate_without_its_key_is_refused() {
        let half = parse(&["--tls-certificate", "server.pem"]).unwrap();
        assert_eq!(half.check(), Err(ConfigError::HalfOfTls));
    }

    #[test]
    fn a_pool_of_none_is_refused() {
        assert!(parse(&["--pool-size", "0"]).is_err());
    }
}
