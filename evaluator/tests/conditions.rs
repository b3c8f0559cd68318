//! What conditions are accepted, and what they are understood to be.

#![expect(
    clippy::panic,
    reason = "a test whose surroundings fail should fail and say where"
)]

use crossfade_evaluator::condition::{
    Attribute, Comparison, Environment, Expression, Kind, Literal, Segment, Type, check,
};
use crossfade_evaluator::diagnostic::{Code, Diagnostic};
use crossfade_evaluator::source::{FileId, MappedText, Span};

fn environment() -> Environment {
    let attribute = |name: &str, ty: Type| Attribute {
        name: name.to_owned(),
        ty,
        values: None,
        pattern: None,
        description: String::new(),
        span: Span::default(),
    };
    let plans = ["free", "pro"]
        .map(|plan| Literal::String(plan.to_owned()))
        .to_vec();
    let attributes = vec![
        attribute("user_id", Type::String),
        Attribute {
            pattern: Some("[A-Z]{2}".to_owned()),
            ..attribute("country", Type::String)
        },
        Attribute {
            values: Some(plans),
            ..attribute("plan", Type::String)
        },
        attribute("age", Type::Int),
        attribute("score", Type::Double),
        attribute("beta", Type::Bool),
        attribute("seen", Type::Timestamp),
        attribute("app_version", Type::Semver),
        attribute("roles", Type::List(Box::new(Type::String))),
        attribute("sizes", Type::List(Box::new(Type::Int))),
    ];
    let testers = Segment {
        name: "testers".to_owned(),
        values: ["1".to_owned()].into(),
        span: Span::default(),
    };
    Environment::new(attributes, vec![testers])
}

fn checked(condition: &str) -> Result<Expression, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let text = MappedText::verbatim(condition, FileId(0), 0);
    check(&text, &environment(), &mut diagnostics).ok_or(diagnostics)
}

#[track_caller]
fn accepted(condition: &str) -> Expression {
    checked(condition).unwrap_or_else(|mistakes| panic!("{condition}: {}", mistakes[0].message))
}

/// The mistakes of a condition: their codes, and what they underline.
#[track_caller]
fn refused(condition: &str) -> Vec<(Code, String)> {
    let Err(mistakes) = checked(condition) else {
        panic!("accepted: {condition}")
    };
    let underlined = |span: Span| condition[span.start as usize..span.end as usize].to_owned();
    mistakes
        .iter()
        .map(|mistake| (mistake.code, underlined(mistake.span())))
        .collect()
}

#[track_caller]
fn refused_for(code: Code, conditions: &[&str]) {
    for condition in conditions {
        let mistakes = refused(condition);
        assert!(
            mistakes.iter().any(|(found, _)| *found == code),
            "{condition}: {mistakes:?}"
        );
    }
}

