//! Who is served: evenly over all users, and never taken back by a raised percentage.

use crossfade_evaluator::condition::{AttributeId, Environment, Kind, Literal, Type};
use crossfade_evaluator::program::{Context, Instance, Value};
use crossfade_evaluator::rules::{Feature, Rollout, Serve, Share, TargetingRule};
use proptest::prelude::*;
use serde_json::json;

use crate::build::{bool, environment, feature, rule, rules, run, switch};

const USERS: usize = 1_000_000;
const ARMS: usize = 10;

/// Chi-square is below this in 999 of 1,000 samples that are uniform; of so many degrees of freedom (NIST/SEMATECH e-Handbook of
/// Statistical Methods, 1.3.6.7.4).
const CRITICAL: [(usize, f64); 2] = [(1, 10.828), (9, 27.877)];

fn attributes() -> Environment {
    environment(&[("user_id", Type::String)])
}

fn everyone(salt: &str, rollout: Option<Rollout>) -> TargetingRule {
    TargetingRule {
        rollout,
        by: Some(AttributeId(0)),
        ..rule(salt, bool(Kind::Literal(Literal::Bool(true))), 1)
    }
}

/// Ten variations of a tenth each.
fn tenths(name: &str, salt: &str) -> Feature {
    let names: Vec<String> = (0..ARMS).map(|arm| arm.to_string()).collect();
    let variations: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(arm, name)| (name.as_str(), json!([arm])))
        .collect();
    let weights = (0..ARMS).map(|arm| (arm, Share(0.1))).collect();
    let split = TargetingRule {
        serve: Serve::Weighted(weights),
        ..everyone(salt, None)
    };
    feature(name, &[name], &variations, vec![split])
}

#[track_caller]
fn assert_uniform(what: &str, observed: &[usize], shares: &[f64]) {
    let all: usize = observed.iter().sum();
    let statistic: f64 = observed
        .iter()
        .zip(shares)
        .map(|(observed, share)| (*observed as f64 - share * all as f64).powi(2) / (share * all as f64))
        .sum();
    let freedom = observed.len() - 1;
    let critical = CRITICAL
        .iter()
        .find(|(degrees, _)| *degrees == freedom)
        .map_or(0.0, |(_, critical)| *critical);
    println!("{what}: chi-square {statistic:.2} of {freedom} degrees of freedom, critical {critical}");
    assert!(statistic < critical, "{what}: {observed:?}");
}

#[test]
fn a_million_users_are_spread_evenly_and_each_rule_spreads_them_anew() {
    let quarter = Some(Rollout::Fixed(Share(0.25)));
    let features = vec![
        tenths("arms", "one salt"),
        tenths("again", "another salt"),
        switch("within", vec![everyone("one salt", quarter)]),
    ];
    let instance = run(&rules(attributes(), features));
    let [arms, again, within] =
        ["arms", "again", "within"].map(|key| instance.program().variable(key).expect("a variable"));
    let mut by_arm = [0; ARMS];
    let mut by_arm_of_rolled_out = [0; ARMS];
    let mut again_of_first_arm = [0; ARMS];
    let mut rolled_out = [0; 2];
    for number in 0..USERS {
        // As people number their users: mostly digits that differ little.
        let user = format!("user-{number:08}");
        let user = [("user_id", Value::String(&user))];
        let context = Context::new(&user, 0);
        let arm = |variable| {
            instance
                .decide_variable(variable, &context)
                .value
                .as_u64()
                .unwrap_or(0) as usize
        };
        let first = arm(arms);
        by_arm[first] += 1;
        if first == 0 {
            again_of_first_arm[arm(again)] += 1;
        }
        let is_within = instance.decide_variable(within, &context).as_bool() == Some(true);
        rolled_out[usize::from(is_within)] += 1;
        if is_within {
            by_arm_of_rolled_out[first] += 1;
        }
    }
    let tenths = [0.1; ARMS];
    assert_uniform("weights", &by_arm, &tenths);
    assert_uniform("a rollout of a quarter", &rolled_out, &[0.75, 0.25]);
    assert_uniform(
        "weights of those within the rollout",
        &by_arm_of_rolled_out,
        &tenths,
    );
    assert_uniform(
        "another rule's weights of those in one variation",
        &again_of_first_arm,
        &tenths,
    );
}

/// Whether a program with one feature serves a user at a moment.
fn serves(instance: &Instance, key: &str, user: &str, now_ms: i64) -> bool {
    let user = [("user_id", Value::String(user))];
    instance
        .decide(key, &Context::new(&user, now_ms))
        .expect("a variable")
        .as_bool()
        == Some(true)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn raising_a_percentage_takes_no_one_out(
        salt in ".{0,12}",
        mut shares in proptest::collection::vec(prop_oneof![0.0..=1.0, Just(0.0), Just(1.0)], 2..6),
        users in proptest::collection::vec(".{0,20}", 200),
    ) {
        shares.sort_by(f64::total_cmp);
        let fixed = shares.iter().enumerate().map(|(nth, share)| {
            switch(&format!("fixed{nth}"), vec![everyone(&salt, Some(Rollout::Fixed(Share(*share))))])
        });
        // The same shares over time: as steps a second apart, and as a line from the first to the last.
        let steps = shares.iter().enumerate().map(|(nth, share)| (nth as i64 * 1000, Share(*share))).collect();
        let last_ms = (shares.len() as i64 - 1) * 1000;
        let (start, end) = (Share(shares[0]), Share(shares[shares.len() - 1]));
        let line = Rollout::Linear { from_ms: 0, to_ms: last_ms, start, end };
        let mut features: Vec<Feature> = fixed.collect();
        features.push(switch("steps", vec![everyone(&salt, Some(Rollout::Steps(steps)))]));
        features.push(switch("line", vec![everyone(&salt, Some(line))]));
        let instance = run(&rules(attributes(), features));
        for user in &users {
            let by_share: Vec<bool> =
                (0..shares.len()).map(|nth| serves(&instance, &format!("fixed{nth}"), user, 0)).collect();
            prop_assert!(by_share.is_sorted(), "{user:?}: {shares:?} {by_share:?}");
            for key in ["steps", "line"] {
                let over_time: Vec<bool> =
                    (-500..=last_ms + 500).step_by(250).map(|now_ms| serves(&instance, key, user, now_ms)).collect();
                prop_assert!(over_time.is_sorted(), "{user:?} by {key}: {shares:?} {over_time:?}");
            }
            // A step is its share.
            let by_step: Vec<bool> =
                (0..shares.len()).map(|nth| serves(&instance, "steps", user, nth as i64 * 1000)).collect();
            prop_assert_eq!(&by_step, &by_share);
            prop_assert_eq!(serves(&instance, "line", user, last_ms), by_share[by_share.len() - 1]);
        }
    }
}
