//! Whether there is room for our connections.

use serde::Deserialize;

use super::examination::Examination;
use super::{Check, PreflightError};
use crate::databases::Side;

const NAME: &str = "connections";

#[derive(Deserialize)]
struct Row {
    server_limit: i32,
    server_used: i32,
    database_limit: i32,
    database_used: i32,
    role_limit: i32,
    role_used: i32,
}

/// One server's pools fit into what server, database and role have left.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let needed = i32::try_from(of.options.connections).unwrap_or(i32::MAX);
    let mut check = Check::new(NAME);
    let mut seen = Vec::new();
    for side in [Side::Old, Side::New] {
        let row: Row = of.ask_one(NAME, side, include_str!("connections.sql")).await?;
        seen.push(format!(
            "{} of {} in use on {side}",
            row.server_used, row.server_limit
        ));
        let facts = of.facts(side);
        let (database, role) = (facts.database.clone(), facts.role.clone());
        if row.server_limit - row.server_used < needed {
            let enough = row.server_used.saturating_add(needed).saturating_add(ROOM);
            check
                .block(format!(
                    "{side} takes {} connections and {} are in use; a Crossfade server needs {needed}",
                    row.server_limit, row.server_used
                ))
                .mend(side, [format!("alter system set max_connections = {enough}")])
                .then(format!("then restart {side}"));
        }
        for (limit, used, what, whose) in [
            (
                row.database_limit,
                row.database_used,
                "the database",
                format!("database {database}"),
            ),
            (row.role_limit, row.role_used, "our role", format!("role {role}")),
        ] {
            if limit >= 0 && limit - used < needed {
                check
                    .block(format!(
                        "{what} is allowed {limit} connections on {side} and {used} are in use; a Crossfade server needs \
                         {needed}"
                    ))
                    .mend(side, [format!("alter {whose} connection limit -1")]);
            }
        }
    }
    Ok(check.saw(format!("{needed} are needed; {}", seen.join(", "))))
}

/// What PostgreSQL keeps for its superusers, and a few more.
const ROOM: i32 = 20;