#[test]
fn what_a_condition_needs_is_accepted() {
    for condition in [
        r#"user_id in ["123", "456"]"#,
        r#"country in ["IN", "US"] && plan == "pro""#,
        r#"!(country == "IN") || !has(plan)"#,
        r#"user_id in segment("testers")"#,
        r#"app_version >= semver("1.2.3-rc.1+build")"#,
        r#"now >= timestamp("2026-12-01T09:00:00Z") && now < timestamp("2026-12-02T09:00:00+01:00")"#,
        r#"now - seen < duration("720h")"#,
        r#"seen + duration("1h") > now - duration("30m")"#,
        r#"user_id.startsWith("1") && user_id.endsWith('9') && user_id.contains("5") && user_id.matches(r"^\d+$")"#,
        r#"matches(user_id, "a|b")"#,
        r"size(user_id) > 3 && user_id.size() < 10 && roles.size() == 2",
        r#"roles.exists(role, role == "admin") && sizes.all(s, s > 0) && roles.exists_one(r, r.startsWith("a"))"#,
        r"sizes.exists(a, sizes.exists(b, a + b == 10))",
        r#""admin" in roles && 3 in sizes && 3.0 in sizes && 3u in [1u, 2u]"#,
        r"age + 1 >= 18 && age * 2 - 1 < 100 && age % 2 == 0 && age / 2 != 3 && -age < 0",
        r"age > 1.5 && score > 1 && age == 3u && score * 2.0 - -1.5 < 10.0",
        r"beta ? age > 18 : score > 0.5",
        r"(beta ? age : 5) > 3",
        r"beta == true && beta != (age > 3) && true",
        r#"sizes[0] == 3 && roles == ["a", "b"] && sizes == [] && [] == sizes && age in []"#,
        r#"now.getHours() >= 9 && now.getDayOfWeek("+02:00") < 5 && (now - seen).getHours() > 3"#,
        r#"int(score) == 3 && uint(age) == 3u && double(age) > 2.5 && int(seen) > 0 && string(user_id) == "1""#,
        r#"int("12") == age && double("1.5") < score && bool("true") == beta && string(12) == user_id"#,
        r#"plan == "p" + "ro" && age in [1] + [2, 3]"#,
        "age == 0x1F && score == 1e3 && score == .5 && age == -9223372036854775808",
        "age > 1 // a comment\n  && beta",
        r#"user_id == """a "quoted" word""" || user_id == r'\d' || user_id == "\u00e9\x41\101""#,
        ".beta && dyn(age) > 3",
    ] {
        accepted(condition);
    }
}

#[test]
fn operators_bind_as_in_cel() {
    let Kind::Or(alternatives) = accepted("beta || beta && !beta || beta").kind else {
        panic!("an or")
    };
    assert!(matches!(
        alternatives.as_slice(),
        [
            _,
            Expression {
                kind: Kind::And(_),
                ..
            },
            _
        ]
    ));
    let Kind::Compare { operator, left, .. } = accepted("age + 2 * 3 - 1 == 4").kind else {
        panic!("a comparison")
    };
    assert_eq!(operator, Comparison::Equal);
    let Kind::Arithmetic { left: sum, .. } = left.kind else {
        panic!("a difference")
    };
    assert!(matches!(sum.kind, Kind::Arithmetic { .. }));
    // Relations are left-associative, and the ternary operator is right-associative.
    assert!(matches!(
        accepted("age < 3 == beta").kind,
        Kind::Compare {
            operator: Comparison::Equal,
            ..
        }
    ));
    let Kind::Conditional { otherwise, .. } = accepted("beta ? true : beta ? false : true").kind else {
        panic!("a conditional")
    };
    assert!(matches!(otherwise.kind, Kind::Conditional { .. }));
}

