//! Rules that serve nobody, whatever the context and the moment: their conditions hold for none, or earlier rules serve them all.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::model::Model;
use super::search::Search;
use crate::condition::{Expression, Kind, Literal};
use crate::diagnostic::{Code, Diagnostic};
use crate::rules::{Feature, Rollout, Rules, Share, TargetingRule};

/// So many values that conditions name are looked at, of all features together; the rest of the features are not asked.
const VALUES: usize = 3_000_000;

/// A warning for each such rule, in the order of features and rules. What could not be decided is not warned of.
pub fn unreached(rules: &Rules) -> Vec<Diagnostic> {
    let mut values_left = VALUES;
    let mut is_affordable = |feature: &&Feature| {
        let values: usize = feature
            .targeting
            .iter()
            .map(|rule| values_named(rules, &rule.condition))
            .sum();
        let left = values_left.checked_sub(values);
        values_left = left.unwrap_or(values_left);
        left.is_some()
    };
    let enabled = rules.features.iter().filter(|feature| feature.enabled);
    enabled
        .filter(|feature| is_affordable(feature))
        .flat_map(|feature| of_feature(rules, feature))
        .collect()
}

/// How many values a condition names, in lists and segments.
fn values_named(rules: &Rules, condition: &Expression) -> usize {
    let mut values = 0;
    condition.for_each(&mut |expression| match &expression.kind {
        Kind::Literal(_) => values += 1,
        Kind::InSegment { segment, .. } => {
            values += rules
                .environment
                .segment(*segment)
                .map_or(0, |segment| segment.values.len());
        }
        _ => {}
    });
    values
}

fn of_feature(rules: &Rules, feature: &Feature) -> Vec<Diagnostic> {
    let model = Model::new(&[(rules, feature)], i64::MIN);
    let [plan] = &model.plans[..] else {
        return Vec::new();
    };
    // A rule that cannot be asked has no step; then numbers of steps are not numbers of rules.
    if plan.steps.len() != feature.targeting.len() {
        return Vec::new();
    }
    let mut waiting: BTreeSet<usize> = (0..plan.steps.len())
        .filter(|rule| !is_known_idle(&feature.targeting[*rule]))
        .collect();
    let mut search = Search::new(&model);
    let seen = |waiting: &mut BTreeSet<usize>, served: super::search::Served| {
        if let Some(rule) = served.rule {
            waiting.remove(&rule);
        }
        if waiting.is_empty() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    if waiting.is_empty()
        || search
            .outcomes(|_, served| served.iter().try_for_each(|served| seen(&mut waiting, *served)))
            .is_some()
        || search.gap.is_some()
    {
        return Vec::new();
    }
    waiting
        .into_iter()
        .filter_map(|rule| told(feature, &model, rule))
        .collect()
}

/// What the checker has told of already.
fn is_known_idle(rule: &TargetingRule) -> bool {
    rule.rollout == Some(Rollout::Fixed(Share(0.0)))
        || matches!(rule.condition.kind, Kind::Literal(Literal::Bool(false)))
}

fn told(feature: &Feature, model: &Model, rule: usize) -> Option<Diagnostic> {
    let mut search = Search::new(model);
    let mut earlier = BTreeSet::new();
    let (mut matches, mut would_serve) = (false, false);
    search.matches(&model.plans[0], rule, |would, served| {
        matches = true;
        would_serve |= would;
        earlier.extend(served.rule.filter(|other| would && *other < rule));
    });
    if search.gap.is_some() {
        return None;
    }
    let own = &feature.targeting[rule];
    if !matches {
        return Some(
            Diagnostic::new(
                Code::NeverMatches,
                format!("no context matches the rule `{}`", own.name),
                own.condition.span,
            )
            .labelled("never true")
            .help("its parts exclude each other: change one of them, or leave the rule out"),
        );
    }
    if !would_serve {
        return Some(
            Diagnostic::new(
                Code::IdleRule,
                format!("the rule `{}` serves nobody, at any time", own.name),
                own.span,
            )
            .labelled("a share of nothing"),
        );
    }
    let mut diagnostic = Diagnostic::new(
        Code::Shadowed,
        format!("the rule `{}` is never reached", own.name),
        own.condition.span,
    )
    .labelled("whoever matches this is served by an earlier rule");
    for other in &earlier {
        diagnostic = diagnostic.also(feature.targeting[*other].span, "by this rule");
    }
    Some(diagnostic.help("the first rule that matches wins: put this one before, or leave it out"))
}
