//! Whether tables that consist of tables can be carried over.

use serde::Deserialize;

use super::examination::{Examination, counted, listed};
use super::{Check, PreflightError};
use crate::databases::Side;
use crate::sync::Transport;

const NAME: &str = "partitions";

#[derive(Deserialize)]
struct Row {
    full_name: String,
    is_partitioned: bool,
    children: usize,
    foreign_children: Vec<String>,
    no_inherit: Vec<String>,
}

/// No partition is on another server, and no table shows the rows of tables that inherit from it.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let parents: Vec<Row> = of.ask(NAME, Side::Old, include_str!("partitions.sql")).await?;
    let partitioned: Vec<&Row> = parents.iter().filter(|parent| parent.is_partitioned).collect();
    let partitions = partitioned.iter().map(|parent| parent.children).sum();
    let mut check = Check::new(NAME).saw(format!(
        "{} with {}",
        counted(partitioned.len(), "partitioned table"),
        counted(partitions, "partition")
    ));
    for parent in &parents {
        let name = &parent.full_name;
        if !parent.foreign_children.is_empty() {
            let detach = parent
                .foreign_children
                .iter()
                .map(|child| format!("alter table {name} detach partition {child}"));
            check
                .block(format!(
                    "partitions of {name} are on other servers ({}), where changes cannot be seen",
                    listed(&parent.foreign_children)
                ))
                .mend(Side::Old, detach);
        }
        if !parent.is_partitioned && of.transport() == Transport::Journal {
            check
                .block(format!(
                    "{name} shows the rows of {} that inherit from it, which would be copied twice",
                    counted(parent.children, "table")
                ))
                .mend(Side::Old, parent.no_inherit.iter().map(String::as_str))
                .then("make it a partitioned table if queries need them together; or use the transport publish-subscribe");
        }
    }
    Ok(check)
}