#[test]
fn a_minus_belongs_to_the_number_after_it() {
    let right = |condition: &str| match accepted(condition).kind {
        Kind::Compare { right, .. } => right.kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(right("age == -5"), Kind::Literal(Literal::Int(-5)));
    assert_eq!(
        right("age == -9223372036854775808"),
        Kind::Literal(Literal::Int(i64::MIN))
    );
    assert!(matches!(right("age == -(-5)"), Kind::Negate(_)));
    assert!(matches!(right("age == --5"), Kind::Negate(_)));
    assert_eq!(right("score == -1.5"), Kind::Literal(Literal::Double(-1.5)));
}

#[test]
fn strings_mean_what_cel_says() {
    let value = |literal: &str| match accepted(&format!("user_id == {literal}")).kind {
        Kind::Compare { right, .. } => match right.kind {
            Kind::Literal(Literal::String(value)) => value,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    // The table of the language definition, "String and Bytes Values".
    assert_eq!(value(r#""""#), "");
    assert_eq!(value(r#"'""'"#), "\"\"");
    assert_eq!(value("'''x''x'''"), "x''x");
    assert_eq!(value(r#""\"""#), "\"");
    assert_eq!(value(r#""\\""#), "\\");
    assert_eq!(value(r#"r"\\""#), r"\\");
    assert_eq!(value(r#""\303\277""#), "Ã¿");
    assert_eq!(value(r#""\377""#), "ÿ");
    assert_eq!(value(r#""\xFF\u00e9\U0001F600""#), "ÿé😀");
    assert_eq!(
        value("\"\\a\\b\\f\\n\\r\\t\\v\\?\\`\""),
        "\x07\x08\x0C\n\r\t\x0B?`"
    );
}

#[test]
fn what_is_no_cel_is_refused_at_its_place() {
    let first = |condition: &str| refused(condition).remove(0);
    let syntax = |place: &str| (Code::ConditionSyntax, place.to_owned());
    assert_eq!(first("country = \"IN\""), syntax("="));
    assert_eq!(first("beta & beta"), syntax("&"));
    assert_eq!(first("beta and beta"), syntax("and"));
    assert_eq!(first("beta &&"), syntax(""));
    assert_eq!(first("(beta"), syntax(""));
    assert_eq!(first("beta)"), syntax(")"));
    assert_eq!(first("country == \"IN"), syntax("\""));
    assert_eq!(first(r#"country == "\d""#), syntax(r"\d"));
    assert_eq!(first(r#"country == "\ud83d\ude00""#), syntax(r"\ud83d"));
    assert_eq!(first("country == “IN”"), syntax("“"));
    assert_eq!(first("country == `IN`"), syntax("`IN`"));
    assert_eq!(first("beta ? ? true : false"), syntax("?"));
    assert_eq!(first("age == 9223372036854775808"), syntax("9223372036854775808"));
    assert_eq!(first("age == 1_000"), syntax("1_000"));
    assert_eq!(first("age == 12abc"), syntax("12abc"));
    assert_eq!(first("score == 1e999"), syntax("1e999"));
    assert_eq!(first("age in (1, 2)"), syntax(","));
    assert_eq!(first("not beta"), syntax("beta"));
    assert_eq!(first("for == 1"), syntax("for"));
    assert_eq!(first("size(user_id,) == 1"), syntax(")"));
    assert_eq!(first(""), syntax(""));
}

#[test]
fn names_are_those_of_the_environment() {
    assert_eq!(
        refused("contry == \"IN\""),
        [(Code::UnknownAttribute, "contry".to_owned())]
    );
    refused_for(Code::UnknownSegment, &[r#"user_id in segment("tester")"#]);
    refused_for(
        Code::UnknownFunction,
        &[
            r#"user_id.startswith("1")"#,
            r#"startsWith(user_id, "1")"#,
            "foo(age)",
            "age.int() == 1",
        ],
    );
    // Each part is checked even where another is wrong.
    assert_eq!(
        refused(r#"contry == "IN" && plan == "por" && age == "1""#).len(),
        3
    );
}

#[test]
fn types_are_checked() {
    refused_for(
        Code::TypeMismatch,
        &[
            "user_id == 123",
            "age == \"18\"",
            "user_id",
            "!age",
            "beta && age",
            "country < 3",
            "app_version < \"2.0.0\"",
            "seen > \"2026-01-01T00:00:00Z\"",
            "beta ? 1 : 2",
            "(beta ? 1 : 2.0) > 1",
            "age + 1.0 > 2.0",
            "score % 2.0 == 0.0",
            "user_id in \"1,2\"",
            "user_id in country",
            "user_id in [1, 2]",
            "age in [\"1\"]",
            "age in segment(\"testers\")",
            "[1, \"a\"] == sizes",
            "sizes < sizes",
            "sizes == roles",
            "age[0] == 1",
            "sizes[\"a\"] == 1",
            "size(age) == 1",
            "age.startsWith(\"1\")",
            "user_id.startsWith(1)",
            "roles.contains(\"admin\")",
            "age.exists(x, x == 1)",
            "roles.exists(x, x == 1)",
            "roles.exists(x, size(x))",
            "seen + seen > now",
            "-user_id == \"a\"",
            "-3u == 3u",
            "seen.getHours() == \"9\"",
            "age.getHours() == 9",
            "bool(age)",
            "has(1)",
            "has(now)",
        ],
    );
    refused_for(
        Code::ArgumentCount,
        &[
            "has()",
            "size(roles, roles) == 1",
            "user_id.startsWith()",
            "roles.all(x)",
        ],
    );
}

#[test]
fn impossible_values_are_mistakes() {
    refused_for(
        Code::ImpossibleValue,
        &[
            "plan == \"por\"",
            "plan != \"Pro\"",
            "plan in [\"pro\", \"fre\"]",
            "country == \"in\"",
            "\"Ind\" == country",
        ],
    );
    accepted("plan.startsWith(\"p\") && country.startsWith(\"I\")");
}

#[test]
fn constants_are_read_when_the_rules_are() {
    refused_for(
        Code::InvalidConstant,
        &[
            "seen > timestamp(\"2026-02-30T00:00:00Z\")",
            "seen > timestamp(\"tomorrow\")",
            "now - seen > duration(\"1d\")",
            "app_version > semver(\"1.2\")",
            "age == int(\"one\")",
            "beta == bool(\"yes\")",
        ],
    );
    refused_for(
        Code::InvalidPattern,
        &[
            r#"user_id.matches("[")"#,
            r#"user_id.matches("(?=a)")"#,
            r#"user_id.matches(r"\<")"#,
        ],
    );
    assert_eq!(
        refused(r#"user_id.matches("ab(c")"#),
        [(Code::InvalidPattern, "(".to_owned())]
    );
}

#[test]
fn what_is_left_out_of_cel_is_refused_by_name() {
    refused_for(
        Code::Unsupported,
        &[
            "user_id == null",
            "b\"a\" == b\"a\"",
            "{\"a\": 1} == {\"a\": 1}",
            "Message{a: 1} == 1",
            "user_id.name == \"a\"",
            "sizes.map(x, x + 1) == [2]",
            "sizes.filter(x, x > 1) == [2]",
            "type(age) == int",
            "user_id + \"a\" == \"ba\"",
            "roles + roles == roles",
            "string(age) == \"1\"",
            "int(user_id) == 1",
            "[[1]] == [[1]]",
            "user_id.lowerAscii() == \"a\"",
            "now.getHours(\"Europe/Paris\") > 3",
            "user_id.matches(country)",
            "bytes(user_id) == b\"\"",
            "user_id.`first name` == \"a\"",
            "has(user_id.?name)",
            "roles[?0] == \"a\"",
            "roles == [?user_id]",
            "optional.of(age).hasValue()",
            "math.greatest(age, 1) == 1",
            "strings.quote(user_id) == \"a\"",
            "type(age) == int || string == int",
            "string(score) == \"1.5\"",
            "user_id == string(1e100)",
        ],
    );
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}beta{}", "(".repeat(depth), ")".repeat(depth));
    accepted(&nested(200));
    accepted(&format!("{}beta", "!".repeat(200)));
    accepted(&format!("age{} > 0", " + 1".repeat(200)));
    accepted(&vec!["beta"; 100_000].join(" && "));
    let alternating = (0..200).fold("beta".to_owned(), |inner, depth| {
        if depth % 2 == 0 {
            format!("(beta && {inner})")
        } else {
            format!("(beta || {inner})")
        }
    });
    accepted(&alternating);
    for deep in [
        nested(100_000),
        "(".repeat(100_000),
        format!("{}beta", "!".repeat(100_000)),
        format!("{}beta", "!(".repeat(100_000)),
        format!("age{} > 0", " + 1".repeat(100_000)),
        format!("age > {}1", "-".repeat(100_000)),
        "[".repeat(100_000),
        "beta ? true : ".repeat(100_000),
        format!("roles{}", "[0]".repeat(100_000)),
        "size(".repeat(100_000),
        format!("user_id{}", ".a".repeat(100_000)),
    ] {
        let mistakes = refused(&deep);
        assert_eq!(mistakes[0].0, Code::TooDeep, "{}…", &deep[..40]);
    }
}
