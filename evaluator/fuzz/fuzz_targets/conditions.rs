//! Whatever is written as a condition: it is accepted or refused with a diagnostic that can be shown; and what is accepted decides
//! as its explanation does. The bytes choose among the forms of CEL, so that most conditions are of the right types.
#![no_main]

use crossfade_evaluator::diagnostic::{render_short, render_text};
use crossfade_evaluator::rules::load;
use crossfade_evaluator_fuzz::decide_without_fault;
use crossfade_evaluator_fuzz::grammar::{CONTEXT, SEGMENT, Tape, condition};
use libfuzzer_sys::fuzz_target;

/// Conditions of one input, which are compiled and run together.
const CONDITIONS: usize = 8;

fuzz_target!(|bytes: &[u8]| {
    let mut files = vec![
        ("context.yaml".to_owned(), CONTEXT.as_bytes().to_vec()),
        (SEGMENT.0.to_owned(), SEGMENT.1.as_bytes().to_vec()),
    ];
    // A byte that stands for text makes the input a condition as it is written.
    let conditions: Vec<String> = match bytes {
        [b'=', text @ ..] => vec![String::from_utf8_lossy(text).into_owned()],
        _ => {
            let mut tape = Tape::new(bytes);
            let mut conditions = Vec::new();
            while !tape.is_at_end() && conditions.len() < CONDITIONS {
                conditions.push(condition(&mut tape));
            }
            conditions
        }
    };
    for (nth, condition) in conditions.iter().enumerate() {
        let file = (format!("f{nth}.yaml"), feature(nth, condition).into_bytes());
        let mut alone = files[..2].to_vec();
        alone.push(file.clone());
        let loaded = load(&alone);
        render_text(&loaded.diagnostics, &loaded.sources, true);
        let told = render_short(&loaded.diagnostics, &loaded.sources);
        assert!(loaded.rules.is_some() || !told.is_empty(), "refused without a reason: {condition}");
        if loaded.rules.is_some() {
            files.push(file);
        }
    }
    if files.len() > 2 {
        decide_without_fault(&load(&files).rules.expect("what is accepted alone is accepted together"));
    }
});

fn feature(nth: usize, condition: &str) -> String {
    let condition = serde_json::Value::from(condition);
    format!(
        "feature: f{nth}\nvariables: {{ v{nth}: {{ type: boolean }} }}\n\
         variations: {{ off: {{ v{nth}: false }}, on: {{ v{nth}: true }} }}\n\
         targeting:\n  - name: Rule\n    when: {condition}\n    serve: on\ndefault: off\n"
    )
}
