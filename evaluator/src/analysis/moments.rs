//! Moments on every side of what rules do by time: windows, schedules, and conditions about `now`.

use super::formula::Formula;
use super::model::Plan;
use crate::rules::{Rollout, Share};

/// What goes by time at most changes at so many instants; beyond, only some are looked at.
const INSTANTS: usize = 500;

/// One moment of every stretch of time in which nothing changes.
#[derive(Debug)]
pub(super) struct Moments {
    /// Milliseconds since the Unix epoch, in ascending order.
    pub(super) moments_ms: Vec<i64>,
    pub(super) is_complete: bool,
}

impl Moments {
    /// From a moment on.
    pub(super) fn new(plans: &[Plan], from_ms: i64) -> Moments {
        let mut instants = Vec::new();
        for step in plans.iter().flat_map(|plan| &plan.steps) {
            instants.extend(step.window.from_ms);
            instants.extend(step.window.to_ms);
            if let Some((rollout, _)) = &step.rollout {
                scheduled(rollout, &mut instants);
            }
            named(&step.condition, &mut instants);
        }
        instants.extend(crossings(plans));
        instants.sort_unstable();
        instants.dedup();
        let is_complete = instants.len() <= INSTANTS;
        instants.truncate(INSTANTS);
        let between = instants.windows(2).map(|pair| pair[0] + (pair[1] - pair[0]) / 2);
        let mut moments_ms: Vec<i64> = vec![from_ms];
        moments_ms.extend(between);
        for instant in instants {
            moments_ms.extend([instant.saturating_sub(1), instant, instant.saturating_add(1)]);
        }
        moments_ms.retain(|moment| *moment >= from_ms);
        moments_ms.sort_unstable();
        moments_ms.dedup();
        Moments {
            moments_ms,
            is_complete,
        }
    }
}

fn scheduled(rollout: &Rollout, instants: &mut Vec<i64>) {
    match rollout {
        Rollout::Fixed(_) => {}
        Rollout::Steps(steps) => instants.extend(steps.iter().map(|(from_ms, _)| *from_ms)),
        Rollout::Linear { from_ms, to_ms, .. } => instants.extend([*from_ms, *to_ms]),
    }
}

/// The milliseconds around the instants that a condition compares `now` with.
fn named(formula: &Formula, instants: &mut Vec<i64>) {
    match formula {
        Formula::Now(_, nanoseconds) => {
            let before = nanoseconds.div_euclid(1_000_000) as i64;
            instants.extend([before, before + 1]);
        }
        Formula::Not(operand) => named(operand, instants),
        Formula::And(operands) | Formula::Or(operands) => {
            for operand in operands {
                named(operand, instants);
            }
        }
        Formula::If(parts) => {
            for part in &**parts {
                named(part, instants);
            }
        }
        Formula::Known(_) | Formula::Ask(..) | Formula::Has(_) | Formula::Opaque(_) => {}
    }
}

/// When a share that grows meets another share: between two such instants, shares stay in their order.
fn crossings(plans: &[Plan]) -> Vec<i64> {
    let rollouts: Vec<&Rollout> = plans
        .iter()
        .flat_map(|plan| &plan.steps)
        .filter_map(|step| step.rollout.as_ref())
        .map(|(rollout, _)| rollout)
        .collect();
    let mut found = Vec::new();
    for rollout in &rollouts {
        let Rollout::Linear {
            from_ms,
            to_ms,
            start,
            end,
        } = rollout
        else {
            continue;
        };
        let mut shares: Vec<f64> = Vec::new();
        for other in &rollouts {
            match other {
                Rollout::Fixed(share) => shares.push(share.0),
                Rollout::Steps(steps) => shares.extend(steps.iter().map(|(_, share)| share.0)),
                Rollout::Linear {
                    from_ms: other_from,
                    to_ms: other_to,
                    start: other_start,
                    end: other_end,
                } => {
                    let rate = |start: &Share, end: &Share, from: &i64, to: &i64| {
                        (end.0 - start.0) / (*to - *from) as f64
                    };
                    let (rate, other_rate) = (
                        rate(start, end, from_ms, to_ms),
                        rate(other_start, other_end, other_from, other_to),
                    );
                    let apart = (other_start.0 - other_rate * *other_from as f64)
                        - (start.0 - rate * *from_ms as f64);
                    let meeting = apart / (rate - other_rate);
                    if meeting.is_finite() && meeting > *from_ms as f64 && meeting < *to_ms as f64 {
                        found.push(meeting as i64);
                    }
                }
            }
        }
        for share in shares {
            let part = (share - start.0) / (end.0 - start.0);
            if part > 0.0 && part < 1.0 {
                found.push(*from_ms + ((*to_ms - *from_ms) as f64 * part) as i64);
            }
        }
    }
    found
}
