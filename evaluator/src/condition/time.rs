//! Instants and durations as CEL writes them: RFC 3339, and Go's notation of durations.

use super::TimestampField;

/// The first second of the year 1 and the last of the year 9999, CEL's range, since the Unix epoch.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// `2026-12-01T09:00:00.5+01:00`: seconds since the Unix epoch and nanoseconds after them, or why it is none.
pub fn parse_timestamp(text: &str) -> Result<(i64, u32), &'static str> {
    const SHAPE: &str = "an instant is written like `2026-12-01T09:00:00Z`";
    const YEARS: &str = "instants lie in the years 1 to 9999";
    let bytes = text.as_bytes();
    let number = |from: usize, digits: usize| -> Option<i64> {
        let written = text.get(from..from + digits)?;
        written
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| written.parse().ok())?
    };
    let separated = |at: usize, allowed: &[u8]| bytes.get(at).is_some_and(|b| allowed.contains(b));
    let (Some(year), true, Some(month), true, Some(day)) = (
        number(0, 4),
        separated(4, b"-"),
        number(5, 2),
        separated(7, b"-"),
        number(8, 2),
    ) else {
        return Err(SHAPE);
    };
    if bytes.len() == 10 {
        return Err("a date needs a time and a time zone: `2026-12-01T09:00:00Z`");
    }
    let (true, Some(hour), true, Some(minute), true, Some(second)) = (
        separated(10, b"Tt"),
        number(11, 2),
        separated(13, b":"),
        number(14, 2),
        separated(16, b":"),
        number(17, 2),
    ) else {
        return Err(SHAPE);
    };
    let (nanos, rest) = fraction(&text[19..]).ok_or(SHAPE)?;
    let offset_minutes = offset(rest)?;
    if year == 0 {
        return Err(YEARS);
    }
    if !(1..=12).contains(&month) {
        return Err("there are twelve months");
    }
    if !(1..=days_in_month(year, month)).contains(&day) {
        return Err("the month has no such day");
    }
    if hour > 23 || minute > 59 || second > 59 {
        return Err("there is no such time of day");
    }
    let seconds =
        days_from_epoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset_minutes * 60;
    if SECONDS.contains(&seconds) {
        Ok((seconds, nanos))
    } else {
        Err(YEARS)
    }
}

/// Whether seconds since the Unix epoch lie in CEL's range of timestamps.
pub(crate) fn is_timestamp(seconds: i64) -> bool {
    SECONDS.contains(&seconds)
}

/// `+02:00`, `-02:30`, `02:00` or `UTC`: minutes east of it. CEL's zones with a name need tables that change.
pub(super) fn parse_zone(name: &str) -> Option<i64> {
    if name == "UTC" {
        return Some(0);
    }
    let signed = if name.starts_with(['+', '-']) {
        name.to_owned()
    } else {
        format!("+{name}")
    };
    offset(&signed).ok()
}

/// `2026-12-01T09:00:00.5Z`
pub(crate) fn format_timestamp(seconds: i64, nanos: u32) -> String {
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let of_day = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let fraction = fraction_digits(nanos);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// A part of an instant in UTC, numbered as CEL's getters do.
pub(crate) fn timestamp_field(field: TimestampField, seconds: i64, nanos: u32) -> i64 {
    let days = seconds.div_euclid(86_400);
    let of_day = seconds.rem_euclid(86_400);
    let (year, month, day) = civil(days);
    match field {
        TimestampField::FullYear => year,
        TimestampField::Month => month - 1,
        TimestampField::Date => day,
        TimestampField::DayOfMonth => day - 1,
        // 1970-01-01 was a Thursday.
        TimestampField::DayOfWeek => (days + 4).rem_euclid(7),
        TimestampField::DayOfYear => days - days_from_epoch(year, 1, 1),
        TimestampField::Hours => of_day / 3600,
        TimestampField::Minutes => of_day / 60 % 60,
        TimestampField::Seconds => of_day % 60,
        TimestampField::Milliseconds => i64::from(nanos / 1_000_000),
    }
}

/// `5400.5s`, as CEL's `string(duration)` has it.
pub(crate) fn format_duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let size = nanos.unsigned_abs();
    let fraction = fraction_digits(u32::try_from(size % 1_000_000_000).unwrap_or_default());
    format!("{sign}{}{fraction}s", size / 1_000_000_000)
}

/// `.5`, or nothing.
fn fraction_digits(nanos: u32) -> String {
    match nanos {
        0 => String::new(),
        _ => format!(".{nanos:09}").trim_end_matches('0').to_owned(),
    }
}

/// `.5Z` → half a second in nanoseconds, and the rest.
fn fraction(text: &str) -> Option<(u32, &str)> {
    let Some(after) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return None;
    }
    // What is less than a nanosecond is cut off.
    let kept = digits.min(9);
    let value: u32 = after[..kept].parse().ok()?;
    let scale = 10_u32.pow(u32::try_from(9 - kept).ok()?);
    Some((value * scale, &after[digits..]))
}

