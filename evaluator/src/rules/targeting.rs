//! Targeting rules: conditions, schedules, rollouts, what is served.

use super::document::{
    ConditionText, Instant, Mapping, Percent, PercentRange, RolloutDocument, RuleDocument, ScheduleDocument,
    ServeDocument, Spanned,
};
use super::feature::{Check, Parts};
use super::{Rollout, Serve, Share, TargetingRule, Window};
use crate::condition::{self, AttributeId, Expression, Kind, Literal, Type};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// Shares are written in decimals, and their sum is not exact.
const SUM_TOLERANCE: f64 = 1e-9;

/// What users are bucketed by unless a rule says otherwise.
const BUCKETED_BY: &str = "user_id";

/// A feature's rules, checked.
pub(super) struct Targeting {
    pub(super) rules: Vec<TargetingRule>,
    /// The names of all rules, also of those with mistakes.
    pub(super) names: Vec<String>,
}

/// Checks the rules of a feature; `parts` is `None` where the variations could not be read.
pub(super) fn check(
    documents: Vec<RuleDocument>,
    parts: Option<&Parts<'_>>,
    check: &mut Check<'_>,
) -> Targeting {
    let mut targeting = Targeting {
        rules: Vec::with_capacity(documents.len()),
        names: Vec::new(),
    };
    let mut seen: Vec<(String, Span)> = Vec::new();
    for document in documents {
        if let Some(name) = &document.name.0 {
            if let Some((_, first)) = seen.iter().find(|(seen, _)| *seen == name.value) {
                check.report(
                    Diagnostic::new(
                        Code::DuplicateRule,
                        format!("two rules are called \"{}\"", name.value),
                        name.span,
                    )
                    .labelled("again here")
                    .also(*first, "first here")
                    .note(
                        "decisions name the rule that made them, and rules of one name share their buckets",
                    ),
                );
            }
            seen.push((name.value.clone(), name.span));
            targeting.names.push(name.value.clone());
        }
        targeting.rules.extend(rule(document, parts, check));
    }
    targeting
}

fn rule(document: RuleDocument, parts: Option<&Parts<'_>>, check: &mut Check<'_>) -> Option<TargetingRule> {
    let condition = document.when.0.and_then(|when| condition(&when, check));
    let window = window(document.from.as_ref(), document.to.as_ref(), check);
    let rollout = document.rollout.map(|written| rollout(&written, check));
    let serve = document
        .serve
        .0
        .zip(parts)
        .and_then(|(written, parts)| serve(&written, parts, check));
    let buckets = rollout.is_some() || matches!(serve, Some(Serve::Weighted(_)));
    let name = document.name.0;
    let by = match (&document.by, &name) {
        (Some(by), _) => bucketed_by(&by.value, by.span, check),
        (None, Some(name)) if buckets => bucketed_by(BUCKETED_BY, name.span, check),
        _ => None,
    };
    let rollout = match rollout {
        Some(read) => Some(read?),
        None => None,
    };
    let (name, condition, serve) = (name?, condition?, serve?);
    Some(TargetingRule {
        salt: document.salt.unwrap_or_else(|| name.value.clone()),
        span: name.span,
        name: name.value,
        condition,
        window: window?,
        rollout,
        serve,
        by,
    })
}

fn condition(when: &ConditionText, check: &mut Check<'_>) -> Option<Expression> {
    let before = check.diagnostics.len();
    let vocabulary = check.vocabulary;
    let checked = condition::check(&when.0, &vocabulary.environment, check.diagnostics);
    let new = check.diagnostics.split_off(before);
    // Where the context is at fault, that has been said.
    check.diagnostics.extend(new.into_iter().filter(|diagnostic| {
        diagnostic.code != Code::UnknownAttribute
            || (vocabulary.complete && !vocabulary.broken.contains(when.0.decoded(diagnostic.span())))
    }));
    if let Some(Expression {
        kind: Kind::Literal(Literal::Bool(false)),
        span,
        ..
    }) = &checked
    {
        check.report(
            Diagnostic::new(Code::ConstantCondition, "this rule matches nobody", *span)
                .labelled("never true")
                .help("leave the rule out, or give it a schedule with `from:`"),
        );
    }
    checked
}

