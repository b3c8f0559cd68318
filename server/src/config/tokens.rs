//! Who may do what: bearer tokens, known to the server only by their hashes.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

/// What a token permits. Each role includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Ask for decisions.
    Evaluate,
    /// Read and write rows.
    Data,
    /// Change rules and carry the migration.
    Admin,
}

/// One token: its role, the SHA-256 of its text, and when it ends.
///
/// A token is random text of at least 128 bits, so a plain fast hash keeps it: there is no dictionary to try.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    role: Role,
    sha256: [u8; 32],
    expires: Option<jiff::Timestamp>,
}

/// All tokens that the server accepts.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tokens(Vec<Token>);

/// Why a text is not a [`Token`].
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TokenError {
    /// No colon, or too little on either side.
    #[error(
        "a token is written role:sha256 or role:sha256:expiry, for example evaluate:<64 hexadecimal digits>"
    )]
    Shape,
    /// An unknown role.
    #[error("a token's role is evaluate, data or admin")]
    Role,
    /// The hash is no SHA-256.
    #[error("a token's hash is its SHA-256 as 64 hexadecimal digits")]
    Hash,
    /// The expiry is no RFC 3339 time.
    #[error("a token's expiry is a time such as 2027-01-31T00:00:00Z")]
    Expiry,
}

impl Token {
    /// A token of this role for a text that its holder knows.
    pub fn of_text(role: Role, text: &str) -> Self {
        Self {
            role,
            sha256: Sha256::digest(text.as_bytes()).into(),
            expires: None,
        }
    }

    fn is_live(&self, now: SystemTime) -> bool {
        self.expires.is_none_or(|expires| now < SystemTime::from(expires))
    }
}

impl Tokens {
    /// These tokens and no others.
    pub fn new(tokens: Vec<Token>) -> Self {
        Self(tokens)
    }

    /// True where nobody could be let in by a token.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The role of whoever presents this text, if any live token is its.
    ///
    /// Every token is compared, in full, whatever matched before it: the time taken tells nothing.
    pub fn role_of(&self, presented: &str, now: SystemTime) -> Option<Role> {
        let digest: [u8; 32] = Sha256::digest(presented.as_bytes()).into();
        let mut role = None;
        for token in &self.0 {
            if bool::from(token.sha256.ct_eq(&digest)) && token.is_live(now) {
                role = role.max(Some(token.role));
            }
        }
        role
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Evaluate => "evaluate",
            Self::Data => "data",
            Self::Admin => "admin",
        })
    }
}

impl FromStr for Role {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        match text {
            "evaluate" => Ok(Self::Evaluate),
            "data" => Ok(Self::Data),
            "admin" => Ok(Self::Admin),
            _ => Err(TokenError::Role),
        }
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let (role, rest) = text.trim().split_once(':').ok_or(TokenError::Shape)?;
        let (hash, expires) = match rest.split_once(':') {
            Some((hash, expires)) => (hash, Some(expires.parse().map_err(|_| TokenError::Expiry)?)),
            None => (rest, None),
        };
        Ok(Self {
            role: role.parse()?,
            sha256: sha256_from_hex(hash)?,
            expires,
        })
    }
}

impl FromStr for Tokens {
    type Err = TokenError;

    /// Tokens separated by commas or white space.
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let entries = text
            .split(|c: char| c == ',' || c.is_whitespace())
            .filter(|entry| !entry.is_empty());
        entries.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Token({})", self.role)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(&self.0).finish()
    }
}

fn sha256_from_hex(text: &str) -> Result<[u8; 32], TokenError> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()
        .ok_or(TokenError::Hash)?;
    let bytes: Vec<u8> = digits
        .chunks_exact(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect();
    if digits.len() != 64 {
        return Err(TokenError::Hash);
    }
    bytes.try_into().map_err(|_| TokenError::Hash)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{Role, TokenError, Tokens};

    // printf %s letmein | sha256sum
    const LETMEIN: &str = "1c8bfe8f801d79745c4631d09fff36c82aa37fc4cce4fc946683d7b336b63032";

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_token_is_known_by_its_hash() {
        let tokens: Tokens = format!("data:{LETMEIN}").parse().unwrap();
        assert_eq!(tokens.role_of("letmein", at(0)), Some(Role::Data));
        assert_eq!(tokens.role_of("letmeout", at(0)), None);
        assert_eq!(tokens.role_of(LETMEIN, at(0)), None);
    }

    #[test]
    fn the_highest_of_a_token_s_roles_counts() {
        let tokens: Tokens = format!("admin:{LETMEIN}, evaluate:{LETMEIN}").parse().unwrap();
        assert_eq!(tokens.role_of("letmein", at(0)), Some(Role::Admin));
        assert!(Role::Evaluate < Role::Data && Role::Data < Role::Admin);
    }

    #[test]
    fn a_token_ends_at_its_expiry() {
        let tokens: Tokens = format!("evaluate:{LETMEIN}:1970-01-01T00:01:00Z")
            .parse()
            .unwrap();
        assert_eq!(tokens.role_of("letmein", at(59)), Some(Role::Evaluate));
        assert_eq!(tokens.role_of("letmein", at(60)), None);
    }

    #[test]
    fn what_is_no_token_is_refused_with_the_reason() {
        for (text, error) in [
            ("letmein", TokenError::Shape),
            (&format!("root:{LETMEIN}"), TokenError::Role),
            ("data:abc", TokenError::Hash),
            (&format!("data:{LETMEIN}0"), TokenError::Hash),
            (&format!("data:é{}", &LETMEIN[2..]), TokenError::Hash),
            (&format!("data:{LETMEIN}:tomorrow"), TokenError::Expiry),
        ] {
            assert_eq!(text.parse::<Tokens>(), Err(error), "{text}");
        }
    }

    #[test]
    fn hashes_are_not_printed() {
        let tokens: Tokens = format!("data:{LETMEIN}").parse().unwrap();
        assert_eq!(format!("{tokens:?}"), "[Token(data)]");
    }
}
