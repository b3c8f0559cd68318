//! `crossfade token`: who may ask the server.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::failure::Failure;
use super::output::{self, Format, table};
use crate::config::{KnownToken, NewToken, Role, TokenFile, TokenFileError};

/// Makes, lists and revokes the tokens that let in
///
/// Servers that follow the file know of a change within a second. The file holds hashes alone.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  crossfade token create --role data --name 'the shop' --tokens-file tokens
  crossfade token create --role evaluate --name ci --expires 2027-01-31T00:00:00Z
  crossfade token list
  crossfade token revoke 1c8bfe8f801d")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,

    /// The file that tokens are kept in
    #[arg(
        long,
        global = true,
        env = "CROSSFADE_TOKENS_FILE",
        value_name = "FILE",
        default_value = "tokens"
    )]
    tokens_file: PathBuf,

    /// How to answer
    #[arg(long, global = true, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Makes a token and shows it, this once
    Create {
        /// What it permits: evaluate, data or admin; each includes those before it
        #[arg(long)]
        role: Role,
        /// What it is for
        #[arg(long, default_value = "")]
        name: String,
        /// When it ends, as in 2027-01-31T00:00:00Z; never unless said
        #[arg(long, value_name = "TIME")]
        expires: Option<jiff::Timestamp>,
    },
    /// Lists tokens by what is known of them
    List,
    /// Ends a token at once
    Revoke {
        /// Its identifier, as list shows it
        id: String,
    },
}

impl Arguments {
    pub(super) fn format(&self) -> Format {
        self.format
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let file = TokenFile::new(&arguments.tokens_file);
    match &arguments.command {
        Command::Create { role, name, expires } => {
            let made = file.create(*role, name, *expires)?;
            match arguments.format {
                Format::Text => output::say(&text_of_new(&made))?,
                Format::Json => output::say_json(&made)?,
            }
        }
        Command::List => {
            let known = file.list()?;
            match arguments.format {
                Format::Text => output::say(&text(&known))?,
                Format::Json => output::say_json(&known)?,
            }
        }
        Command::Revoke { id } => {
            let revoked = match file.revoke(id) {
                Err(error @ TokenFileError::Unknown(_)) => return Err(Failure::No(error.to_string()).into()),
                revoked => revoked?,
            };
            match arguments.format {
                Format::Text => output::say(&format!("revoked {} {}", revoked.id, revoked.name))?,
                Format::Json => output::say_json(&json!({ "revoked": revoked }))?,
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn text_of_new(made: &NewToken) -> String {
    format!(
        "{}\nThis is shown once. It is revoked by: crossfade token revoke {}",
        made.token, made.known.id
    )
}

fn text(known: &[KnownToken]) -> String {
    let rows: Vec<Vec<String>> = known
        .iter()
        .map(|token| {
            let ends = token.expires.as_deref().unwrap_or("never ends");
            vec![
                token.id.clone(),
                token.role.clone(),
                ends.to_owned(),
                token.name.clone(),
            ]
        })
        .collect();
    table(&rows)
}