fn window(
    from: Option<&Spanned<Instant>>,
    to: Option<&Spanned<Instant>>,
    check: &mut Check<'_>,
) -> Option<Window> {
    if let (Some(from), Some(to)) = (from, to)
        && from.value >= to.value
    {
        check.report(
            Diagnostic::new(Code::Schedule, "this ends before it begins", to.span)
                .labelled("not after the beginning")
                .also(from.span, "the beginning"),
        );
        return None;
    }
    Some(Window {
        from_ms: from.map(|from| from.value.0),
        to_ms: to.map(|to| to.value.0),
    })
}

fn rollout(written: &Spanned<RolloutDocument>, check: &mut Check<'_>) -> Option<Rollout> {
    let rollout = match &written.value {
        RolloutDocument::Fixed(Percent(share)) => Rollout::Fixed(Share(*share)),
        RolloutDocument::Scheduled(schedule) => scheduled(schedule, written.span, check)?,
    };
    if rollout == Rollout::Fixed(Share(0.0)) {
        check.report(
            Diagnostic::new(Code::IdleRule, "this rule serves nobody", written.span)
                .labelled("a share of nothing"),
        );
    }
    Some(rollout)
}

fn scheduled(schedule: &ScheduleDocument, span: Span, check: &mut Check<'_>) -> Option<Rollout> {
    const EXAMPLES: &str = "either `{ from: 2026-12-01T09:00:00Z, to: 2026-12-08T09:00:00Z, percent: 0..100 }`, \
                            or `{ steps: [{ from: 2026-12-01T09:00:00Z, percent: 10 }, …] }`";
    let mut refuse = |message: &str, span: Span, label: &str| {
        check.report(
            Diagnostic::new(Code::Schedule, message, span)
                .labelled(label)
                .help(EXAMPLES),
        );
        None
    };
    // What is there and cannot be read has been reported.
    let percent = schedule.percent.as_ref().map(|percent| percent.0.as_ref());
    let from = schedule.from.as_ref().map(|from| from.0.as_ref());
    let to = schedule.to.as_ref().map(|to| to.0.as_ref());
    if [
        percent.is_some_and(|it| it.is_none()),
        from.is_some_and(|it| it.is_none()),
        to.is_some_and(|it| it.is_none()),
    ]
    .contains(&true)
    {
        return None;
    }
    let (percent, from, to) = (percent.flatten(), from.flatten(), to.flatten());
    match (&schedule.steps, percent, from, to) {
        (Some(_), None, None, None) => steps(schedule, span, check),
        (Some(_), ..) => refuse(
            "a rollout goes by steps or from one instant to another, not both",
            span,
            "both",
        ),
        (None, Some(percent), from, to) => match (percent.value, from, to) {
            (PercentRange::One(Percent(share)), None, None) => Some(Rollout::Fixed(Share(share))),
            (PercentRange::One(_), ..) => refuse(
                "a share that does not change needs no instants",
                percent.span,
                "expected a range such as `0..100`",
            ),
            (PercentRange::Between(start, end), Some(from), Some(to)) => {
                let window = window(Some(from), Some(to), check)?;
                Some(Rollout::Linear {
                    from_ms: window.from_ms?,
                    to_ms: window.to_ms?,
                    start: Share(start.0),
                    end: Share(end.0),
                })
            }
            (PercentRange::Between(..), ..) => refuse(
                "a share that changes needs two instants",
                percent.span,
                "from when (`from:`) to when (`to:`)?",
            ),
        },
        (None, None, ..) => refuse(
            "a rollout by time needs `percent` or `steps`",
            span,
            "no share is said here",
        ),
    }
}

