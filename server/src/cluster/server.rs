//! A PostgreSQL server of our own.

use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio_postgres::{Client, NoTls};

use super::home::{Home, SUPERUSER};
use super::owner::Owner;
use super::process::Process;
use super::{ClusterError, Options, Programs};

/// A start includes crash recovery, on a machine that may be busy.
const START_TIME: Duration = Duration::from_mins(1);

/// A fast stop writes a checkpoint.
const STOP_TIME: Duration = Duration::from_mins(1);

/// How often a starting server is asked whether it is ready.
const ASK_EVERY: Duration = Duration::from_millis(10);

/// A running (or stopped) PostgreSQL server with a data folder of its own, on loopback.
///
/// Dropped, it is stopped and its temporary folder is removed; the same happens when our process is killed.
#[derive(Debug)]
pub struct Cluster {
    // The order matters: fields are dropped from the top, and the process ends before its folder goes.
    process: Option<Process>,
    home: Home,
    programs: Programs,
    owner: Owner,
    password: Option<String>,
    port: u16,
}

/// How a server is told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Connections are broken off, transactions rolled back, everything is written: a tidy end.
    Fast,
    /// At once, as if it had crashed; it recovers at its next start.
    Immediate,
}

impl Cluster {
    /// Makes a cluster (or takes the one that is in the folder) and starts it; returns when it answers.
    pub async fn start(options: Options) -> Result<Self, ClusterError> {
        let programs = match &options.programs {
            Some(folder) => Programs::in_folder(folder)?,
            None => Programs::find()?,
        };
        let owner = Owner::choose()?;
        let home = {
            let (options, programs, owner) = (options.clone(), programs.clone(), owner.clone());
            tokio::task::spawn_blocking(move || Home::prepare(&options, &programs, &owner))
                .await
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?
        };
        let mut cluster = Self {
            process: None,
            home,
            programs,
            owner,
            password: options.password,
            port: 0,
        };
        cluster.launch(options.port).await?;
        Ok(cluster)
    }

    /// The URL of a database for the superuser.
    pub fn url(&self, database: &str) -> String {
        let encode = |password: &String| format!(":{}", utf8_percent_encode(password, NON_ALPHANUMERIC));
        let password = self.password.as_ref().map(encode).unwrap_or_default();
        format!(
            "postgres://{SUPERUSER}{password}@127.0.0.1:{}/{database}",
            self.port
        )
    }

    /// The port on 127.0.0.1. It stays the same when the server is started again.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The programs of this cluster's PostgreSQL version, such as `pg_dump`.
    pub fn programs(&self) -> &Programs {
        &self.programs
    }

    /// Stops the server and waits for its end. Nothing happens when it does not run.
    pub async fn stop(&mut self, how: Stop) -> Result<(), ClusterError> {
        match how {
            Stop::Fast => self.end_by("INT").await,
            Stop::Immediate => self.end_by("QUIT").await,
        }
    }

    /// Kills the server's main process with `SIGKILL`, as a crash would, and waits for its end.
    pub async fn kill9(&mut self) -> Result<(), ClusterError> {
        self.end_by("KILL").await
    }

    /// Starts a stopped or killed server on the same port; returns when it has recovered and answers.
    pub async fn start_again(&mut self) -> Result<(), ClusterError> {
        self.launch(Some(self.port)).await
    }

    /// Whether the server runs.
    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| !process.has_ended())
    }

    /// A connection as superuser, straight to the server.
    pub async fn connect(&self, database: &str) -> Result<Client, ClusterError> {
        let doing = || format!("connect to database {database} on port {}", self.port);
        connect(&self.url(database))
            .await
            .map_err(|source| ClusterError::Query {
                doing: doing(),
                source,
            })
    }

    /// Creates an empty database.
    pub async fn create_database(&self, name: &str) -> Result<(), ClusterError> {
        self.run(&format!("create database {}", quoted(name))).await
    }

    /// Drops a database, breaking off who is connected to it.
    pub async fn drop_database(&self, name: &str) -> Result<(), ClusterError> {
        self.run(&format!("drop database if exists {} with (force)", quoted(name)))
            .await
    }

    async fn run(&self, sql: &str) -> Result<(), ClusterError> {
        let client = self.connect("postgres").await?;
        let done = client.batch_execute(sql).await;
        done.map_err(|source| ClusterError::Query {
            doing: sql.to_owned(),
            source,
        })
    }

    async fn end_by(&mut self, signal: &str) -> Result<(), ClusterError> {
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        process.signal(signal);
        if !process.ended_within(STOP_TIME).await {
            return Err(ClusterError::DidNotStop {
                data: self.home.data(),
                waited: STOP_TIME,
            });
        }
        self.process = None;
        Ok(())
    }

    /// Starts the server on `port` or on a free one. A free port may be taken before the server binds it, and a killed
    /// server's memory may live on until its last child has noticed: both are tried again.
    async fn launch(&mut self, port: Option<u16>) -> Result<(), ClusterError> {
        let deadline = Instant::now() + START_TIME;
        loop {
            self.port = port.map_or_else(free_port, Ok)?;
            let log_start = self.home.log_length_bytes();
            self.process = Some(Process::start(
                &self.home,
                &self.programs,
                &self.owner,
                self.port,
            )?);
            if self.is_ready_by(deadline).await {
                return Ok(());
            }
            let still_runs = self.is_running();
            self.process = None;
            let (data, log) = (self.home.data(), self.home.log_tail(log_start));
            if still_runs {
                return Err(ClusterError::Silent {
                    data,
                    waited: START_TIME,
                    log,
                });
            }
            if !log.contains("in use") || Instant::now() > deadline {
                return Err(ClusterError::EndedEarly { data, log });
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// Waits until our server, and not another that was faster to take the port, answers.
    async fn is_ready_by(&mut self, deadline: Instant) -> bool {
        let data = self.home.data();
        while self.is_running() && Instant::now() < deadline {
            if answering_data_folder(&self.url("postgres"))
                .await
                .is_some_and(|folder| *folder == *data)
            {
                return true;
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        false
    }
}

/// The data folder of the server behind the URL; none when it does not answer us.
async fn answering_data_folder(url: &str) -> Option<std::path::PathBuf> {
    let client = connect(url).await.ok()?;
    let row = client.query_one("show data_directory", &[]).await.ok()?;
    row.try_get::<_, String>(0).ok().map(Into::into)
}

async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            log::debug!("a connection to a cluster of ours ended: {error}");
        }
    });
    Ok(client)
}

fn free_port() -> Result<u16, ClusterError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address
        .map(|address| address.port())
        .map_err(ClusterError::folder("find a free port on", "127.0.0.1".as_ref()))
}

fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}
