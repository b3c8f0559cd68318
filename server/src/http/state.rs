//! What every handler can ask for.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::data::shapes::Shapes;
use super::limits::Limits;
use super::management::ManagementError;
use super::metrics::{Lag, Traffic};
use super::migration::jobs::Jobs;
use super::overview::{Records, Samples};
use super::tokens::TokensError;
use crate::config::{Config, ConfigError, Role, RulesStore, TokenFile, TokenFileError, Tokens};
use crate::databases::{Databases, PoolOptions, with_causes};
use crate::flags::{
    DatabaseHistory, Flags, FolderHistory, Following, History, HistoryError, RulesError, Sources, Watch,
    sources_of,
};
use crate::routing::{Crossfade, CrossfadeOptions};

/// How late a server may learn of a token that was made or revoked.
const TOKENS_EVERY: Duration = Duration::from_millis(500);

/// Often enough to see an edit of the rules take effect.
const SAMPLED_EVERY: Duration = Duration::from_secs(2);

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
    jobs: Jobs,
    samples: Samples,
    records: Records,
    history: Option<History>,
    changing: tokio::sync::Mutex<()>,
    /// Those of the file, as last read.
    tokens: ArcSwap<Tokens>,
    following: Mutex<Option<Following>>,
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
    /// Its tokens cannot be read.
    #[error(transparent)]
    Tokens(#[from] TokenFileError),
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
        let databases = match (&config.old_database_url, &config.new_database_url) {
            (Some(old), Some(new)) => Some(Databases::new(old, new, pool_options(&config))),
            _ => None,
        };
        let store = databases
            .clone()
            .filter(|_| config.rules_store == RulesStore::Database);
        let store = store.map(DatabaseHistory::new);
        let (flags, following) = match &store {
            Some(store) => from_store(&config, store).await?,
            None => (load(&config).await?, None),
        };
        if let Some(file) = &config.last_good {
            tokio::spawn(keep(flags.clone(), file.clone()));
        }
        let crossfade = match databases {
            Some(databases) => {
                Some(Crossfade::start(databases, flags.clone(), crossfade_options(&config)).await)
            }
            None => None,
        };
        let watch = Mutex::new(store.is_none().then(|| flags.watch()));
        let history = match store {
            Some(store) => Some(History::Database(store)),
            None => {
                Sources::folder(&config.rules).map(|_| History::Folder(FolderHistory::new(&config.rules)))
            }
        };
        let limits = config.rate_limit.map(Limits::new);
        let (stopping, shapes) = (watch::Sender::new(false), Shapes::default());
        let app = Self(Arc::new(Inner {
            config,
            flags,
            crossfade,
            watch,
            stopping,
            shapes,
            traffic: Traffic::default(),
            lag: Lag::default(),
            limits,
            jobs: Jobs::default(),
            samples: Samples::default(),
            records: Records::default(),
            history,
            changing: tokio::sync::Mutex::default(),
            tokens: ArcSwap::default(),
            following: Mutex::new(following),
        }));
        app.follow_tokens()?;
        app.measure();
        Ok(app)
    }

    /// Reads the file of tokens now and then, for as long as the server is there.
    fn follow_tokens(&self) -> Result<(), StartError> {
        let Some(file) = &self.0.config.tokens_file else {
            return Ok(());
        };
        self.0.tokens.store(Arc::new(TokenFile::new(file).tokens()?));
        let app = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(TOKENS_EVERY).await;
                let Some(app) = app.upgrade() else { return };
                Self(app).read_tokens();
            }
        });
        Ok(())
    }

    /// Measures the traffic, for as long as the server is there.
    fn measure(&self) {
        let app = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(SAMPLED_EVERY);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let Some(inner) = app.upgrade() else { return };
                let app = Self(inner);
                app.samples().take(&app).await;
            }
        });
    }

    /// Reads the file of tokens; where that is wrong, those read before go on.
    pub(super) fn read_tokens(&self) {
        let Some(file) = &self.0.config.tokens_file else {
            return;
        };
        match TokenFile::new(file).tokens() {
            Ok(tokens) => self.0.tokens.store(Arc::new(tokens)),
            Err(error) => log::error!("the tokens known before go on: {error}"),
        }
    }

    /// Where tokens can be made and revoked.
    pub(super) fn token_file(&self) -> Result<TokenFile, TokensError> {
        let file = self.0.config.tokens_file.as_deref();
        file.map(TokenFile::new).ok_or(TokensError::NoFile)
    }

    /// Long work that somebody asked for.
    pub(super) fn jobs(&self) -> &Jobs {
        &self.0.jobs
    }

    /// The traffic of the last minutes.
    pub(super) fn samples(&self) -> &Samples {
        &self.0.samples
    }

    /// What the databases say of the migration.
    pub(super) fn records(&self) -> &Records {
        &self.0.records
    }

    /// Where revisions of the rules are kept.
    pub(super) fn history(&self) -> Result<&History, ManagementError> {
        let history = self.0.history.as_ref();
        history.ok_or(ManagementError::History(HistoryError::Program))
    }

    /// Leave to change the rules; others wait.
    pub(super) async fn changing(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.changing.lock().await
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
        drop(
            self.0
                .following
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
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
        if !self.asks_for_tokens() {
            return Some(Role::Admin);
        }
        let (token, now) = (token?, SystemTime::now());
        tokens
            .role_of(token, now)
            .max(self.0.tokens.load().role_of(token, now))
    }

    /// Whether anyone needs a token.
    pub(super) fn asks_for_tokens(&self) -> bool {
        !self.0.config.tokens.is_empty() || self.0.config.tokens_file.is_some()
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

/// The latest revision in the database; where there is none yet, or it cannot be asked, the last good rules or those of
/// the folder, until there is one.
async fn from_store(
    config: &Config,
    store: &DatabaseHistory,
) -> Result<(Flags, Option<Following>), StartError> {
    let latest = store.latest().await.unwrap_or_else(|error| {
        log::warn!(
            "the rules cannot be had from the database yet: {}",
            with_causes(&error)
        );
        None
    });
    let Some((recorded, files)) = latest else {
        let flags = load(config).await?;
        let following = flags.follow(store, 0);
        return Ok((flags, Some(following)));
    };
    let name = PathBuf::from(format!("revision {}", recorded.id));
    let compiling = tokio::task::spawn_blocking(move || Flags::run(name, &sources_of(&files)));
    let flags = compiling
        .await
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
    let following = flags.follow(store, recorded.id);
    Ok((flags, Some(following)))
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
