//! An instance that has decided other contexts before decides the next as a new one does: nothing of a context outlives it,
//! whatever order its attributes come in, how often, and of what type.

use crossfade_evaluator::compile::compile;
use crossfade_evaluator::program::{Context, Instance, Program, Value};
use crossfade_evaluator::rules::load;
use proptest::collection::vec;
use proptest::prelude::*;

const CONTEXT: &str = "attributes: { user_id: { type: string }, country: { type: string }, age: { type: int }, \
    since: { type: timestamp }, version: { type: semver }, is_staff: { type: bool }, tags: { type: list(string) } }";
const NAMES: [&str; 9] = [
    "user_id",
    "targetingKey",
    "country",
    "age",
    "since",
    "version",
    "is_staff",
    "tags",
    "unknown",
];
const CONDITIONS: [&str; 12] = [
    "has(user_id)",
    "has(country)",
    "has(age)",
    "has(since)",
    "has(version)",
    "has(is_staff)",
    "has(tags)",
    "user_id in [\"1\", \"123456789\", \"12345678901234567\"]",
    "country == user_id",
    "age > 7",
    "is_staff",
    "tags.exists(tag, tag == user_id)",
];

fn program() -> Program {
    let mut files = vec![("context.yaml".to_owned(), CONTEXT.as_bytes().to_vec())];
    for (condition, number) in CONDITIONS.iter().zip(0..) {
        let feature = format!(
            "feature: f{number}\nvariables: {{ f{number}: {{ type: boolean }} }}\n\
             variations: {{ off: {{ f{number}: false }}, on: {{ f{number}: true }} }}\n\
             targeting:\n  - {{ name: Rule, when: '{condition}', serve: on }}\ndefault: off\n"
        );
        files.push((format!("f{number}.yaml"), feature.into_bytes()));
    }
    let loaded = load(&files);
    let rules = loaded.rules.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    Program::load(&compile(&rules).expect("a module")).expect("a program")
}

fn value(choice: usize) -> Value<'static> {
    const LIST: [Value<'static>; 2] = [Value::String("1"), Value::String("123456789")];
    const LONG: &str = "a text that is longer than any that stands in a record";
    [
        Value::Null,
        Value::String("1"),
        Value::String(""),
        Value::String("123456789"),
        Value::String("12345678901234567"),
        Value::String(LONG),
        Value::Int(8),
        Value::Double(7.5),
        Value::Bool(true),
        Value::String("2026-12-01T09:00:00Z"),
        Value::String("1.2.3"),
        Value::List(&LIST),
        Value::Text("9"),
        Value::Object,
    ][choice]
}

/// All decisions, and what broke its declaration.
fn decided(instance: &Instance, pairs: &[(&str, Value<'_>)]) -> (Vec<Option<bool>>, Vec<String>) {
    let decisions = instance.decide_all(&Context::new(pairs, 0));
    let values = decisions.iter().map(|decision| decision.as_bool()).collect();
    let mistyped = instance.mistyped().into_iter().map(str::to_owned).collect();
    (values, mistyped)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nothing_of_a_context_outlives_it(
        contexts in vec(vec((0..NAMES.len(), 0..14_usize), 0..6), 1..40)
    ) {
        let program = program();
        let kept = program.instance().expect("an instance");
        for choices in contexts {
            let pairs: Vec<_> = choices
                .into_iter()
                .map(|(name, choice)| (NAMES[name], value(choice)))
                .collect();
            let new = program.instance().expect("an instance");
            prop_assert_eq!(decided(&kept, &pairs), decided(&new, &pairs), "{:?}", pairs);
        }
    }
}