fn steps(schedule: &ScheduleDocument, span: Span, check: &mut Check<'_>) -> Option<Rollout> {
    let mut taken: Vec<(i64, Share)> = Vec::new();
    let mut last: Option<&Spanned<Instant>> = None;
    for step in schedule.steps.iter().flatten() {
        let (from, percent) = (step.from.0.as_ref()?, step.percent.0?);
        if let Some(last) = last.filter(|last| last.value >= from.value) {
            check.report(
                Diagnostic::new(
                    Code::Schedule,
                    "the steps of a rollout follow each other in time",
                    from.span,
                )
                .labelled("not after the step before")
                .also(last.span, "the step before"),
            );
            return None;
        }
        last = Some(from);
        match percent {
            PercentRange::One(Percent(share)) => taken.push((from.value.0, Share(share))),
            PercentRange::Between(..) => {
                check.report(
                    Diagnostic::new(Code::Schedule, "a step has one share, not a range", from.span)
                        .labelled("of this step"),
                );
                return None;
            }
        }
    }
    if taken.is_empty() {
        check.report(
            Diagnostic::new(Code::Schedule, "a rollout by steps needs a step", span).labelled("no steps"),
        );
        return None;
    }
    Some(Rollout::Steps(taken))
}

fn serve(written: &ServeDocument, parts: &Parts<'_>, check: &mut Check<'_>) -> Option<Serve> {
    let Spanned {
        value: Mapping(weights),
        span,
    } = match written {
        ServeDocument::One(name) => return check.variation(name, parts).map(Serve::One),
        ServeDocument::Weighted(weights) => weights,
    };
    let served: Vec<Option<(usize, Share)>> = weights
        .iter()
        .map(|(name, percent)| {
            check
                .variation(name, parts)
                .map(|variation| (variation, Share(percent.value.0)))
        })
        .collect();
    let served = served.into_iter().collect::<Option<Vec<_>>>()?;
    let sum: f64 = served.iter().map(|(_, share)| share.0).sum();
    if (sum - 1.0).abs() > SUM_TOLERANCE {
        // What adds up in decimals is shown in decimals.
        let percent = (sum * 1e8).round() / 1e6;
        check.report(
            Diagnostic::new(
                Code::Weights,
                format!("the shares add up to {percent}%, not to 100%"),
                *span,
            )
            .labelled("these shares")
            .help(if sum < 1.0 {
                format!(
                    "{}% are left: give them to a variation",
                    (1e8 - sum * 1e8).round() / 1e6
                )
            } else {
                format!(
                    "{}% are too much: take them from a variation",
                    (sum * 1e8 - 1e8).round() / 1e6
                )
            }),
        );
        return None;
    }
    Some(Serve::Weighted(served))
}

/// The attribute that users are bucketed by.
fn bucketed_by(name: &str, span: Span, check: &mut Check<'_>) -> Option<AttributeId> {
    let environment = &check.vocabulary.environment;
    let Some(id) = environment.attribute_id(name) else {
        if check.vocabulary.complete && !check.vocabulary.broken.contains(name) {
            let diagnostic = Diagnostic::new(
                Code::RolloutAttribute,
                format!("there is no attribute `{name}`"),
                span,
            )
            .labelled("rolled out by this attribute")
            .help("`by:` names the attribute to go by; unless it is said, that is `user_id`");
            let names = environment
                .attributes()
                .iter()
                .map(|attribute| attribute.name.as_str());
            check.report(diagnostic.did_you_mean(name, span, names));
        }
        return None;
    };
    let ty = environment.attribute(id).map(|attribute| &attribute.ty)?;
    if !matches!(ty, Type::String | Type::Int | Type::Double) {
        let message = format!("a rollout cannot go by `{name}`, which is {}", ty.with_article());
        check.report(
            Diagnostic::new(Code::RolloutAttribute, message, span)
                .labelled("needs a string, an int or a double"),
        );
        return None;
    }
    Some(id)
}
