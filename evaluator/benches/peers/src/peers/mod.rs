//! Other engines, each in the form in which it is fastest. None has the goal of another here; rules are made as its documentation
//! has them, and its contexts are made beforehand unless the form says otherwise.

mod cedar;
mod datalogic;
mod devcycle;
mod launchdarkly;
mod regorus;
mod unleash;

use anyhow::Context as _;

use crate::contender::Contender;
use crate::native::{MAX_HASH, murmur3, rollout_hash};
use crate::workload::{Context, Rule, Workload};

pub(crate) fn contenders(workload: &Workload) -> anyhow::Result<Vec<Contender>> {
    let engines: [(&str, fn(&Workload) -> anyhow::Result<Vec<Contender>>); 6] = [
        ("datalogic-rs", datalogic::contenders),
        ("unleash-yggdrasil", unleash::contenders),
        ("launchdarkly-server-sdk-evaluation", launchdarkly::contenders),
        ("regorus", regorus::contenders),
        ("cedar-policy", cedar::contenders),
        ("devcycle-bucketing-rs", devcycle::contenders),
    ];
    let mut contenders = Vec::new();
    for (name, make) in engines {
        contenders.extend(make(workload).with_context(|| format!("{name}, {}", workload.name))?);
    }
    Ok(contenders)
}

/// The one rollout of a workload, for engines that have no rollouts: they are given each user's hash with the context.
pub(crate) struct Bucket<'w> {
    rule: &'w Rule,
    percent: u32,
}

impl<'w> Bucket<'w> {
    pub(crate) fn of(workload: &'w Workload) -> Option<Self> {
        let mut rules = workload.features.iter().flat_map(|feature| &feature.rules);
        rules.find_map(|rule| rule.percent.map(|percent| Self { rule, percent }))
    }

    pub(crate) fn hash(&self, context: &Context) -> u32 {
        rollout_hash(&context.user, murmur3(self.rule.name.as_bytes(), 1))
    }

    /// The largest hash that is within the rollout.
    pub(crate) fn last(&self) -> u32 {
        (f64::from(self.percent) / 100.0 * MAX_HASH) as u32
    }
}
