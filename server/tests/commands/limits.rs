//! What is large, deep or broken works or is refused clearly, by a process that has only so much memory and time.

use crate::desk::{Desk, Said};

/// KiB of private memory that may be written; pages that are only reserved do not count.
const MEMORY: u32 = 1 << 20;
/// Seconds of the processor, for the unoptimised program: only what never ends comes near it.
const TIME: u32 = 300;

/// What `crossfade ARGUMENTS` says with no more than that at hand.
fn bounded(desk: &Desk, arguments: &str) -> Said {
    desk.shell(&format!(
        "ulimit -d {MEMORY} && ulimit -t {TIME} && crossfade {arguments}"
    ))
}

fn feature(name: &str, condition: &str) -> String {
    format!(
        "feature: {name}\nvariables: {{ {name}: {{ type: boolean }} }}\n\
         variations: {{ off: {{ {name}: false }}, on: {{ {name}: true }} }}\n\
         targeting:\n  - name: Rule\n    when: {condition}\n    serve: on\ndefault: off\n"
    )
}

/// A folder `large` with one feature `one`, whose only rule has this condition.
fn rules(condition: &str) -> Desk {
    let desk = Desk::new();
    desk.write(
        "large/context.yaml",
        b"attributes: { user_id: { type: string } }\n",
    );
    desk.write("large/one.yaml", feature("one", condition).as_bytes());
    desk
}

#[track_caller]
fn decides(desk: &Desk, context: &serde_json::Value, flag: &str, expected: bool) {
    desk.write("context.json", context.to_string().as_bytes());
    let said = bounded(
        desk,
        &format!("eval --rules large --context @context.json --format json {flag}"),
    );
    let answer: serde_json::Value = serde_json::from_str(&said.out).expect(&said.out);
    assert_eq!(answer[0]["value"], expected, "{answer}");
}

/// Refused with exit code 1, by a message that has this code and this place.
#[track_caller]
fn refuses(desk: &Desk, code: &str, place: &str) {
    let said = bounded(desk, "check --rules large");
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains(code) && said.out.contains(place), "{said:?}");
    assert!(said.out.len() < 16_384, "a message of {} bytes", said.out.len());
}

#[test]
fn a_segment_of_100_000_lines_decides() {
    let desk = rules("user_id in segment(\"long\")");
    let lines: Vec<String> = (0..100_000).map(|line| format!("user-{line:08}")).collect();
    desk.write("large/segments/long.txt", lines.join("\n").as_bytes());
    decides(
        &desk,
        &serde_json::json!({"user_id": "user-00099999"}),
        "one",
        true,
    );
    decides(
        &desk,
        &serde_json::json!({"user_id": "user-00100000"}),
        "one",
        false,
    );
}

#[test]
fn a_condition_nested_200_deep_decides_and_one_nested_100_000_deep_is_refused() {
    let nested = |depth: usize| {
        let condition = "(user_id == \"1\" || ".repeat(depth) + "user_id == \"2\"" + &")".repeat(depth);
        rules(&format!("'{condition}'"))
    };
    let desk = nested(200);
    for (user, expected) in [("1", true), ("2", true), ("3", false)] {
        decides(&desk, &serde_json::json!({ "user_id": user }), "one", expected);
    }
    refuses(&nested(100_000), "CF021", "large/one.yaml:6");
}

#[test]
fn strings_of_1_mb_decide() {
    let long = "x".repeat(1 << 20);
    let desk = rules(&format!("user_id == \"{long}\""));
    decides(&desk, &serde_json::json!({ "user_id": long }), "one", true);
    decides(&desk, &serde_json::json!({ "user_id": &long[1..] }), "one", false);
}

#[test]
fn ten_thousand_features_decide() {
    let desk = rules("user_id == \"0\"");
    for number in 0..10_000 {
        let name = format!("f{number}");
        let text = feature(&name, &format!("user_id == \"{number}\""));
        desk.write(&format!("large/{name}.yaml"), text.as_bytes());
    }
    decides(&desk, &serde_json::json!({"user_id": "9999"}), "f9999", true);
}

#[test]
fn what_is_no_text_and_what_grows_without_end_is_refused() {
    let desk = rules("user_id == \"1\"");
    desk.write("large/binary.yaml", &[b'#', b'\n', 0xFF, 0xFE, 0]);
    refuses(&desk, "CF001", "large/binary.yaml:2");

    let desk = rules("user_id == \"1\"");
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.extend([format!("a{level}: &a{level} [{below}]\n")]);
    }
    desk.write("large/bomb.yaml", bomb.as_bytes());
    refuses(&desk, "CF005", "large/bomb.yaml:");
}
