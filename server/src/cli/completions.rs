//! `crossfade completions`: what makes a shell complete our commands.

use std::process::ExitCode;

use clap_complete::Shell;

use super::output;

/// Writes a script that makes a shell complete commands and options
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  crossfade completions bash > ~/.local/share/bash-completion/completions/crossfade
  crossfade completions zsh > ~/.zfunc/_crossfade          with ~/.zfunc in $fpath
  crossfade completions fish > ~/.config/fish/completions/crossfade.fish")]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, mut command: clap::Command) -> anyhow::Result<ExitCode> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    output::say(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
