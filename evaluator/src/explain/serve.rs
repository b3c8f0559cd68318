//! Rollouts and weights: whether a rule that holds serves, and what.

use super::cause::Cause;
use super::explanation::{Bucket, Portion, RolloutSeen, Split};
use super::given::Given;
use super::value::Value;
use crate::program::NumberText;
use crate::rules::buckets::{MAX_HASH, murmur3, seed_of_salt};
use crate::rules::{Feature, Rules, Serve, Share, TargetingRule};

/// A rule whose condition holds.
pub(super) struct Serving<'r> {
    pub(super) rules: &'r Rules,
    pub(super) feature: &'r Feature,
    pub(super) rule: &'r TargetingRule,
    pub(super) given: &'r Given,
    pub(super) now_ms: i64,
}

/// What a rule's rollout and weights said.
#[derive(Default)]
pub(super) struct Served {
    pub(super) rollout: Option<RolloutSeen>,
    pub(super) split: Option<Split>,
}

/// What came of it.
pub(super) enum Choice {
    /// This variation, by its position; and whether a bucket decided.
    Variation { position: usize, by_bucket: bool },
    /// Outside the rollout.
    Outside,
    /// There is nothing to bucket by.
    NoBucket(Cause),
}

/// Which of a rule's two hashes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Rollout,
    Weights,
}

impl Serving<'_> {
    /// What the rule serves, and how that was found.
    pub(super) fn choose(&self) -> (Choice, Served) {
        let mut served = Served::default();
        let mut by_bucket = false;
        if let Some(rollout) = &self.rule.rollout {
            let Share(share) = rollout.share_at(self.now_ms);
            let mut seen = RolloutSeen {
                share,
                percent: share * 100.0,
                within: share >= 1.0,
                bucket: None,
            };
            let mut missing = None;
            if share > 0.0 && share < 1.0 {
                match self.bucket(Purpose::Rollout) {
                    Ok(bucket) => {
                        seen.within = bucket.number <= share;
                        seen.bucket = Some(bucket);
                    }
                    Err(cause) => missing = Some(cause),
                }
                by_bucket = true;
            }
            let within = seen.within;
            served.rollout = Some(seen);
            match missing {
                Some(cause) => return (Choice::NoBucket(cause), served),
                None if !within => return (Choice::Outside, served),
                None => {}
            }
        }
        let choice = match &self.rule.serve {
            Serve::One(position) => Choice::Variation {
                position: *position,
                by_bucket,
            },
            Serve::Weighted(weights) => match weights.as_slice() {
                // With only one to choose, no bucket is asked.
                [(position, _)] => Choice::Variation {
                    position: *position,
                    by_bucket,
                },
                weights => match self.bucket(Purpose::Weights) {
                    Ok(bucket) => {
                        let (position, portions) = self.portions(weights, bucket.number);
                        served.split = Some(Split { bucket, portions });
                        Choice::Variation {
                            position,
                            by_bucket: true,
                        }
                    }
                    Err(cause) => Choice::NoBucket(cause),
                },
            },
        };
        (choice, served)
    }

    /// The position of the variation that a bucket falls to, and what each of them takes. The shares add up to 1, and so
    /// the last has all that is left.
    fn portions(&self, weights: &[(usize, Share)], number: f64) -> (usize, Vec<Portion>) {
        let mut portions = Vec::with_capacity(weights.len());
        let mut chosen = None;
        let mut from = 0.0;
        let mut sum = 0.0;
        for (nth, (position, Share(share))) in weights.iter().enumerate() {
            sum += share;
            let is_last = nth + 1 == weights.len();
            let to = if is_last { 1.0 } else { sum };
            let is_chosen = chosen.is_none() && (is_last || number < to);
            if is_chosen {
                chosen = Some(*position);
            }
            portions.push(Portion {
                variation: variation_name(self.feature, *position),
                from,
                to,
                chosen: is_chosen,
            });
            from = to;
        }
        (chosen.unwrap_or(self.feature.default), portions)
    }

    fn bucket(&self, purpose: Purpose) -> Result<Bucket, Cause> {
        let ill_formed = || Cause::IllFormed {
            expression: self.rule.name.clone(),
        };
        let id = self.rule.by.ok_or_else(ill_formed)?;
        let attribute = self.rules.environment.attribute(id).ok_or_else(ill_formed)?;
        let value = self
            .given
            .value(id)
            .ok_or_else(|| self.given.why_missing(id, attribute))?;
        let mut text = text_of(value).ok_or_else(ill_formed)?;
        if purpose == Purpose::Rollout {
            text.extend_from_slice(b"_rollout");
        }
        let hash = murmur3(&text, seed_of_salt(&self.rule.salt));
        let number = f64::from(hash) / MAX_HASH;
        Ok(Bucket {
            by: attribute.name.clone(),
            value: value.shown(),
            salt: self.rule.salt.clone(),
            hash,
            number,
            percent: number * 100.0,
        })
    }
}

/// The name of a variation of a feature.
pub(super) fn variation_name(feature: &Feature, position: usize) -> String {
    feature
        .variations
        .get(position)
        .map(|variation| variation.name.clone())
        .unwrap_or_default()
}

/// The text that buckets are made of.
fn text_of(value: &Value) -> Option<Vec<u8>> {
    let number = match value {
        Value::String(text) => return Some(text.as_bytes().to_vec()),
        Value::Int(value) => NumberText::of_int(*value),
        Value::Uint(value) => NumberText::of_uint(*value),
        Value::Double(value) => NumberText::of_double(*value),
        _ => return None,
    };
    Some(number.as_bytes().to_vec())
}
