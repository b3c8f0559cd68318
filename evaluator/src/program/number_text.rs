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

    /// ECMAScript's `Number::toString`, <https://tc39.es/ecma262/#sec-numeric-types-number-tostring>. Where two shortest texts are
    /// equally near, engines take the even one, which Rust's own formatting does not.
    pub(crate) fn of_double(value: f64) -> Self {
        let mut text = Self::empty();
        text.push(format_args!("{}", ryu_js::Buffer::new().format(value)));
        text
    }

    /// The text.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
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

    fn text(number: &NumberText) -> &str {
        std::str::from_utf8(number.as_bytes()).unwrap()
    }

    #[test]
    #[expect(
        clippy::excessive_precision,
        reason = "two stand exactly between two shorter texts, and are written out to show it"
    )]
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
            (147_738_330.986_328_125, "147738330.98632812"),
            (258_604_794.837_890_625, "258604794.83789062"),
            (0.1 + 0.2, "0.30000000000000004"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (value, expected) in cases {
            assert_eq!(text(&NumberText::of_double(value)), expected);
        }
        assert_eq!(text(&NumberText::of_int(i64::MIN)), "-9223372036854775808");
        assert_eq!(text(&NumberText::of_uint(u64::MAX)), "18446744073709551615");
    }
}
