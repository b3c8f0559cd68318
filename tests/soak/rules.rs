//! Whose writes go to both databases, and who reads from new: chosen anew every few seconds, while everything goes on.

use std::time::{Duration, Instant};

use super::random::Random;
use super::users::USERS;
use crate::support::server_process::RulesFile;

/// The attributes.
pub(super) const CONTEXT: &str = "attributes:\n  user_id: { type: string, description: The user }\n";

/// How long rules stay, in milliseconds: long enough for users at human pace to be served by them.
const STAY_MS: u64 = 12_000;

/// Rules under which a user in five writes to old and reads from it, as before the migration; of the others, some
/// write to both databases and all read from new.
pub(super) fn rules(random: &mut Random) -> String {
    let mut dual = Vec::new();
    let mut readers = Vec::new();
    for number in 0..USERS {
        let user = format!("\"u{number}\"");
        match random.below(5) {
            0 => {}
            1 | 2 => readers.push(user),
            _ => dual.push(user),
        }
    }
    format!(
        "feature: soak
variables:
  write: {{ type: boolean, description: Also write to new }}
  read: {{ type: boolean, description: Read from new }}
variations:
  nothing: {{ write: false, read: false }}
  reads: {{ write: false, read: true }}
  both: {{ write: true, read: true }}
targeting:
  - {{ name: Dual, when: 'user_id in [{}]', serve: both }}
  - {{ name: Readers, when: 'user_id in [{}]', serve: reads }}
default: nothing
",
        dual.join(", "),
        readers.join(", ")
    )
}

/// Edits the rules again and again.
pub(super) async fn edit_until(file: RulesFile, mut random: Random, until: Instant) {
    while Instant::now() < until {
        let stay = Duration::from_millis(STAY_MS / 2 + random.below(STAY_MS));
        tokio::time::sleep(stay.min(until.saturating_duration_since(Instant::now()))).await;
        file.replace(&rules(&mut random));
    }
}
