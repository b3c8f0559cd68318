//! Whether new reaches the other servers whose tables old shows.

use serde::Deserialize;

use super::examination::{Examination, counted, listed};
use super::{Check, PreflightError};
use crate::databases::Side;

const NAME: &str = "foreign_tables";

#[derive(Deserialize)]
struct Row {
    server: String,
    plain_name: String,
    tables: Vec<String>,
    statement: String,
}

#[derive(Deserialize)]
struct Name {
    srvname: String,
}

/// New knows every foreign server. The rows stay where they are.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let servers: Vec<Row> = of
        .ask(NAME, Side::Old, include_str!("foreign_tables.sql"))
        .await?;
    let known: Vec<Name> = of
        .ask(NAME, Side::New, "select srvname from pg_foreign_server")
        .await?;
    let tables = servers.iter().map(|server| server.tables.len()).sum();
    let mut check = Check::new(NAME).saw(format!(
        "{} on {}; their rows stay where they are",
        counted(tables, "foreign table"),
        counted(servers.len(), "server")
    ));
    for server in servers {
        if known.iter().any(|name| name.srvname == server.plain_name) {
            continue;
        }
        check
            .warn(format!(
                "new does not know the server {} of {}",
                server.server,
                listed(&server.tables)
            ))
            .mend(Side::New, [server.statement])
            .then("then its user mappings, whose passwords only you know; new's host must reach it");
    }
    Ok(check)
}
