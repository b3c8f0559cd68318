//! What an operator can say to the server: parsed once, into types that cannot be wrong, before anything starts.
//!
//! A setting comes from a flag, else from the environment, else from the file that `--config` names, else from its default. Whatever is secret (the
//! passwords in database URLs, tokens) is a type that does not print itself.

mod both_databases;
mod database_url;
mod file;
mod percent;
mod program_folders;
mod secret;
mod settings;
mod token_file;
mod tokens;

pub use both_databases::BothDatabases;
pub use database_url::{DatabaseUrl, DatabaseUrlError};
pub use file::{ConfigFile, FileError};
pub use percent::{InvalidPercent, Percent};
pub use program_folders::program_folders;
pub use settings::{Config, ConfigError, LogFormat, RulesStore};
pub(crate) use token_file::hex;
pub use token_file::{KnownToken, NewToken, TokenFile, TokenFileError, fingerprint};
pub use tokens::{Role, Token, TokenError, Tokens};
