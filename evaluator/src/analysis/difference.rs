//! What two versions of rules decide differently, with a context for every kind of change.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::example::Example;
use super::model::Model;
use super::search::{Search, Served};
use crate::program::Instance;
use crate::rules::{Feature, Rules};

/// What differs between two versions of rules.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Difference {
    /// Variables that only the newer version has.
    pub added: Vec<String>,
    /// Variables that only the older version has.
    pub removed: Vec<String>,
    /// What changes for somebody, feature by feature.
    pub changes: Vec<Change>,
    /// Features of which it is not known whether anything else changes, with the reason.
    pub unknown: BTreeMap<String, String>,
}

/// A kind of change: from what one rule serves to what another does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The feature, as the newer version calls it.
    pub feature: String,
    /// What the older version serves.
    pub before: Outcome,
    /// What the newer version serves.
    pub after: Outcome,
    /// A context that it changes for.
    pub example: Example,
}

/// What a version serves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The rule; none for the default.
    pub rule: Option<String>,
    /// The variation.
    pub variation: String,
    /// The values of the variables that both versions have.
    pub values: Map<String, Json>,
}

/// A version of the rules, and an instance of what they compile to.
type Version<'v> = (&'v Rules, &'v Instance);

/// What changes from one version to another, at any moment from `from_ms` on.
pub fn difference(before: Version<'_>, after: Version<'_>, from_ms: i64) -> Difference {
    let keys = |rules: &Rules| -> BTreeSet<String> {
        rules
            .features
            .iter()
            .flat_map(|feature| &feature.variables)
            .map(|variable| variable.key.clone())
            .collect()
    };
    let (old, new) = (keys(before.0), keys(after.0));
    let mut difference = Difference {
        added: new.difference(&old).cloned().collect(),
        removed: old.difference(&new).cloned().collect(),
        ..Difference::default()
    };
    // A variable may have moved to another feature: every pair of features that have one in common is compared.
    for newer in &after.0.features {
        for older in &before.0.features {
            let shared: Vec<&str> = newer
                .variables
                .iter()
                .filter(|variable| older.variables.iter().any(|other| other.key == variable.key))
                .map(|variable| variable.key.as_str())
                .collect();
            if !shared.is_empty() {
                of_features((before, older), (after, newer), &shared, from_ms, &mut difference);
            }
        }
    }
    difference
}

fn of_features(
    (before, older): (Version<'_>, &Feature),
    (after, newer): (Version<'_>, &Feature),
    shared: &[&str],
    from_ms: i64,
    difference: &mut Difference,
) {
    let model = Model::new(&[(before.0, older), (after.0, newer)], from_ms);
    let mut search = Search::new(&model);
    let mut shown: BTreeSet<(Served, Served)> = BTreeSet::new();
    let mut doubts: BTreeSet<(Served, Served)> = BTreeSet::new();
    let none: Option<()> = search.outcomes(|assumed, served| {
        let [old, new] = served else {
            return ControlFlow::Continue(());
        };
        let changes = |old: &Served, new: &Served| values(older, *old, shared) != values(newer, *new, shared);
        if shown.contains(&(*old, *new)) || !changes(old, new) {
            return ControlFlow::Continue(());
        }
        let mut found = None;
        let example = Example::find(&model, assumed, |example| {
            let decided = example.with_context(from_ms, |context| {
                Some((
                    decided(older, before.1, shared[0], context)?,
                    decided(newer, after.1, shared[0], context)?,
                ))
            });
            found = decided.filter(|(old, new)| changes(old, new));
            found.is_some()
        });
        match (example, found) {
            (Some(example), Some((old, new))) => {
                if shown.insert((old, new)) {
                    difference.changes.push(Change {
                        feature: newer.name.clone(),
                        before: outcome(older, old, shared),
                        after: outcome(newer, new, shared),
                        example,
                    });
                }
                if (old, new) != (served[0], served[1]) {
                    doubts.insert((served[0], served[1]));
                }
            }
            _ => drop(doubts.insert((*old, *new))),
        }
        ControlFlow::Continue(())
    });
    debug_assert!(none.is_none(), "nothing ends the search");
    let doubtful = doubts.difference(&shown).next().is_some();
    let why = match search.gap {
        Some(gap) => gap.told(&model),
        None if doubtful => "some changes may be, for which no context was found".to_owned(),
        None => return,
    };
    difference.unknown.insert(newer.name.clone(), why);
}

/// What the program decides.
fn decided(
    feature: &Feature,
    instance: &Instance,
    key: &str,
    context: &crate::program::Context<'_>,
) -> Option<Served> {
    let decision = instance.decide(key, context).ok()?;
    Some(Served {
        rule: decision
            .rule
            .and_then(|name| feature.targeting.iter().position(|rule| rule.name == name)),
        variation: feature
            .variations
            .iter()
            .position(|variation| variation.name == decision.variant)?,
    })
}

fn values(feature: &Feature, served: Served, keys: &[&str]) -> Map<String, Json> {
    let variation = feature.variations.get(served.variation);
    keys.iter()
        .filter_map(|key| {
            let position = feature
                .variables
                .iter()
                .position(|variable| variable.key == *key)?;
            Some(((*key).to_owned(), variation?.values.get(position)?.clone()))
        })
        .collect()
}

fn outcome(feature: &Feature, served: Served, keys: &[&str]) -> Outcome {
    Outcome {
        rule: served
            .rule
            .and_then(|rule| feature.targeting.get(rule))
            .map(|rule| rule.name.clone()),
        variation: feature
            .variations
            .get(served.variation)
            .map(|variation| variation.name.clone())
            .unwrap_or_default(),
        values: values(feature, served, keys),
    }
}
