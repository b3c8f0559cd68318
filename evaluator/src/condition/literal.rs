//! Strings and numbers as CEL writes them.

use super::syntax::Constant;

/// An escape that CEL does not have: its bytes in the body, and why.
pub(super) struct BadEscape {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) reason: String,
}

/// The bytes of a string literal with its prefix and quotes; `None` if it is not closed.
pub(super) fn string_length(text: &str, prefix: usize, quote: &str) -> Option<usize> {
    let raw = text[..prefix].contains(['r', 'R']);
    let body = prefix + quote.len();
    let mut at = body;
    loop {
        let rest = text.get(at..)?;
        if rest.starts_with(quote) {
            return Some(at + quote.len());
        }
        let next = rest.chars().next()?;
        if quote.len() == 1 && matches!(next, '\n' | '\r') {
            return None;
        }
        at += next.len_utf8();
        // In a raw string a backslash is nothing special, not even before a quote.
        if next == '\\' && !raw {
            at += text.get(at..)?.chars().next()?.len_utf8();
        }
    }
}

/// The value of a string literal's body.
pub(super) fn unescape(body: &str) -> Result<String, BadEscape> {
    let mut value = String::with_capacity(body.len());
    let mut at = 0;
    while let Some(backslash) = body[at..].find('\\') {
        value.push_str(&body[at..at + backslash]);
        let start = at + backslash;
        let (character, length) = escape(&body[start + 1..]).map_err(|(reason, length)| BadEscape {
            start,
            end: (start + 1 + length).min(body.len()),
            reason,
        })?;
        value.push(character);
        at = start + 1 + length;
    }
    value.push_str(&body[at..]);
    Ok(value)
}

/// The character an escape stands for and its length, the backslash not counted.
fn escape(rest: &str) -> Result<(char, usize), (String, usize)> {
    let Some(first) = rest.chars().next() else {
        return Err(("a backslash must be followed by what it escapes".into(), 0));
    };
    let simple = match first {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0C',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0B',
        '\\' | '?' | '"' | '\'' | '`' => first,
        'x' | 'X' => return coded(rest, 1, 2, 16),
        'u' => return coded(rest, 1, 4, 16),
        'U' => return coded(rest, 1, 8, 16),
        '0'..='3' => return coded(rest, 0, 3, 8),
        other => return Err((format!("there is no escape `\\{other}`"), other.len_utf8())),
    };
    Ok((simple, first.len_utf8()))
}

/// A code point in `digits` digits after `skip` bytes.
fn coded(rest: &str, skip: usize, digits: usize, radix: u32) -> Result<(char, usize), (String, usize)> {
    let length = skip + digits;
    let written = rest
        .get(skip..length)
        .filter(|written| written.chars().all(|c| c.is_digit(radix)));
    let Some(code) = written.and_then(|written| u32::from_str_radix(written, radix).ok()) else {
        let kind = if radix == 8 { "octal" } else { "hexadecimal" };
        let bytes = rest.char_indices().nth(length).map_or(rest.len(), |(end, _)| end);
        return Err((format!("this escape needs {digits} {kind} digits"), bytes));
    };
    char::from_u32(code)
        .map(|c| (c, length))
        .ok_or_else(|| ("this is not a Unicode code point".into(), length))
}

/// The bytes of what was meant as a number: digits, letters and points that stand together, signs of exponents.
pub(super) fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digit_follows = bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        let part = match byte {
            b'.' => !hexadecimal && digit_follows,
            b'+' | b'-' => !hexadecimal && at > 0 && matches!(bytes[at - 1], b'e' | b'E') && digit_follows,
            _ => byte.is_ascii_alphanumeric() || *byte == b'_',
        };
        if !part {
            break;
        }
        at += 1;
    }
    at
}

/// The value of a number without a sign. `9223372036854775808` is kept, since a minus may stand before it.
pub(super) fn number(written: &str) -> Result<Constant, String> {
    let (digits, unsigned) = match written.strip_suffix(['u', 'U']) {
        Some(digits) => (digits, true),
        None => (written, false),
    };
    let whole = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hexadecimal)
            if hexadecimal.bytes().all(|b| b.is_ascii_hexdigit()) && !hexadecimal.is_empty() =>
        {
            u64::from_str_radix(hexadecimal, 16).ok()
        }
        Some(_) => return Err(format!("`{written}` is not a number")),
        None if digits.bytes().all(|b| b.is_ascii_digit()) && !digits.is_empty() => digits.parse().ok(),
        None if unsigned => return Err(format!("`{written}` is not a number")),
        None => return double(written),
    };
    match whole {
        Some(value) if unsigned => Ok(Constant::Uint(value)),
        Some(value) if value <= 1 << 63 => Ok(Constant::Magnitude(value)),
        _ if unsigned => Err(format!("`{written}` does not fit 64 bits")),
        _ => Err(format!("`{written}` does not fit a 64-bit int")),
    }
}

fn double(written: &str) -> Result<Constant, String> {
    let plain = written
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    match written.parse::<f64>() {
        // A number too large for a double is infinite to `parse`, and to CEL's own implementations an error.
        Ok(value) if plain && value.is_finite() => Ok(Constant::Double(value)),
        Ok(_) if plain => Err(format!("`{written}` does not fit a double")),
        _ => Err(format!("`{written}` is not a number")),
    }
}
