//! Crossfade's evaluator beside hand-written Rust and beside other engines: the same rules, the same thousand contexts, in one run, on
//! one core. `make bench` runs it.
//!
//! First every engine's answers are held against ours. Engines whose rollouts hash otherwise are not asked about those users; engines
//! without rollouts are given each user's hash with the context, for nothing. Then each decides for some milliseconds at a time, in
//! turn; what counts is processor time, and the median of the rounds.
//!
//! `ROUNDS` sets their number; `FIGURES` names a file for the figures as JSON. With `EXPORT=folder` nothing is measured: the workloads are
//! written there, for `node/engines.mjs`. The last line is the figure; it fails where the goal of
//! DESIGN section 8 is missed.

mod contender;
mod export;
mod native;
mod ours;
mod peers;
mod report;
mod workload;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use contender::agree;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use report::{Column, table};
use serde_json::json;
use workload::Workload;

fn main() -> anyhow::Result<ExitCode> {
    let rounds: usize = match std::env::var("ROUNDS") {
        Ok(text) => text.parse().context("ROUNDS is a number")?,
        Err(_) => 301,
    };
    if let Some(folder) = std::env::var_os("EXPORT") {
        return export_all(Path::new(&folder));
    }
    stay_on_one_core()?;
    let mut columns = Vec::new();
    for workload in Workload::all() {
        let mut contenders = ours::contenders(&workload)?;
        contenders.extend(native::contenders(&workload));
        contenders.extend(peers::contenders(&workload)?);
        agree(&mut contenders, &workload)?;
        for contender in &mut contenders {
            contender.warm_up(&workload)?;
        }
        for _ in 0..rounds {
            for contender in &mut contenders {
                contender.round(&workload)?;
            }
        }
        columns.push(Column::new(workload.name, workload.unit, &contenders));
    }
    println!("{}", table(&columns));
    if let Ok(path) = std::env::var("FIGURES") {
        let figures: Vec<_> = columns.iter().map(Column::json).collect();
        std::fs::write(path, json!(figures).to_string()).context("the file of figures cannot be written")?;
    }
    let missed: Vec<String> = columns.iter().filter_map(Column::missed).collect();
    for missed in &missed {
        println!("missed: {missed}");
    }
    let summaries: Vec<String> = columns.iter().map(Column::summary).collect();
    println!("faster than the fastest other engine: {}", summaries.join(", "));
    Ok(if missed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn export_all(folder: &Path) -> anyhow::Result<ExitCode> {
    for workload in Workload::all() {
        let mut ours = ours::contenders(&workload)?;
        export::export(folder, &workload, &mut ours[0])?;
    }
    println!("three workloads in {}", folder.display());
    Ok(ExitCode::SUCCESS)
}

/// Whatever else a move to another core does, it leaves caches behind.
fn stay_on_one_core() -> anyhow::Result<()> {
    let mut cores = CpuSet::new();
    let last = std::thread::available_parallelism()?.get() - 1;
    cores.set(last)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &cores)?)
}
