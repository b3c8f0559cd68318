//! Keeps what was wrong in the migration's record, where every operator sees it.

use serde_json::json;

use super::{Direction, Trouble};
use crate::databases::{DatabaseError, Databases, Statement};

/// What a server calls itself in the record.
const WHO: &str = "a server";

/// Notes that a trouble has come, or is over, in the publisher's record. Of several servers that see the same the first
/// notes it.
pub async fn note_trouble(
    databases: &Databases,
    direction: Direction,
    trouble: &Trouble,
    is_over: bool,
) -> Result<(), DatabaseError> {
    let side = direction.publisher();
    let mut connection = databases.mirror_session(side).await?;
    let details = json!({ "code": trouble.code, "way_out": trouble.way_out });
    Statement::new(
        "insert into crossfade.events (who, what, why, details) \
         select $1, $2, $3, $4::text::json where $2 <> coalesce((select e.what from crossfade.events e \
         where e.what in ('trouble', 'trouble-over') and e.details ->> 'code' = $5 order by e.id desc limit 1), 'trouble-over')",
    )
    .text(Some(WHO.to_owned()))
    .text(Some(if is_over { "trouble-over" } else { "trouble" }.to_owned()))
    .text(Some(trouble.message.clone()))
    .text(Some(details.to_string()))
    .text(Some(trouble.code.clone()))
    .execute(&mut connection)
    .await
    .map_err(DatabaseError::statement(side))?;
    Ok(())
}
