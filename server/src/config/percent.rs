//! A share of requests.

use std::str::FromStr;

/// From 0 % to 100 %, in steps of a ten-thousandth of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Percent {
    millionths: u32,
}

/// Why a text is no share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a share: write 0% to 100%, as in 1% or 0.05%")]
pub struct InvalidPercent;

const WHOLE: u32 = 1_000_000;

impl Percent {
    /// None.
    pub const ZERO: Self = Self { millionths: 0 };
    /// All.
    pub const ALL: Self = Self { millionths: WHOLE };

    /// True for this share of all numbers.
    pub fn takes(self, number: u64) -> bool {
        number % u64::from(WHOLE) < u64::from(self.millionths)
    }
}

impl FromStr for Percent {
    type Err = InvalidPercent;

    fn from_str(text: &str) -> Result<Self, InvalidPercent> {
        let number = text.strip_suffix('%').ok_or(InvalidPercent)?;
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !are_digits(whole) || !are_digits(part) || part.len() > 4 {
            return Err(InvalidPercent);
        }
        let digits = format!("{whole}{part:0<4}");
        match digits.parse() {
            Ok(millionths) if millionths <= WHOLE => Ok(Self { millionths }),
            _ => Err(InvalidPercent),
        }
    }
}

impl std::fmt::Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, part) = (self.millionths / 10_000, self.millionths % 10_000);
        if part == 0 {
            write!(f, "{whole}%")
        } else {
            let part = format!("{part:04}");
            write!(f, "{whole}.{}%", part.trim_end_matches('0'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_as_it_is_written() {
        for text in ["0%", "1%", "0.05%", "99.9999%", "100%"] {
            assert_eq!(text.parse::<Percent>().unwrap().to_string(), text);
        }
        assert_eq!("1.50%".parse::<Percent>().unwrap().to_string(), "1.5%");
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in [
            "1",
            "",
            "%",
            "-1%",
            "100.0001%",
            "0.00001%",
            "1.%",
            ".5%",
            "1e1%",
            "101%",
        ] {
            assert_eq!(text.parse::<Percent>(), Err(InvalidPercent), "{text}");
        }
    }

    #[test]
    fn a_share_takes_as_many() {
        let taken = |share: Percent| (0..1_000_000).filter(|number| share.takes(*number)).count();
        assert_eq!(taken(Percent::ZERO), 0);
        assert_eq!(taken("0.05%".parse().unwrap()), 500);
        assert_eq!(taken(Percent::ALL), 1_000_000);
    }
}
