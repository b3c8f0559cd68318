//! What CEL's language definition says of the subset that conditions have: each row a condition and what it comes to.
//!
//! <https://github.com/google/cel-spec/blob/master/doc/langdef.md>. CEL's own conformance tests are in `tests/conformance`.

use crossfade_evaluator::condition::{Expression, Type, check};
use crossfade_evaluator::program::{Context, Value};
use crossfade_evaluator::source::{FileId, MappedText};

use crate::build::{environment, not, rule, rules, run, switch};
use Answer::{No, Unknown, Yes};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    /// CEL's error.
    Unknown,
}

/// Asks every condition and its opposite: what is unknown matches neither way.
#[track_caller]
fn asked(rows: &[(&str, Answer)]) {
    let names = environment(&[
        ("name", Type::String),
        ("age", Type::Int),
        ("score", Type::Double),
        ("roles", Type::List(Type::String.into())),
        ("sizes", Type::List(Type::Int.into())),
        ("absent", Type::Int),
        ("absent_flag", Type::Bool),
    ]);
    let checked = |condition: &str| -> Expression {
        let mut mistakes = Vec::new();
        let text = MappedText::verbatim(condition, FileId(0), 0);
        check(&text, &names, &mut mistakes).unwrap_or_else(|| panic!("{condition}: {}", mistakes[0].message))
    };
    let mut features = Vec::new();
    for (position, (condition, _)) in rows.iter().enumerate() {
        let condition = checked(condition);
        let opposite = not(condition.clone());
        features.push(switch(&format!("{position}"), vec![rule("asked", condition, 1)]));
        features.push(switch(
            &format!("not-{position}"),
            vec![rule("asked", opposite, 1)],
        ));
    }
    let instance = run(&rules(names.clone(), features));
    let attributes = [
        ("name", Value::from("José")),
        ("age", Value::Int(42)),
        ("score", Value::Double(1.5)),
        (
            "roles",
            Value::List(&[Value::String("admin"), Value::String("tester")]),
        ),
        (
            "sizes",
            Value::List(&[Value::Int(3), Value::Int(0), Value::Int(-7)]),
        ),
    ];
    let context = Context::new(&attributes, 0);
    for (position, (condition, expected)) in rows.iter().enumerate() {
        let on = |key: String| instance.decide(&key, &context).unwrap().as_bool().unwrap();
        let found = match (on(format!("{position}")), on(format!("not-{position}"))) {
            (true, false) => Yes,
            (false, true) => No,
            (false, false) => Unknown,
            (true, true) => panic!("{condition} holds, and so does its opposite"),
        };
        assert_eq!(found, *expected, "{condition}");
    }
}

#[test]
fn logic_absorbs_errors() {
    asked(&[
        ("true && 1 / 0 == 1", Unknown),
        ("false && 1 / 0 == 1", No),
        ("1 / 0 == 1 && false", No),
        ("1 / 0 == 1 || true", Yes),
        ("1 / 0 == 1 || false", Unknown),
        ("absent == 1 || age == 42", Yes),
        ("absent == 1 && age == 41", No),
        ("absent_flag || !absent_flag", Unknown),
        ("!absent_flag", Unknown),
        ("has(absent) || !has(age)", No),
        ("has(absent) ? absent > 1 : age > 1", Yes),
        ("absent_flag ? true : true", Unknown),
        ("true ? age == 42 : absent == 1", Yes),
        ("(absent_flag ? 1 : 2) > 0 || true", Yes),
        ("false ? true : false ? false : true", Yes),
    ]);
}

#[test]
fn integers_overflow_into_errors() {
    asked(&[
        ("9223372036854775807 + 1 > 0", Unknown),
        ("-9223372036854775808 - 1 < 0", Unknown),
        ("-(-9223372036854775808) > 0", Unknown),
        ("-9223372036854775808 / -1 > 0", Unknown),
        ("-9223372036854775808 % -1 == 0", Unknown),
        ("3037000500 * 3037000500 > 0", Unknown),
        ("3037000499 * 3037000499 == 9223372030926249001", Yes),
        ("0u - 1u > 0u", Unknown),
        ("18446744073709551615u + 1u == 0u", Unknown),
        ("4294967296u * 4294967296u == 0u", Unknown),
        ("age / 0 == 1", Unknown),
        ("age % 0 == 1", Unknown),
        ("5u / 0u == 1u || 5u % 0u == 1u", Unknown),
        ("-7 / 2 == -3 && -7 % 2 == -1 && 7 % -2 == 1", Yes),
        ("2 + 3 * 4 - 1 == 13", Yes),
        ("10 - 4 - 3 == 3 && 100 / 5 / 2 == 10", Yes),
    ]);
}

