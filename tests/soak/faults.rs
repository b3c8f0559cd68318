//! What breaks, when, and for how long.

use std::time::{Duration, Instant};

use super::random::Random;
use super::reasons;
use super::tally::Tally;
use super::world::World;
use crate::support::proxy::Network;

#[derive(Debug, Clone, Copy)]
enum Fault {
    KillNew,
    KillOld,
    KillServer,
    CutNew,
    CutOld,
    SilenceNew,
    SilenceOld,
    RefuseNew,
    SlowNew,
}

/// Those of new are the most, since they must not be noticed.
const FAULTS: [Fault; 12] = [
    Fault::KillNew,
    Fault::KillOld,
    Fault::KillServer,
    Fault::CutNew,
    Fault::SilenceNew,
    Fault::RefuseNew,
    Fault::KillServer,
    Fault::CutOld,
    Fault::SlowNew,
    Fault::KillNew,
    Fault::SilenceOld,
    Fault::SilenceNew,
];

/// Between two faults everything is well for this long at least and at most: some seventy faults in ten minutes, and time
/// in between in which new catches up, so that it is asked at all.
const LULL_MS: (u64, u64) = (2_000, 11_000);

/// Breaks one thing after the other, in an order of chance that leaves none out, and mends each before the next.
pub(super) async fn inject_until(world: &mut World, random: &mut Random, until: Instant) {
    let mut faults = FAULTS;
    for at in (0..).map(|count: usize| count % FAULTS.len()) {
        if at == 0 {
            for place in (1..faults.len()).rev() {
                let other = usize::try_from(random.below(place as u64 + 1)).expect("a small number");
                faults.swap(place, other);
            }
        }
        pause(random, LULL_MS.0, LULL_MS.1, until).await;
        if Instant::now() >= until {
            return;
        }
        inject(world, random, faults[at], until).await;
    }
}

async fn inject(world: &mut World, random: &mut Random, fault: Fault, until: Instant) {
    Tally::count(&world.tally.faults);
    let disturbs = !matches!(
        fault,
        Fault::KillNew | Fault::CutNew | Fault::SilenceNew | Fault::RefuseNew | Fault::SlowNew
    );
    if disturbs {
        world.tally.disturb();
    }
    match fault {
        Fault::KillNew => {
            world.new.kill9().await.expect("a server that can be killed");
            pause(random, 0, 2_000, until).await;
            world.new.start_again().await.expect("new, recovered");
        }
        Fault::KillOld => {
            world.old.kill9().await.expect("a server that can be killed");
            pause(random, 0, 500, until).await;
            world.old.start_again().await.expect("old, recovered");
        }
        Fault::KillServer => {
            reasons::note(world).await;
            world.server.kill_and_start().await;
        }
        Fault::CutNew => world.new_network.break_connections(),
        Fault::CutOld => world.old_network.break_connections(),
        Fault::SilenceNew => {
            world.new_network.set(Network::Silent);
            pause(random, 100, 4_000, until).await;
        }
        Fault::SilenceOld => {
            world.old_network.set(Network::Silent);
            pause(random, 100, 1_500, until).await;
        }
        Fault::RefuseNew => {
            world.new_network.set(Network::Refusing);
            pause(random, 100, 3_000, until).await;
        }
        Fault::SlowNew => {
            let late = Duration::from_millis(random.below(300));
            world.new_network.set(Network::Slow(late));
            pause(random, 500, 4_000, until).await;
        }
    }
    world.old_network.set(Network::Good);
    world.new_network.set(Network::Good);
    if disturbs {
        world.tally.calm();
    }
}

async fn pause(random: &mut Random, least_ms: u64, most_ms: u64, until: Instant) {
    let length = Duration::from_millis(least_ms + random.below(most_ms - least_ms));
    tokio::time::sleep(length.min(until.saturating_duration_since(Instant::now()))).await;
}
