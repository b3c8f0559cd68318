//! The pools: lazily filled, bounded in size and in the time that anyone waits for them.

use std::sync::Arc;
use std::time::Duration;

use diesel_async::pooled_connection::deadpool::{Object, Pool, PoolError};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::FutureExt;

use super::steps::{Step, Steps, Watcher};
use super::{DatabaseError, DatabaseUrl, Side, with_causes};

/// A connection on loan from a pool; dropped, it goes back, unless a transaction was left open on it.
pub type Connection = Object<AsyncPgConnection>;

/// Settings under which a value's text is the same on both sides and reads back exactly, and under which each
/// statement sees what was committed before it: a mirror reads after it has locked. Rows that policies would hide fail
/// the statement: left out, they would look deleted.
const PINNED_SETTINGS: &str = "\
    set datestyle to 'ISO, YMD'; set intervalstyle to 'postgres'; set timezone to 'UTC'; \
    set extra_float_digits to 1; set bytea_output to 'hex'; set lc_monetary to 'C'; \
    set xmloption to 'content'; set row_security to off; set default_transaction_isolation to 'read committed'; set search_path to pg_catalog; set crossfade.mirror to 'on';";

/// How many connections to keep and how long to wait for one.
#[derive(Debug, Clone, Copy)]
pub struct PoolOptions {
    /// Connections to each side for the application's statements.
    pub connections: usize,
    /// Connections to each side for mirroring.
    pub mirror_connections: usize,
    /// How long a request may wait for a free connection, and a new connection for the server's answer.
    pub wait: Duration,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            connections: 16,
            mirror_connections: 12,
            wait: Duration::from_secs(3),
        }
    }
}

/// Both databases. Nothing connects before it is asked to, so either may be down when this is made.
#[derive(Clone)]
pub struct Databases {
    old: Pools,
    new: Pools,
    wait: Duration,
    steps: Steps,
}

#[derive(Clone)]
struct Pools {
    url: DatabaseUrl,
    application: Pool<AsyncPgConnection>,
    mirror: Pool<AsyncPgConnection>,
}

impl Databases {
    /// Pools for the two databases, still empty.
    #[must_use]
    pub fn new(old: &DatabaseUrl, new: &DatabaseUrl, options: PoolOptions) -> Self {
        let pools = |url: &DatabaseUrl| Pools {
            url: url.clone(),
            application: pool(url, options.connections, options.wait, false),
            mirror: pool(url, options.mirror_connections, options.wait, true),
        };
        Self {
            old: pools(old),
            new: pools(new),
            wait: options.wait,
            steps: Steps::default(),
        }
    }

    /// The same databases, with somebody watching each step between them.
    #[must_use]
    pub fn watched(self, watcher: Arc<Watcher>) -> Self {
        Self {
            steps: Steps::watched(watcher),
            ..self
        }
    }

    /// Tells whoever watches that a step is done.
    pub(crate) async fn step(&self, step: Step) {
        self.steps.done(step).await;
    }

    /// A connection for the application's own statements.
    pub async fn connection(&self, side: Side) -> Result<Connection, DatabaseError> {
        self.get(side, &self.pools(side).application).await
    }

    /// A connection with pinned settings, whose writes are neither captured nor seen by the user's triggers
    /// (where the role may say so).
    pub async fn mirror_session(&self, side: Side) -> Result<Connection, DatabaseError> {
        self.get(side, &self.pools(side).mirror).await
    }

    /// A connection of the driver below diesel's, for `COPY` and notifications. The caller keeps it.
    pub async fn raw_mirror_session(&self, side: Side) -> Result<tokio_postgres::Client, DatabaseError> {
        let lost = |error: tokio_postgres::Error| DatabaseError::Statement {
            side,
            source: diesel::result::Error::DatabaseError(
                diesel::result::DatabaseErrorKind::UnableToSendCommand,
                Box::new(error.to_string()),
            ),
        };
        let mut config = self.pools(side).url.driver_config().map_err(lost)?;
        bound(&mut config, self.wait);
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.map_err(lost)?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                log::debug!("a copy connection to the {side} database ended: {error}");
            }
        });
        client.batch_execute(PINNED_SETTINGS).await.map_err(lost)?;
        if let Err(error) = client.batch_execute(REPLICA_ROLE).await {
            log::debug!("the {side} database does not let this role mirror as a replica: {error}");
        }
        Ok(client)
    }

    /// Where `side` is, without its password.
    #[must_use]
    pub fn url(&self, side: Side) -> &DatabaseUrl {
        &self.pools(side).url
    }

    fn pools(&self, side: Side) -> &Pools {
        match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        }
    }

    async fn get(&self, side: Side, pool: &Pool<AsyncPgConnection>) -> Result<Connection, DatabaseError> {
        match tokio::time::timeout(self.wait, pool.get()).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(source)) => Err(DatabaseError::Connect {
                side,
                source: Box::new(source),
            }),
            Err(_) => Err(DatabaseError::Connect {
                side,
                source: Box::new(PoolError::Timeout(deadpool::managed::TimeoutType::Wait)),
            }),
        }
    }
}

/// A lock or a row that somebody else holds may hold up a pooled mirror session for this long. Its statements look for few
/// rows, in the journal and in tables that may have been empty when the statement was planned: a plan is kept, and one that
/// reads the whole table must not be chosen for its being small. (What has to be read whole still is; to compile such
/// a plan, whose cost then seems immense, would take longer than to run it.)
const BOUNDED_SETTINGS: &str = "\
    set lock_timeout to '5s'; set statement_timeout to '30s'; set enable_seqscan to off; set jit to off;";

/// Mirrored rows must not fire the user's triggers a second time; only some roles may say so.
const REPLICA_ROLE: &str = "set session_replication_role to replica";

fn pool(url: &DatabaseUrl, size: usize, wait: Duration, mirror: bool) -> Pool<AsyncPgConnection> {
    let mut config = ManagerConfig::default();
    // The driver knows at once when a connection has closed; asking the server each time costs a fifth.
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |url| connect(url.to_owned(), wait, mirror).boxed());
    let manager = AsyncDieselConnectionManager::new_with_config(url.with_password(), config);
    Pool::builder(manager)
        .max_size(size)
        .build()
        .unwrap_or_else(|_| unreachable!("a pool without time-outs of its own needs no runtime"))
}

/// A peer that vanished without a word is noticed within some ten seconds, not after TCP's two hours.
fn bound(config: &mut tokio_postgres::Config, wait: Duration) {
    config
        .application_name("crossfade")
        .connect_timeout(wait)
        .tcp_user_timeout(Duration::from_secs(10))
        .keepalives_idle(Duration::from_secs(5))
        .keepalives_interval(Duration::from_secs(2))
        .keepalives_retries(3);
}

async fn connect(
    url: String,
    wait: Duration,
    mirror: bool,
) -> Result<AsyncPgConnection, diesel::ConnectionError> {
    let bad = |error: tokio_postgres::Error| diesel::ConnectionError::BadConnection(with_causes(&error));
    let mut config: tokio_postgres::Config = url.parse().map_err(bad)?;
    bound(&mut config, wait);
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.map_err(bad)?;
    let mut connection = AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
    if mirror {
        connection
            .batch_execute(&format!("{PINNED_SETTINGS} {BOUNDED_SETTINGS}"))
            .await
            .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
        if let Err(error) = connection.batch_execute(REPLICA_ROLE).await {
            log::debug!("this role may not mirror as a replica, so triggers on the secondary fire: {error}");
        }
    }
    Ok(connection)
}
