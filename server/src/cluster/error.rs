//! What can go wrong with a cluster, and what to do about it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a cluster could not be made, started, stopped or asked.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// PostgreSQL is not installed, or only its client is.
    #[error(
        "PostgreSQL's server programs (initdb and postgres) were not found in {looked}; install them with \
         `apt-get install postgresql` (Debian, Ubuntu), `dnf install postgresql-server` (Fedora) or \
         `brew install postgresql` (macOS), or set CROSSFADE_PG_BIN to the folder that has them"
    )]
    ProgramsMissing {
        /// The folders that were looked into.
        looked: String,
    },

    /// We are root, and there is no lesser user to run the server as.
    #[error(
        "PostgreSQL refuses to run as root, and neither the user `postgres` nor the user `nobody` exists; \
         create one with `useradd --system postgres`, or run this as a normal user"
    )]
    NoUser,

    /// A program could not be run at all.
    #[error("cannot run {}", program.display())]
    Run {
        /// Which one.
        program: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// `initdb` ran and failed.
    #[error(
        "initdb could not make the data folder {}: {output} (the user {user} must be able to enter every folder above it)",
        data.display()
    )]
    Initdb {
        /// The data folder that was asked for.
        data: PathBuf,
        /// The user that it ran as.
        user: String,
        /// What it said.
        output: String,
    },

    /// The data folder could not be read, written, copied or given to its owner.
    #[error("cannot {doing} {}", path.display())]
    Folder {
        /// What was being done, as in "cannot … this path".
        doing: &'static str,
        /// The path.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// The server ended by itself while it was starting.
    #[error("PostgreSQL in {} ended while it was starting; the end of its log:\n{log}", data.display())]
    EndedEarly {
        /// Its data folder.
        data: PathBuf,
        /// The last lines of its log.
        log: String,
    },

    /// The server runs, but does not answer.
    #[error("PostgreSQL in {} did not answer within {} s; the end of its log:\n{log}", data.display(), waited.as_secs())]
    Silent {
        /// Its data folder.
        data: PathBuf,
        /// How long it was waited for.
        waited: Duration,
        /// The last lines of its log.
        log: String,
    },

    /// The server was told to stop and did not.
    #[error("PostgreSQL in {} did not stop within {} s", data.display(), waited.as_secs())]
    DidNotStop {
        /// Its data folder.
        data: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },

    /// A statement of ours on the running cluster failed.
    #[error("cannot {doing}")]
    Query {
        /// What was being done, as in "cannot …".
        doing: String,
        /// What PostgreSQL said.
        source: tokio_postgres::Error,
    },
}

impl ClusterError {
    /// For `map_err` on file operations.
    pub(super) fn folder(doing: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Folder { doing, path, source }
    }
}
