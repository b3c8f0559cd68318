//! `crossfade build`: rules as one file, a WebAssembly module.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use crossfade_evaluator::compile;
use crossfade_evaluator::program::{LoadError, Program, add_sources};
use crossfade_evaluator::rules::Rules;
use serde::Serialize;

use super::arguments::RulesArguments;
use super::output::{self, Format, counted};

/// Writes rules as one file: a WebAssembly module
///
/// The module decides the same wherever it runs, and `check`, `test`, `eval` and `serve` take it in place of the folder.
/// It carries the rules' files, so that it can be checked and tested again.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  crossfade build                                 ./rules to rules.wasm
  crossfade build --rules next -o shipped.wasm    another folder, another name
  crossfade build --strip                         without the rules' files, which then stay here
  crossfade check && crossfade test && crossfade build --format json")]
pub(super) struct Arguments {
    #[command(flatten)]
    rules: RulesArguments,

    /// Where to write it; unless said, here, under the rules' own name
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Leave the rules' files out
    #[arg(long)]
    strip: bool,

    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What was built.
#[derive(Serialize)]
struct Built<'b> {
    path: &'b Path,
    bytes: usize,
    version: &'b str,
    features: Vec<&'b str>,
    rules: usize,
    sources: bool,
}

impl Arguments {
    pub(super) fn format(&self) -> Format {
        self.format
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let path = match &arguments.output {
        Some(path) => path.clone(),
        None => arguments.rules.program_name()?,
    };
    refuse_to_overwrite(&path)?;
    let (_, rules) = arguments.rules.compile_from_rules()?;
    // Anew also where a built program was given: it may be another version's.
    let mut wasm = compile::compile(&rules)?;
    if !arguments.strip {
        carry_sources(&mut wasm, &rules)?;
    }
    write(&path, &wasm)?;
    let built = Built {
        path: &path,
        bytes: wasm.len(),
        version: &rules.version,
        features: rules
            .features
            .iter()
            .map(|feature| feature.name.as_str())
            .collect(),
        rules: rules.features.iter().map(|feature| feature.targeting.len()).sum(),
        sources: !arguments.strip,
    };
    match arguments.format {
        Format::Text => output::say(&text(&built))?,
        Format::Json => output::say_json(&built)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn text(built: &Built<'_>) -> String {
    format!(
        "{}: {}, version {}, {} the rules' files\n{}, {}: {}",
        built.path.display(),
        counted(built.bytes, "byte"),
        built.version,
        if built.sources { "with" } else { "without" },
        counted(built.features.len(), "feature"),
        counted(built.rules, "rule"),
        output::listed(&built.features),
    )
}

fn carry_sources(wasm: &mut Vec<u8>, rules: &Rules) -> anyhow::Result<()> {
    let files: Vec<(&str, &str)> = rules
        .sources
        .iter()
        .map(|source| (source.path(), source.text()))
        .collect();
    add_sources(wasm, files.into_iter())
        .context("the program cannot carry its sources; build it with --strip")
}

/// Only what we could have written is overwritten: a slip of `-o` should cost nobody a file.
fn refuse_to_overwrite(path: &Path) -> anyhow::Result<()> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot write {}", path.display())),
    };
    if !metadata.is_file() {
        bail!("cannot write {}: it is there, and it is no file", path.display());
    }
    let is_ours = metadata.len() == 0
        || match Program::inspect(&fs::read(path).with_context(|| format!("cannot read {}", path.display()))?)
        {
            Ok(_) | Err(LoadError::Version { .. }) => true,
            Err(_) => false,
        };
    if !is_ours {
        bail!(
            "{} is there, and it is no program of crossfade's; remove it or choose another name with -o",
            path.display()
        );
    }
    Ok(())
}

/// At once: whoever reads the file meanwhile finds the old program or the new one.
fn write(path: &Path, wasm: &[u8]) -> anyhow::Result<()> {
    let failed = || format!("cannot write {}", path.display());
    // What a link points to is replaced, not the link.
    let path = match fs::canonicalize(path) {
        Ok(path) => path,
        Err(_) => path.to_owned(),
    };
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if !folder.is_dir() {
        bail!(
            "cannot write {}: there is no folder {}",
            path.display(),
            folder.display()
        );
    }
    let mut file = tempfile::Builder::new()
        .prefix(".crossfade-")
        // As any new file: what the process's mask leaves of it.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .with_context(failed)?;
    file.write_all(wasm).with_context(failed)?;
    file.as_file().sync_all().with_context(failed)?;
    file.persist(&path)
        .map_err(|error| error.error)
        .with_context(failed)?;
    Ok(())
}
