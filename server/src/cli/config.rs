//! `crossfade config`: what the server would be set up with, and where each setting comes from.

use std::process::ExitCode;

use super::output::{self, Format, table};
use super::settings::Shown;
use crate::config::Config;

/// Shows the server's settings, where each comes from, and whether they go together
///
/// A flag has precedence over the environment, that over the file of `--config`, and that over the default. No secret
/// is shown.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  crossfade config                                   what `crossfade serve` would run with
  crossfade config --config shop.toml --format json  as a program reads it
  crossfade config --pool-size 32                    flags are those of serve")]
pub(super) struct Arguments {
    #[command(flatten)]
    config: Config,

    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    pub(super) fn format(&self) -> Format {
        self.format
    }
}

/// `shown` are this command's own settings, which are those of `serve`.
pub(super) fn run(arguments: &Arguments, mut shown: Vec<Shown>) -> anyhow::Result<ExitCode> {
    shown.sort_by(|a, b| a.name.cmp(&b.name));
    let databases = [
        ("old-database-url", &arguments.config.old_database_url),
        ("new-database-url", &arguments.config.new_database_url),
    ];
    for (name, url) in databases {
        if let (Some(setting), Some(url)) = (shown.iter_mut().find(|setting| setting.name == name), url) {
            setting.value = Some(url.to_string());
        }
    }
    match arguments.format {
        Format::Text => output::say(&text(&shown))?,
        Format::Json => output::say_json(&shown)?,
    }
    arguments.config.check()?;
    Ok(ExitCode::SUCCESS)
}

fn text(shown: &[Shown]) -> String {
    let rows: Vec<Vec<String>> = shown
        .iter()
        .map(|setting| {
            let value = setting.value.as_deref().unwrap_or("-");
            vec![setting.name.clone(), value.to_owned(), setting.source.clone()]
        })
        .collect();
    table(&rows)
}
