//! Contexts for rules that nobody has seen before: of each attribute what its type has at its edges, what conditions compare it
//! with, something that it cannot be, and nothing.

use crossfade_evaluator::condition::{Kind, Literal, Type};
use crossfade_evaluator::rules::Rules;
use serde_json::{Map, Value as Json, json};

/// So many contexts, each of which takes another value of every attribute.
const CONTEXTS: usize = 6;

const STRINGS: [&str; 9] =
    ["", "123", "IN", "pro", "abcdefgh", "abcdefghi", "é日😀", "a\0b", "user-00000001@example.com"];
const TIMES: [&str; 5] = [
    "2026-12-01T09:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "1969-12-31T23:59:59.5-14:00",
    "2024-02-30T00:00:00Z",
];
const VERSIONS: [&str; 5] = ["1.2.3", "1.2.3-rc.1+b", "0.0.0-0", "99999999999999999999.0.0", "1.2"];

/// Some contexts, the first of them empty.
pub fn contexts(rules: &Rules) -> Vec<Map<String, Json>> {
    let literals = literals(rules);
    let mut contexts = vec![Map::new()];
    for nth in 1..CONTEXTS {
        let mut context = Map::new();
        for (position, attribute) in rules.environment.attributes().iter().enumerate() {
            // So that attributes of one type have different values in one context, and some are missing.
            let choice = nth * 7 + position * 3;
            if choice % 11 != 10 {
                context.insert(attribute.name.clone(), value(&attribute.ty, choice, &literals));
            }
        }
        contexts.push(context);
    }
    contexts
}

/// The strings in conditions.
fn literals(rules: &Rules) -> Vec<&str> {
    let mut found = Vec::new();
    for rule in rules.features.iter().flat_map(|feature| &feature.targeting) {
        rule.condition.for_each(&mut |expression| {
            if let Kind::Literal(Literal::String(text) | Literal::Semver(text)) = &expression.kind {
                found.push(text.as_str());
            }
        });
    }
    found
}

fn value(ty: &Type, choice: usize, literals: &[&str]) -> Json {
    // A value of another type, now and then.
    if choice % 13 == 12 {
        return json!({ "of": ["no", "type"] });
    }
    let one_of = |texts: &[&str]| json!(texts[choice % texts.len()]);
    match ty {
        Type::String | Type::Semver if choice % 2 == 0 && !literals.is_empty() => one_of(literals),
        Type::Bool => json!(choice % 2 == 0),
        Type::Int => json!([0, 1, -1, i64::MAX, i64::MIN, 42][choice % 6]),
        Type::Uint => json!([0, 1, u64::MAX, 1 << 63, 42][choice % 5]),
        Type::Double => json!([0.0, -0.0, 0.1, 1e308, -1e308, 5e-324, 9_007_199_254_740_993.0][choice % 7]),
        Type::String => one_of(&STRINGS),
        Type::Timestamp => one_of(&TIMES),
        Type::Semver => one_of(&VERSIONS),
        Type::Duration => Json::Null,
        Type::List(element) => (0..choice % 5).map(|nth| value(element, choice + nth, literals)).collect(),
    }
}