#[test]
fn doubles_are_those_of_ieee_754() {
    asked(&[
        ("1.0 / 0.0 > 1e308 && -1.0 / 0.0 < -1e308", Yes),
        ("0.0 / 0.0 == 0.0 / 0.0", No),
        ("0.0 / 0.0 != 0.0 / 0.0", Yes),
        ("0.0 / 0.0 < 1.0 || 0.0 / 0.0 >= 1.0", No),
        ("0.0 / 0.0 in [0.0 / 0.0]", No),
        ("0.0 == -0.0 && 1.0 / -0.0 < 0.0", Yes),
        ("0.1 + 0.2 == 0.3", No),
        ("2.0 * 1e308 > 1e308", Yes),
        ("double('NaN') == double('NaN')", No),
        ("double('-Infinity') < -1e308", Yes),
    ]);
}

#[test]
fn numbers_compare_across_types() {
    asked(&[
        ("age == 42.0 && age == 42u && 42u == 42.0", Yes),
        ("age < 42.5 && 42.5 > age && age > 41.5", Yes),
        ("-1 < 0u && !(0u < -1)", Yes),
        ("18446744073709551615u > 9223372036854775807", Yes),
        ("1 == 1.5 || 2 == 1.5", No),
        ("1 < 0.0 / 0.0 || 1 >= 0.0 / 0.0 || 1u == 0.0 / 0.0", No),
        ("1 != 0.0 / 0.0", Yes),
        ("1 < 1.0 / 0.0 && 18446744073709551615u > -1.0 / 0.0", Yes),
        // Beside a double, an int is the double nearest to it.
        ("9007199254740993 == 9007199254740992.0", Yes),
        ("9007199254740993 > 9007199254740992.0", No),
        ("9223372036854775807 >= 9223372036854775808.0", Yes),
        ("9223372036854775808.0 <= 9223372036854775807", Yes),
        ("18446744073709551615u == 18446744073709551616.0", Yes),
        ("9223372036854775807 < 9223372036854777857.0", Yes),
        // The same in lists, constant or not.
        ("9007199254740993 in [9007199254740992.0]", Yes),
        ("9007199254740991 in [9007199254740992.0]", No),
        ("9007199254740992.0 in [9007199254740993]", Yes),
        ("9223372036854775807u in [9223372036854775808.0]", Yes),
        (
            "3 in [1.0, 2.5, 3.0] && 3u in [3.0] && 3.0 in [3u] && !(2 in [2.5])",
            Yes,
        ),
        ("42.0 in [age] && 0u in sizes && !(3.5 in sizes)", Yes),
    ]);
}

#[test]
fn lists_are_equal_where_their_elements_are() {
    asked(&[
        ("[1, 2] == [1, 2] && [1, 2] != [2, 1] && [1] != [1, 1]", Yes),
        ("[] == [] && sizes != []", Yes),
        (
            "[1] == [1.0] && [1.0] == [1] && [1u] == [1] && [2.0] == [2u]",
            Yes,
        ),
        ("[1, 2] == [1.0, 2.5]", No),
        ("[1.5] != [1] && sizes == [3.0, 0.0, -7.0] && [3u] != sizes", Yes),
        ("[0.0 / 0.0] == [0.0 / 0.0]", No),
        ("[age] == [42] && [absent] == [1]", Unknown),
        ("[1, 2] + [3] == [1, 2, 3] && size([1] + []) == 1", Yes),
        ("sizes[0] == 3 && sizes[2] == -7", Yes),
        ("sizes[3] == 0", Unknown),
        ("sizes[-1] == 0", Unknown),
        ("sizes[3] == 0 || true", Yes),
        ("size(roles) == 2 && sizes.size() == 3", Yes),
        ("'admin' in roles && !('Admin' in roles)", Yes),
        ("absent in []", Unknown),
    ]);
}

#[test]
fn macros_treat_errors_as_logic_does() {
    asked(&[
        ("sizes.exists(s, 12 / s == 4)", Yes),
        ("sizes.exists(s, 12 / s == 5)", Unknown),
        ("sizes.all(s, 12 / s == 4)", No),
        ("sizes.all(s, s == 0 || 12 / s != 0)", Yes),
        ("sizes.all(s, 100 / s != 0)", Unknown),
        ("sizes.exists_one(s, s > 0)", Yes),
        ("sizes.exists_one(s, s <= 0)", No),
        ("sizes.exists_one(s, 12 / s == 4)", Unknown),
        ("[].exists(s, s == 1) || !([].all(s, s == 1))", No),
        ("roles.exists(r, sizes.exists(s, size(r) == s + 2))", Yes),
        ("sizes.exists(age, age == 42)", No),
        ("sizes.exists(age, .age == 42)", Yes),
    ]);
}

