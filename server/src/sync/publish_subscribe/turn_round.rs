//! The other side follows a new primary.

use super::{Direction, PublishSubscribeError, Rows, end, is_subscribed, is_there, subscribe};
use crate::databases::Databases;

/// Lets the other side follow a primary whose slot was reserved before it became that: what is left of the direction that
/// is over goes first, since two at once would send changes round in circles. Safe to run again, by anybody who keeps
/// others from acting meanwhile. False if all was so already.
pub async fn turn_round(databases: &Databases, direction: Direction) -> Result<bool, PublishSubscribeError> {
    let over = direction.reversed();
    let mut done = false;
    if is_there(databases, over).await? {
        end(databases, over).await?;
        done = true;
    }
    if !is_subscribed(databases, direction).await? {
        subscribe(databases, direction, Rows::AreThere).await?;
        done = true;
    }
    Ok(done)
}
