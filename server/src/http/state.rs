//! What every handler can ask for.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::data::shapes::Shapes;
use super::limits::Limits;
use super::metrics::{Lag, Traffic};
use crate::config::{Config, ConfigError, Role};
use crate::databases::{Databases, PoolOptions};
use crate::flags::{Flags, RulesError, Watch};
use crate::routing::{Crossfade, CrossfadeOptions};

/// The server: built once, by `main` or by a test, and shared by all its threads.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    config: Config,
    flags: Flags,
    crossfade: Option<Crossfade>,
    watch: Mutex<Option<Watch>>,
    stopping: watch::Sender<bool>,
    shapes: Shapes,
    traffic: Traffic,
    lag: Lag,
    limits: Option<Limits>,
}

/// A server that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its settings do not go together.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its rules are wrong; there are none to go on with.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// Its port is not to be had.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where it should have listened.
        address: SocketAddr,
        /// Why it cannot.
        #[source]
        source: io::Error,
    },
}

impl App {
    /// Loads the rules and follows them, and starts to route between the databases, where there are any. Neither
    /// database need be up. Needs a Tokio runtime.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        config.check()?;
        let flags = load(&config).await?;
        if let Some(file) = &config.last_good {
            tokio::spawn(keep(flags.clone(), file.clone()));
        }
        let crossfade = match (&config.old_database_url, &config.new_database_url) {
            (Some(old), Some(new)) => {
                let databases = Databases::new(old, new, pool_options(&config));
                Some(Crossfade::start(databases, flags.clone(), crossfade_options(&config)).await)
            }
            _ => None,
        };
        let watch = Mutex::new(Some(flags.watch()));
        let limits = config.rate_limit.map(Limits::new);
        let (stopping, shapes) = (watch::Sender::new(false), Shapes::default());
        Ok(Self(Arc::new(Inner {
            config,
            flags,
            crossfade,
            watch,
            stopping,
            shapes,
            traffic: Traffic::default(),
            lag: Lag::default(),
            limits,
        })))
    }

    /// Ends the answers that would go on for ever.
    pub(super) fn hang_up(&self) {
        self.0.stopping.send_replace(true);
    }

    /// True once the server is stopping.
    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stopping.subscribe()
    }

    /// The shapes of statements that are kept prepared.
    pub(super) fn shapes(&self) -> &Shapes {
        &self.0.shapes
    }

    /// What was answered.
    pub(super) fn traffic(&self) -> &Traffic {
        &self.0.traffic
    }

    /// How far the secondary is behind.
    pub(super) fn lag(&self) -> &Lag {
        &self.0.lag
    }

    /// How much one client may ask, where that is limited.
    pub(super) fn limits(&self) -> Option<&Limits> {
        self.0.limits.as_ref()
    }

    /// Stops following the rules, and lets the mirrors finish what they are at.
    pub async fn stop(&self) {
        drop(self.0.watch.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(crossfade) = &self.0.crossfade {
            crossfade.stop().await;
        }
    }

    /// The running rules.
    pub fn flags(&self) -> &Flags {
        &self.0.flags
    }

    /// The two databases and the way between them; absent in a server that only answers flags.
    pub fn crossfade(&self) -> Option<&Crossfade> {
        self.0.crossfade.as_ref()
    }

    /// How it was set up.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// What whoever presents this token may do; without any tokens, on loopback, everything.
    pub fn role_of(&self, token: Option<&str>) -> Option<Role> {
        let tokens = &self.0.config.tokens;
        if tokens.is_empty() {
            return Some(Role::Admin);
        }
        token.and_then(|token| tokens.role_of(token, SystemTime::now()))
    }
}

/// Compiles the rules beside the runtime's threads.
async fn load(config: &Config) -> Result<Flags, RulesError> {
    let (path, last_good) = (config.rules.clone(), config.last_good.clone());
    let loading = tokio::task::spawn_blocking(move || match last_good {
        Some(kept) => Flags::load_or_last_good(&path, &kept),
        None => Flags::load(&path),
    });
    let loaded = loading.await;
    loaded.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// Keeps the running rules in a file, now and after each change.
async fn keep(flags: Flags, file: PathBuf) {
    let mut changes = flags.changes();
    loop {
        changes.mark_unchanged();
        let (running, to) = (flags.running(), file.clone());
        let kept = tokio::task::spawn_blocking(move || running.keep(&to)).await;
        if let Ok(Err(error)) = kept {
            log::error!("the running rules cannot be kept in {}: {error}", file.display());
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

fn pool_options(config: &Config) -> PoolOptions {
    PoolOptions {
        connections: config.pool_size,
        wait: Duration::from_millis(config.connect_deadline_ms),
        ..PoolOptions::default()
    }
}

fn crossfade_options(config: &Config) -> CrossfadeOptions {
    CrossfadeOptions {
        mirror_deadline: Duration::from_millis(config.mirror_deadline_ms),
        read_deadline: Duration::from_millis(config.read_deadline_ms),
        compare: config.compare,
        ..CrossfadeOptions::default()
    }
}
