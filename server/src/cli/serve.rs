//! `crossfade serve`: the server, until it is told to stop.

use std::process::ExitCode;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use super::TROUBLE;
use super::failure::Failure;
use crate::config::{Config, LogFormat};
use crate::http::{StartError, serve};

/// Runs the server
///
/// It follows the rules on disk: an edit takes effect within a second, and an edit that is wrong leaves the running
/// rules in place and is logged. SIGTERM and Ctrl-C stop it in good order.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  OLD_DATABASE_URL=postgres://shop@db1/shop NEW_DATABASE_URL=postgres://shop@db2/shop crossfade serve
  RUST_LOG=debug crossfade serve --rules rules            with a line for every decision
  crossfade serve --listen 0.0.0.0:8080 --tokens \"evaluate:$(printf %s \"$TOKEN\" | sha256sum | cut -d' ' -f1)\"")]
pub(super) struct Arguments {
    #[command(flatten)]
    config: Config,
}

impl Arguments {
    pub(super) fn log_format(&self) -> LogFormat {
        self.config.log_format
    }
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for signals")?;
    let rules = arguments.config.rules.clone();
    let mut server = match serve(arguments.config).await {
        Ok(server) => server,
        Err(StartError::Rules(error)) => return Err(Failure::Rules { rules, error }.into()),
        Err(error) => return Err(error.into()),
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        broken = server.broken() => {
            broken.context("the server broke")?;
            return Ok(ExitCode::from(TROUBLE));
        }
    }
    log::info!("stopping: requests in flight are answered, new ones are not taken");
    server.stop().await;
    log::info!("stopped");
    Ok(ExitCode::SUCCESS)
}
