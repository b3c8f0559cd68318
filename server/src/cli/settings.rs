//! Where settings come from: a flag, else the environment, else the file that `--config` names, else their defaults.
//!
//! The file's values take the place of the defaults before the command line is parsed: so clap alone decides what is
//! valid, and precedence cannot differ between settings.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use anyhow::{Context as _, bail};
use clap::builder::OsStr as ClapStr;
use clap::{Arg, ArgMatches, Command};
use crossfade_evaluator::diagnostic::nearest;

use crate::config::ConfigFile;

/// Names the file where no flag does.
const VARIABLE: &str = "CROSSFADE_CONFIG";

/// The flag that names the file, which every command has.
pub(super) fn flag() -> Arg {
    Arg::new("config")
        .long("config")
        .env(VARIABLE)
        .global(true)
        .value_name("FILE")
        .help("Settings by the names of their flags, in TOML; flags and the environment have precedence")
        .value_parser(clap::value_parser!(std::path::PathBuf))
}

/// The file that the command line or the environment names, before either is parsed.
pub(super) fn file(arguments: impl Iterator<Item = OsString>) -> anyhow::Result<Option<ConfigFile>> {
    let named = named(arguments).or_else(|| std::env::var_os(VARIABLE));
    let Some(path) = named.filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let file = ConfigFile::read(Path::new(&path)).context("the configuration cannot be used")?;
    Ok(Some(file))
}

fn named(arguments: impl Iterator<Item = OsString>) -> Option<OsString> {
    let mut arguments = arguments.take_while(|argument| argument != "--");
    while let Some(argument) = arguments.next() {
        if argument == "--config" {
            return arguments.next();
        }
        if let Some(path) = argument.to_str().and_then(|text| text.strip_prefix("--config=")) {
            return Some(path.into());
        }
    }
    None
}

/// The command line with the file's values for defaults, in all commands that have the setting.
pub(super) fn with_defaults(command: Command, file: &ConfigFile) -> anyhow::Result<Command> {
    let known = names(&command);
    if let Some(unknown) = file.names().find(|name| !known.iter().any(|known| known == name)) {
        let near = nearest(unknown, known.iter().map(String::as_str));
        let meant = near
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        bail!(
            "{}: there is no setting `{unknown}`{meant}",
            file.path().display()
        );
    }
    Ok(replace(command, file))
}

fn replace(command: Command, file: &ConfigFile) -> Command {
    let command = command.mut_args(
        |argument| match setting(&argument).and_then(|name| file.get(&name)) {
            Some(values) => argument
                .default_values(
                    values
                        .iter()
                        .map(|value| ClapStr::from(value.clone()))
                        .collect::<Vec<_>>(),
                )
                .hide_default_value(true),
            None => argument,
        },
    );
    command.mut_subcommands(|subcommand| replace(subcommand, file))
}

/// A setting is what the environment can say too; where the file is, it cannot say itself.
fn setting(argument: &Arg) -> Option<String> {
    argument.get_env()?;
    let name = argument.get_long().filter(|name| *name != "config");
    name.map(str::to_owned)
}

fn names(command: &Command) -> Vec<String> {
    let own = command.get_arguments().filter_map(setting);
    let inner = command.get_subcommands().flat_map(names);
    own.chain(inner).collect()
}

/// A setting's value as it is shown, and where it comes from.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub(super) struct Shown {
    /// As the flag is called.
    pub(super) name: String,
    /// None where nothing is set.
    pub(super) value: Option<String>,
    /// `flag`, `environment NAME`, `file PATH` or `default`.
    pub(super) source: String,
}

/// All settings of the command that was given.
pub(super) fn shown(parser: &Command, matches: &ArgMatches, file: Option<&ConfigFile>) -> Vec<Shown> {
    let given = matches
        .subcommand()
        .and_then(|(name, matches)| Some((parser.find_subcommand(name)?, matches)));
    let Some((command, matches)) = given else {
        return Vec::new();
    };
    let settings = command
        .get_arguments()
        .filter_map(|argument| Some((argument, setting(argument)?)));
    settings
        .map(|(argument, name)| {
            let raw = matches.get_raw(argument.get_id().as_str());
            let value = raw.map(|values| {
                let values: Vec<String> = values.map(|value| value.to_string_lossy().into_owned()).collect();
                values.join(",")
            });
            let value = value.filter(|value| !value.is_empty());
            Shown {
                // What the environment must not show, we do not show either.
                value: value.map(|value| {
                    if argument.is_hide_env_values_set() {
                        "(set)".to_owned()
                    } else {
                        value
                    }
                }),
                source: source(argument, &name, matches, file),
                name,
            }
        })
        .collect()
}

fn source(argument: &Arg, name: &str, matches: &ArgMatches, file: Option<&ConfigFile>) -> String {
    use clap::parser::ValueSource;
    match matches.value_source(argument.get_id().as_str()) {
        Some(ValueSource::CommandLine) => "flag".to_owned(),
        Some(ValueSource::EnvVariable) => {
            let variable = argument.get_env().map(OsStr::to_string_lossy);
            format!("environment {}", variable.unwrap_or_default())
        }
        _ => match file.filter(|file| file.get(name).is_some()) {
            Some(file) => format!("file {}", file.path().display()),
            None => "default".to_owned(),
        },
    }
}
