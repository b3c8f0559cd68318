//! Why a structure could not be read, carried over or compared.

use std::io;
use std::path::PathBuf;

use crate::databases::{DatabaseError, Side};

/// Why a structure could not be read, carried over or compared.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// No `pg_dump` is new enough.
    #[error(
        "pg_dump {wanted} or newer is needed for the {side} database, and {found}; install it (postgresql-client-{wanted} \
         on Debian and Ubuntu), or set CROSSFADE_PG_BIN to the folder that has it"
    )]
    NoProgram {
        /// The database to be dumped.
        side: Side,
        /// Its major version.
        wanted: u32,
        /// What there is instead.
        found: String,
    },
    /// `pg_dump` could not be run.
    #[error("cannot run {}", program.display())]
    Run {
        /// Which one.
        program: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// `pg_dump` ran and failed.
    #[error("pg_dump could not read the structure of the {side} database: {output}")]
    Dump {
        /// Which database.
        side: Side,
        /// What it said.
        output: String,
    },
    /// The connection string cannot be told to `pg_dump`.
    #[error("the address of the {side} database cannot be told to pg_dump")]
    Address {
        /// Which database.
        side: Side,
        /// Why not.
        source: tokio_postgres::Error,
    },
    /// An object could not be made.
    #[error(
        "{entry} cannot be made in the {side} database; nothing of this section was kept that was not finished"
    )]
    Apply {
        /// Which database.
        side: Side,
        /// The object.
        entry: String,
        /// What PostgreSQL said.
        source: tokio_postgres::Error,
    },
    /// A database could not be reached or asked.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A database described its structure in a way that is not understood.
    #[error("the structure of the {side} database cannot be read")]
    Unreadable {
        /// Which database.
        side: Side,
        /// What did not fit.
        source: serde_json::Error,
    },
}
