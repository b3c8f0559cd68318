//! What a plain scalar means: YAML 1.2's core schema (chapter 10.3.2 of the specification), less octal and
//! hexadecimal numbers, infinities and NaN, which JSON could not carry either.

use serde_json::{Number, Value};

use super::{Entry, Kind, Node, Scalar};

impl Scalar {
    /// Null, a boolean, a number or a string.
    pub(crate) fn value(&self) -> Value {
        if !self.is_plain() {
            return Value::String(self.text.clone());
        }
        match self.text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => Value::Null,
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            text => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
        }
    }
}

impl Node {
    /// The value as JSON has it.
    pub(crate) fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Scalar(scalar) => scalar.value(),
            Kind::Sequence(items) => items.iter().map(Node::to_json).collect(),
            Kind::Mapping(entries) => entries
                .iter()
                .map(|Entry { key, value, .. }| (key.clone(), value.to_json()))
                .collect(),
        }
    }
}

/// `-12`, `1.5`, `2e3`, `.5`; what has a point or an exponent is a float and stays one. A whole number with
/// leading zeros is text: `012` is twelve to one reader and ten to another.
fn number(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let starts_like_one = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let only_its_characters = unsigned
        .bytes()
        .all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'-' | b'+'));
    if !starts_like_one || !only_its_characters || !unsigned.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    if unsigned.bytes().all(|b| b.is_ascii_digit()) {
        if unsigned.len() > 1 && unsigned.starts_with('0') {
            return None;
        }
        if let Ok(whole) = text.parse::<i64>() {
            return Some(whole.into());
        }
        if let Ok(whole) = unsigned.parse::<u64>()
            && !text.starts_with('-')
        {
            return Some(whole.into());
        }
    }
    Number::from_f64(text.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use granit_parser::ScalarStyle;
    use serde_json::{Value, json};

    use super::Scalar;

    fn plain(text: &str) -> Value {
        Scalar {
            text: text.into(),
            style: ScalarStyle::Plain,
        }
        .value()
    }

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        assert_eq!(plain("true"), json!(true));
        assert_eq!(plain("~"), Value::Null);
        assert_eq!(plain("-12"), json!(-12));
        assert_eq!(plain("+12"), json!(12));
        assert_eq!(plain("18446744073709551615"), json!(u64::MAX));
        assert_eq!(plain("2.0"), json!(2.0));
        assert_eq!(plain("1e3"), json!(1000.0));
        assert_eq!(plain(".5"), json!(0.5));
    }

    #[test]
    fn what_only_looks_like_a_boolean_or_a_number_is_text() {
        for text in [
            "no", "yes", "on", "012", "0x1F", "0o17", ".inf", ".nan", "1.2.3", "-", "1e", ".", "1_000",
            "12:30",
        ] {
            assert_eq!(plain(text), json!(text));
        }
    }
}
