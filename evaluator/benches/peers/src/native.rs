//! The same rules in Rust by hand: what a compiler makes of them, and what a programmer would write for many of them.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;

use crate::contender::Contender;
use crate::workload::{Context, Rule, Workload};

/// `MurmurHash3`'s largest value, by which DevCycle divides.
pub(crate) const MAX_HASH: f64 = 4_294_967_295.0;

pub(crate) fn contenders(workload: &Workload) -> Vec<Contender> {
    let mut contenders = Vec::new();
    if workload.name == "W1" {
        contenders.push(by_match(workload));
    }
    contenders.push(by_sets("maps and sets with Fx hashing", workload, FxBuildHasher));
    contenders.push(by_sets(
        "maps and sets of the standard library",
        workload,
        std::hash::RandomState::new(),
    ));
    contenders
}

/// W1, attributes found in a slice by their names.
fn by_match(workload: &Workload) -> Contender {
    let contexts: Vec<Context> = workload.contexts.clone();
    let rule = &workload.features[0].rules[1];
    let seed = murmur3(rule.name.as_bytes(), 1);
    let decide = move |pairs: &[(&str, &str)]| {
        let attribute = |name: &str| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| *value)
        };
        match attribute("user_id") {
            Some("123" | "456") => true,
            user => {
                matches!(attribute("country"), Some("IN" | "US"))
                    && matches!(attribute("subscription"), Some("pro"))
                    && user.is_some_and(|user| f64::from(rollout_hash(user, seed)) / MAX_HASH <= 0.25)
            }
        }
    };
    Contender::new("native Rust", "`match`", move |nth, answers| {
        answers[0] = decide(std::hint::black_box(&contexts[nth].pairs()));
    })
}

struct NativeRule<S> {
    tests: Vec<(&'static str, HashSet<String, S>)>,
    /// The most that a hash may be, and the seed.
    rollout: Option<(f64, u32)>,
}

/// Every test is a set, every context a map.
fn by_sets<S: BuildHasher + Clone + 'static>(
    form: &'static str,
    workload: &Workload,
    hasher: S,
) -> Contender {
    let native = |rule: &Rule| {
        let tests = rule.tests.iter().map(|test| {
            let mut values = HashSet::with_hasher(hasher.clone());
            values.extend(test.values.iter().cloned());
            (test.attribute.name(), values)
        });
        NativeRule {
            tests: tests.collect(),
            rollout: rule
                .percent
                .map(|percent| (f64::from(percent) / 100.0, murmur3(rule.name.as_bytes(), 1))),
        }
    };
    let features: Vec<Vec<NativeRule<S>>> = workload
        .features
        .iter()
        .map(|feature| feature.rules.iter().map(native).collect())
        .collect();
    let contexts: Vec<HashMap<String, String, S>> = workload
        .contexts
        .iter()
        .map(|context| {
            let mut map = HashMap::with_hasher(hasher.clone());
            map.extend(
                context
                    .pairs()
                    .map(|(name, value)| (name.to_owned(), value.to_owned())),
            );
            map
        })
        .collect();
    Contender::new("native Rust", form, move |nth, answers| {
        let context = &contexts[nth];
        for (rules, answer) in features.iter().zip(answers) {
            *answer = rules.iter().any(|rule| rule.matches(context));
        }
    })
}

impl<S: BuildHasher> NativeRule<S> {
    fn matches(&self, context: &HashMap<String, String, S>) -> bool {
        let holds = |(name, values): &(&str, HashSet<String, S>)| {
            context.get(*name).is_some_and(|value| values.contains(value))
        };
        self.tests.iter().all(holds)
            && self.rollout.is_none_or(|(share, seed)| {
                let user = context.get("user_id");
                user.is_some_and(|user| f64::from(rollout_hash(user, seed)) / MAX_HASH <= share)
            })
    }
}

/// A user's place among all, for a rule's rollout.
pub(crate) fn rollout_hash(user: &str, seed: u32) -> u32 {
    const SUFFIX: &[u8] = b"_rollout";
    let mut short = [0; 64];
    match short.get_mut(..user.len() + SUFFIX.len()) {
        Some(text) => {
            text[..user.len()].copy_from_slice(user.as_bytes());
            text[user.len()..].copy_from_slice(SUFFIX);
            murmur3(text, seed)
        }
        None => murmur3(&[user.as_bytes(), SUFFIX].concat(), seed),
    }
}

/// MurmurHash3 x86-32, <https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp>.
pub(crate) fn murmur3(bytes: &[u8], seed: u32) -> u32 {
    let scramble = |block: u32| {
        block
            .wrapping_mul(0xcc9e_2d51)
            .rotate_left(15)
            .wrapping_mul(0x1b87_3593)
    };
    let (blocks, tail) = bytes.as_chunks::<4>();
    let mut hash = seed;
    for block in blocks {
        hash ^= scramble(u32::from_le_bytes(*block));
        hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    let mut last = [0; 4];
    last[..tail.len()].copy_from_slice(tail);
    hash ^= scramble(u32::from_le_bytes(last));
    hash ^= bytes.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}
