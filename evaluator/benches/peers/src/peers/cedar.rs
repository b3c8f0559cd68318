//! Cedar: a set of policies a feature, users of long lists as members of a group. It has no rollouts, so users' hashes come with
//! the context.

use std::collections::HashSet;
use std::str::FromStr as _;

use cedar_policy::{
    Authorizer, Context as CedarContext, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid,
    PolicySet, Request, RestrictedExpression,
};

use super::Bucket;
use crate::contender::Contender;
use crate::workload::{Attribute, Context, Feature, Workload};

pub(super) fn contenders(workload: &Workload) -> anyhow::Result<Vec<Contender>> {
    let bucket = Bucket::of(workload);
    let mut entities = Vec::new();
    let mut policies = Vec::new();
    for feature in &workload.features {
        policies.push(PolicySet::from_str(&policy(feature, bucket.as_ref()))?);
        for test in feature
            .rules
            .iter()
            .flat_map(|rule| &rule.tests)
            .filter(|test| test.is_long())
        {
            let group = uid("Group", &feature.key)?;
            entities.push(Entity::new_no_attrs(group.clone(), HashSet::new()));
            for user in &test.values {
                entities.push(Entity::new_no_attrs(
                    uid("User", user)?,
                    HashSet::from([group.clone()]),
                ));
            }
        }
    }
    let entities = Entities::from_entities(entities, None)?;
    let requests: Vec<Request> = workload
        .contexts
        .iter()
        .map(|context| request(context, bucket.as_ref()))
        .collect::<anyhow::Result<_>>()?;
    let authorizer = Authorizer::new();
    Ok(vec![Contender::new(
        "cedar-policy",
        "request ready, hash given",
        move |nth, answers| {
            for (policies, answer) in policies.iter().zip(answers) {
                let response = authorizer.is_authorized(&requests[nth], policies, &entities);
                *answer = response.decision() == Decision::Allow;
            }
        },
    )])
}

fn request(context: &Context, bucket: Option<&Bucket<'_>>) -> anyhow::Result<Request> {
    let mut pairs: Vec<(String, RestrictedExpression)> = context
        .pairs()
        .map(|(name, value)| {
            (
                name.to_owned(),
                RestrictedExpression::new_string(value.to_owned()),
            )
        })
        .into();
    if let Some(bucket) = bucket {
        pairs.push((
            "bucket".to_owned(),
            RestrictedExpression::new_long(bucket.hash(context).into()),
        ));
    }
    Ok(Request::new(
        uid("User", &context.user)?,
        uid("Action", "use")?,
        uid("Feature", "feature")?,
        CedarContext::from_pairs(pairs)?,
        None,
    )?)
}

fn policy(feature: &Feature, bucket: Option<&Bucket<'_>>) -> String {
    let mut text = String::new();
    for rule in &feature.rules {
        let mut all: Vec<String> = rule
            .tests
            .iter()
            .map(|test| {
                let attribute = format!("context.{}", test.attribute.name());
                if test.is_long() && test.attribute == Attribute::User {
                    format!("principal in Group::{:?}", feature.key)
                } else if let [value] = &test.values[..] {
                    format!("{attribute} == {value:?}")
                } else {
                    format!("{:?}.contains({attribute})", test.values)
                }
            })
            .collect();
        if let (Some(_), Some(bucket)) = (rule.percent, bucket) {
            all.push(format!("context.bucket <= {}", bucket.last()));
        }
        text += &format!(
            "permit(principal, action, resource) when {{ {} }};\n",
            all.join(" && ")
        );
    }
    text
}

fn uid(kind: &str, id: &str) -> anyhow::Result<EntityUid> {
    Ok(EntityUid::from_type_name_and_id(
        EntityTypeName::from_str(kind)?,
        EntityId::new(id),
    ))
}
