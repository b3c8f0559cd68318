//! Numbers as the text that buckets are made of: as JavaScript writes them, since DevCycle's buckets do.

use std::io::Write as _;

/// A number's text, on the stack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NumberText {
    bytes: [u8; 32],
    length: usize,
}

impl NumberText {
    /// Decimal digits.
    pub(crate) fn of_int(value: i64) -> Self {
        let mut text = Self::empty();
        text.push(format_args!("{value}"));
        text
    }

    /// Decimal digits.
    pub(crate) fn of_uint(value: u64) -> Self {
        let mut text = Self::empty();
        text.push(format_args!("{value}"));
        text
    }

    /// ECMAScript's `Number::toString`, <https://tc39.es/ecma262/#sec-numeric-types-number-tostring>: the shortest digits that
    /// read back as the same number, with an exponent from 1e21 up and below 1e-6.
    pub(crate) fn of_double(value: f64) -> Self {
        let mut text = Self::empty();
        if !value.is_finite() || value == 0.0 {
            let word = match value {
                0.0 => "0",
                f64::INFINITY => "Infinity",
                f64::NEG_INFINITY => "-Infinity",
                _ => "NaN",
            };
            text.push(format_args!("{word}"));
            return text;
        }
        // Rust's are the shortest digits too: d.ddde±x.
        let mut scientific = Self::empty();
        scientific.push(format_args!("{:e}", value.abs()));
        let (mantissa, exponent) = scientific.as_str().split_once('e').unwrap_or(("0", "0"));
        let (first, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let point = exponent.parse::<i32>().unwrap_or(0) + 1;
        let digits = 1 + rest.len() as i32;
        if value < 0.0 {
            text.push(format_args!("-"));
        }
        match point {
            1..=21 if digits <= point => {
                let zeros = (point - digits) as usize;
                text.push(format_args!("{first}{rest}{:0<zeros$}", ""));
            }
            1..=21 => {
                let (whole, fraction) = rest.split_at(point as usize - 1);
                text.push(format_args!("{first}{whole}.{fraction}"));
            }
            -5..=0 => {
                let zeros = (-point) as usize;
                text.push(format_args!("0.{:0<zeros$}{first}{rest}", ""));
            }
            _ => {
                let dot = if rest.is_empty() { "" } else { "." };
                text.push(format_args!("{first}{dot}{rest}e{:+}", point - 1));
            }
        }
        text
    }

    /// The text.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    fn empty() -> Self {
        Self {
            bytes: [0; 32],
            length: 0,
        }
    }

    /// No number's text is longer than 25 bytes: a sign, 17 digits, a point, and "e-324" or "0.00000".
    fn push(&mut self, part: std::fmt::Arguments<'_>) {
        let mut rest = &mut self.bytes[self.length..];
        let before = rest.len();
        let _ = rest.write_fmt(part);
        self.length += before - rest.len();
    }
}

#[cfg(test)]
mod tests {
    use super::NumberText;

    #[test]
    fn doubles_are_written_as_javascript_writes_them() {
        // Each was printed by Node 20's `String(value)`.
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (123.456, "123.456"),
            (100.0, "100"),
            (1e21, "1e+21"),
            (1e20, "100000000000000000000"),
            (123_456_789_012_345_680_000.0, "123456789012345680000"),
            (0.000_001, "0.000001"),
            (0.000_000_1, "1e-7"),
            (1.5e-7, "1.5e-7"),
            (1.234e25, "1.234e+25"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (-1.797_693_134_862_315_8e-10, "-1.7976931348623158e-10"),
            (0.1 + 0.2, "0.30000000000000004"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (value, expected) in cases {
            assert_eq!(NumberText::of_double(value).as_str(), expected);
        }
        assert_eq!(NumberText::of_int(i64::MIN).as_str(), "-9223372036854775808");
        assert_eq!(NumberText::of_uint(u64::MAX).as_str(), "18446744073709551615");
    }
}
