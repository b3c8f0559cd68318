//! What must be so before a migration may go on: a file a check.
//!
//! Each check looks at both databases by SQL and passes, warns or blocks, with names and numbers, and with the SQL
//! that mends what it found. Nothing is changed. Gates run it again, so it asks cheap questions only. What is needed
//! depends on the transport.
//!
//! - `examination` is both databases while they are looked at; `ours.sql` stands in front of each question;
//! - `report` is what is found.

mod clock;
mod collations;
mod connections;
mod constraints;
mod deferrable_keys;
mod disk;
mod encodings;
mod error;
mod examination;
mod extensions;
mod foreign_tables;
mod generated_columns;
mod keys;
mod large_objects;
mod long_transactions;
mod materialized_views;
mod new_database;
mod partitions;
mod prepared_transactions;
mod replica_identity;
mod replication_capacity;
mod report;
mod role_names;
mod roles;
mod row_security;
mod sequences;
mod settings;
mod triggers;
mod unlogged_tables;
mod versions;
mod wal;
mod wal_level;
mod writable;

use std::time::Duration;

pub use error::PreflightError;
pub use report::{Check, Finding, Mend, Report, Verdict};

use crate::databases::{Databases, PoolOptions};
use crate::sync::Transport;
use examination::Examination;

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct PreflightOptions {
    /// How changes will reach new.
    pub transport: Transport,
    /// How old an open transaction may be.
    pub long_transaction: Duration,
    /// How many connections to each side a server will make.
    pub connections: usize,
    /// What is free on new's disk, where the operator knows: SQL cannot ask.
    pub new_disk_free_bytes: Option<u64>,
}

impl Default for PreflightOptions {
    fn default() -> Self {
        let pools = PoolOptions::default();
        Self {
            transport: Transport::default(),
            long_transaction: Duration::from_mins(1),
            connections: pools.connections + pools.mirror_connections,
            new_disk_free_bytes: None,
        }
    }
}

/// Looks at both databases. Both must answer; what is wrong with them is in the report.
pub async fn preflight(databases: &Databases, options: PreflightOptions) -> Result<Report, PreflightError> {
    let mut of = Examination::begin(databases, options).await?;
    let of = &mut of;
    let checks = vec![
        versions::check(of),
        writable::check(of).await?,
        roles::check(of).await?,
        role_names::check(of).await?,
        new_database::check(of).await?,
        keys::check(of).await?,
        deferrable_keys::check(of).await?,
        replica_identity::check(of).await?,
        generated_columns::check(of).await?,
        sequences::check(of).await?,
        constraints::check(of).await?,
        partitions::check(of).await?,
        unlogged_tables::check(of).await?,
        large_objects::check(of).await?,
        materialized_views::check(of).await?,
        foreign_tables::check(of).await?,
        triggers::check(of).await?,
        row_security::check(of).await?,
        extensions::check(of).await?,
        encodings::check(of).await?,
        collations::check(of).await?,
        settings::check(of).await?,
        wal_level::check(of).await?,
        replication_capacity::check(of).await?,
        wal::check(of).await?,
        disk::check(of).await?,
        connections::check(of).await?,
        prepared_transactions::check(of).await?,
        long_transactions::check(of).await?,
        clock::check(of).await?,
    ];
    Ok(Report::new(options.transport, checks))
}