#[test]
fn strings_are_code_points() {
    asked(&[
        ("size(name) == 4 && size('🐱') == 1 && size('') == 0", Yes),
        (r"size('e\u0301') == 2 && '\u00e9' != 'e\u0301'", Yes),
        ("'a' < 'b' && 'B' < 'a' && 'a' < 'aa' && '' < 'a'", Yes),
        (r"'\uffff' < '\U00010000'", Yes),
        (
            "name.startsWith('Jos') && name.endsWith('é') && name.contains('os')",
            Yes,
        ),
        (
            "name.startsWith('') && name.endsWith('') && name.contains('')",
            Yes,
        ),
        ("name.startsWith('José García')", No),
        (
            "name.matches('^J.*é$') && name.matches('s') && !name.matches('^s')",
            Yes,
        ),
        (r"'a1'.matches('^[a-z]\\d$') && 'x.y'.matches(r'x\.y')", Yes),
        ("'foo' + 'bar' == 'foobar'", Yes),
        (
            r#"'''it's''' == "it's" && r'\n' == '\\n' && '\x41\102\u0043' == 'ABC'"#,
            Yes,
        ),
        ("'''a\nb''' == 'a\\nb'", Yes),
    ]);
}

#[test]
fn times_have_a_range_and_parts() {
    asked(&[
        ("timestamp('2009-02-13T23:31:30Z') == timestamp(1234567890)", Yes),
        (
            "timestamp('2009-02-14T00:31:30+01:00') == timestamp('2009-02-13T23:31:30Z')",
            Yes,
        ),
        ("int(timestamp('1969-12-31T23:59:59.5Z')) == -1", Yes),
        (
            "timestamp('9999-12-31T23:59:59Z') + duration('1s') > now",
            Unknown,
        ),
        (
            "timestamp('0001-01-01T00:00:00Z') - duration('1ns') < now",
            Unknown,
        ),
        ("timestamp('2024-02-29T12:00:00Z').getDayOfYear() == 59", Yes),
        ("timestamp('2024-02-29T12:00:00Z').getDate() == 29", Yes),
        ("timestamp('2024-02-29T12:00:00Z').getDayOfMonth() == 28", Yes),
        ("timestamp('2024-02-29T12:00:00Z').getMonth() == 1", Yes),
        ("timestamp('2024-02-29T12:00:00Z').getDayOfWeek() == 4", Yes),
        ("timestamp('2024-02-29T23:00:00Z').getDate('+02:00') == 1", Yes),
        ("timestamp('2024-02-29T00:10:00Z').getHours('-00:30') == 23", Yes),
        (
            "timestamp('2024-02-29T12:34:56.789Z').getMilliseconds() == 789",
            Yes,
        ),
        (
            "duration('1h30m') == duration('5400s') && duration('90m').getHours() == 1",
            Yes,
        ),
        (
            "duration('90m').getMinutes() == 90 && duration('1.5s').getMilliseconds() == 500",
            Yes,
        ),
        ("duration('-1.5s') < duration('0s')", Yes),
        ("now == timestamp(0) && now - duration('1s') < now", Yes),
    ]);
}

#[test]
fn conversions_have_a_range() {
    asked(&[
        ("int(1.9) == 1 && int(-1.9) == -1 && int(score) == 1", Yes),
        ("int(9223372036854775808.0) > 0", Unknown),
        ("int(0.0 / 0.0) == 0", Unknown),
        ("int(18446744073709551615u) > 0", Unknown),
        ("uint(-1) > 0u", Unknown),
        ("uint(-0.5) == 0u", Unknown),
        ("uint(age) == 42u && uint(3.9) == 3u", Yes),
        ("double(9007199254740993) == 9007199254740992.0", Yes),
        (
            "int('-7') == -7 && uint('7') == 7u && double('1e3') == 1000.0",
            Yes,
        ),
        ("bool('TRUE') && !bool('f')", Yes),
        (
            "string(-7) == '-7' && string(7u) == '7' && string(true) == 'true'",
            Yes,
        ),
        ("string(-0.0045) == '-0.0045' && string(1.5) == '1.5'", Yes),
        ("string(duration('1m')) == '60s'", Yes),
    ]);
}