/// `Z`, `+01:00`: minutes east of UTC.
fn offset(text: &str) -> Result<i64, &'static str> {
    const SHAPE: &str = "an instant ends with its time zone: `Z` for UTC, or an offset such as `+01:00`";
    if matches!(text, "Z" | "z") {
        return Ok(0);
    }
    let (sign, rest) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(rest), _) => (1, rest),
        (_, Some(rest)) => (-1, rest),
        _ => return Err(SHAPE),
    };
    let (hours, minutes) = rest.split_once(':').ok_or(SHAPE)?;
    let two = |digits: &str| -> Option<i64> {
        (digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
    };
    match (two(hours), two(minutes)) {
        (Some(hours @ 0..=23), Some(minutes @ 0..=59)) => Ok(sign * (hours * 60 + minutes)),
        _ => Err(SHAPE),
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar: Howard Hinnant's `days_from_civil`,
/// <https://howardhinnant.github.io/date_algorithms.html>.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse: year, month and day of a day since 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

/// `1h30m`, `-1.5s`, `0`: nanoseconds, or why it is no duration. The notation is Go's `time.ParseDuration`.
pub(super) fn parse_duration(text: &str) -> Result<i64, &'static str> {
    const SHAPE: &str = "a duration is written like `1h30m`, with the units h, m, s, ms, us and ns";
    const RANGE: &str = "a duration is at most 292 years long";
    let (negative, mut rest) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(SHAPE);
    }
    let mut nanos: i128 = 0;
    while !rest.is_empty() {
        let number = rest
            .bytes()
            .take_while(|b| b.is_ascii_digit() || *b == b'.')
            .count();
        let (written, after) = rest.split_at(number);
        let letters = after
            .bytes()
            .take_while(|b| !b.is_ascii_digit() && *b != b'.')
            .count();
        let (unit, next) = after.split_at(letters);
        let unit_nanos: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" | "w" | "y" => {
                return Err("a duration has no unit longer than `h`, since days differ in length");
            }
            _ => return Err(SHAPE),
        };
        nanos = nanos
            .checked_add(scaled(written, unit_nanos).ok_or(SHAPE)?)
            .ok_or(RANGE)?;
        rest = next;
    }
    i64::try_from(if negative { -nanos } else { nanos }).map_err(|_| RANGE)
}

/// `1.5` of a unit, what is less than a nanosecond dropped.
fn scaled(written: &str, unit: i128) -> Option<i128> {
    let (whole, part) = written.split_once('.').unwrap_or((written, ""));
    if written == "." || written.is_empty() || part.contains('.') {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    // More digits than these are beyond the range, or less than a nanosecond.
    let whole: i128 = if whole.is_empty() {
        0
    } else {
        whole.get(..whole.len().min(24))?.parse().ok()?
    };
    let digits = part.get(..part.len().min(18))?;
    let fraction: i128 = if digits.is_empty() {
        0
    } else {
        digits.parse().ok()?
    };
    let scale = 10_i128.pow(u32::try_from(digits.len()).ok()?);
    whole.checked_mul(unit)?.checked_add(fraction * unit / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_those_of_rfc_3339() {
        assert_eq!(parse_timestamp("1970-01-01T00:00:00Z"), Ok((0, 0)));
        assert_eq!(parse_timestamp("2009-02-13T23:31:30Z"), Ok((1_234_567_890, 0)));
        assert_eq!(
            parse_timestamp("2009-02-13T23:31:30.25+01:00"),
            Ok((1_234_564_290, 250_000_000))
        );
        assert_eq!(parse_timestamp("0001-01-01T00:00:00Z"), Ok((*SECONDS.start(), 0)));
        assert_eq!(
            parse_timestamp("9999-12-31T23:59:59.999999999Z"),
            Ok((*SECONDS.end(), 999_999_999))
        );
        assert_eq!(parse_timestamp("2024-02-29T00:00:00Z"), Ok((1_709_164_800, 0)));
        assert_eq!(
            parse_timestamp("1970-01-01t00:00:00.1234567899z"),
            Ok((0, 123_456_789))
        );
    }

    #[test]
    fn instants_are_written_as_they_are_read() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2024-02-29T23:59:59.5Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999999Z",
            "1900-03-01T12:00:00Z",
        ] {
            let (seconds, nanos) = parse_timestamp(text).expect(text);
            assert_eq!(format_timestamp(seconds, nanos), text);
        }
        assert_eq!(format_duration(-1_500_000_000), "-1.5s");
    }

    #[test]
    fn what_is_no_instant_says_why() {
        for (text, reason) in [
            ("2026-12-01", "needs a time"),
            ("2026-12-01T09:00:00", "time zone"),
            ("2023-02-29T00:00:00Z", "no such day"),
            ("2026-13-01T00:00:00Z", "twelve"),
            ("2026-12-01T24:00:00Z", "time of day"),
            ("0000-12-01T00:00:00Z", "years 1 to 9999"),
            ("9999-12-31T23:59:59-00:01", "years 1 to 9999"),
            ("0000-12-31T23:59:59-01:00", "years 1 to 9999"),
            ("tomorrow", "written like"),
            ("2026-12-01T09:00:00.Z", "written like"),
            ("2026-12-01T09:00:0éZ", "written like"),
        ] {
            let error = parse_timestamp(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn durations_are_those_of_go() {
        assert_eq!(parse_duration("1h30m"), Ok(5_400_000_000_000));
        assert_eq!(parse_duration("-1.5s"), Ok(-1_500_000_000));
        assert_eq!(parse_duration("0"), Ok(0));
        assert_eq!(parse_duration("1us2ns"), Ok(1_002));
        assert_eq!(parse_duration(".5h"), Ok(1_800_000_000_000));
        assert_eq!(parse_duration("2562047h47m16.854775807s"), Ok(i64::MAX));
        assert_eq!(parse_duration("-2562047h47m16.854775808s"), Ok(i64::MIN));
    }

    #[test]
    fn what_is_no_duration_says_why() {
        for (text, reason) in [
            ("2562047h47m16.854775808s", "292 years"),
            ("1d", "longer than `h`"),
            ("", "written like"),
            ("1", "written like"),
            ("h", "written like"),
            ("1.2.3s", "written like"),
            ("1 h", "written like"),
        ] {
            let error = parse_duration(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
