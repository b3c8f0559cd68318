//! Whether transactions are prepared, whose locks nobody who waits can outlast.

use serde::Deserialize;

use super::examination::{Examination, counted};
use super::{Check, PreflightError};
use crate::databases::Side;
use crate::sync::Transport;

const NAME: &str = "prepared_transactions";

#[derive(Deserialize)]
struct Row {
    gid: String,
    quoted: String,
    database: String,
    is_here: bool,
    seconds: i64,
    owner: String,
}

/// There are none in either database, and with a slot to be made, none on the whole server.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let mut check = Check::new(NAME);
    let mut count = 0;
    for side in [Side::Old, Side::New] {
        let rows: Vec<Row> = of
            .ask(NAME, side, include_str!("prepared_transactions.sql"))
            .await?;
        for row in rows {
            // A slot is made only when every transaction on the server that ran before has ended.
            if !row.is_here && of.transport() == Transport::Journal {
                continue;
            }
            count += 1;
            check
                .block(format!(
                    "{} has prepared the transaction {} in {} on {side} {} s ago and not ended it: it holds its locks",
                    row.owner, row.gid, row.database, row.seconds
                ))
                .mend(side, [format!("rollback prepared {}", row.quoted)])
                .then(format!(
                    "or commit prepared, as its transaction manager says; connected to {}",
                    row.database
                ));
        }
    }
    Ok(check.saw(counted(count, "prepared transaction")))
}
