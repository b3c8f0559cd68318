//! A file of tokens that commands and the API write and running servers follow: a line for each, which says of a token
//! only what it takes to know it again.
//!
//! ```text
//! data:1c8bfe8f…:2027-01-31T00:00:00Z # the shop's backend
//! ```

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustls::crypto::ring;
use serde::Serialize;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::tokens::{Role, TokenError, Tokens};

/// As much as nobody guesses.
const TOKEN_BYTES: usize = 32;

/// How much of a hash names its token.
const ID_DIGITS: usize = 12;

/// Where tokens are kept.
#[derive(Debug, Clone)]
pub struct TokenFile(PathBuf);

/// What is known of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct KnownToken {
    /// The beginning of its hash, by which it is revoked and by which logs name it.
    pub id: String,
    /// What it permits.
    pub role: String,
    /// What it is for.
    pub name: String,
    /// When it ends, in RFC 3339; never, if absent.
    pub expires: Option<String>,
}

/// A token that was just made: the only time that its text is known.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct NewToken {
    /// What its holder presents. It cannot be had again.
    pub token: String,
    /// What is kept of it.
    #[serde(flatten)]
    pub known: KnownToken,
}

/// Tokens that cannot be read or written.
#[derive(Debug, Error)]
pub enum TokenFileError {
    /// The file cannot be read or written.
    #[error("the tokens in {} cannot be read or written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A line is no token.
    #[error("{}:{line}: {source}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        source: TokenError,
    },
    /// A name would not stay on its line.
    #[error("a token's name is at most 100 characters on one line")]
    Name,
    /// No token has this identifier.
    #[error("there is no token {0}")]
    Unknown(String),
}

impl TokenFile {
    /// The file need not be there yet.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// All tokens, for whoever lets in.
    pub fn tokens(&self) -> Result<Tokens, TokenFileError> {
        let lines = self.lines()?;
        let entries: Vec<&str> = lines.iter().map(|line| entry(line)).collect();
        entries.join(" ").parse().map_err(|source| self.wrong(0, source))
    }

    /// What is known of all tokens.
    pub fn list(&self) -> Result<Vec<KnownToken>, TokenFileError> {
        Ok(self.lines()?.iter().filter_map(|line| known(line)).collect())
    }

    /// Makes a token and keeps its hash.
    pub fn create(
        &self,
        role: Role,
        name: &str,
        expires: Option<jiff::Timestamp>,
    ) -> Result<NewToken, TokenFileError> {
        if name.chars().count() > 100 || name.chars().any(char::is_control) {
            return Err(TokenFileError::Name);
        }
        let token = random_token().map_err(|source| self.failed(source))?;
        let ends = expires.map(|expires| format!(":{expires}")).unwrap_or_default();
        let line = format!("{role}:{}{ends} # {name}", sha256_hex(&token));
        let known = KnownToken {
            id: fingerprint(&token),
            role: role.to_string(),
            name: name.to_owned(),
            expires: expires.map(|expires| expires.to_string()),
        };
        let mut lines = self.lines()?;
        lines.push(line);
        self.write(&lines)?;
        Ok(NewToken { token, known })
    }

    /// Ends a token at once.
    pub fn revoke(&self, id: &str) -> Result<KnownToken, TokenFileError> {
        let lines = self.lines()?;
        let is_it = |line: &String| known(line).is_some_and(|known| known.id == id);
        let (revoked, kept): (Vec<String>, Vec<String>) = lines.into_iter().partition(is_it);
        let revoked = revoked.first().and_then(|line| known(line));
        let revoked = revoked.ok_or_else(|| TokenFileError::Unknown(id.to_owned()))?;
        self.write(&kept)?;
        Ok(revoked)
    }

    fn lines(&self) -> Result<Vec<String>, TokenFileError> {
        let text = match fs::read_to_string(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text.map_err(|source| self.failed(source))?,
        };
        for (line, number) in text.lines().zip(1..) {
            if let Err(source) = entry(line).parse::<Tokens>() {
                return Err(self.wrong(number, source));
            }
        }
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// In one step: no server ever reads half of them. Only the owner may read it.
    fn write(&self, lines: &[String]) -> Result<(), TokenFileError> {
        let write = || -> io::Result<()> {
            let folder = self.0.parent().filter(|folder| !folder.as_os_str().is_empty());
            let mut unfinished = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
            for line in lines {
                writeln!(unfinished, "{line}")?;
            }
            unfinished.as_file().sync_all()?;
            unfinished.persist(&self.0)?;
            Ok(())
        };
        write().map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> TokenFileError {
        TokenFileError::Io {
            path: self.0.clone(),
            source,
        }
    }

    fn wrong(&self, line: usize, source: TokenError) -> TokenFileError {
        TokenFileError::Line {
            path: self.0.clone(),
            line,
            source,
        }
    }
}

/// By which logs and audits name a token without telling it.
pub fn fingerprint(token: &str) -> String {
    sha256_hex(token).chars().take(ID_DIGITS).collect()
}

fn entry(line: &str) -> &str {
    line.split('#').next().unwrap_or_default().trim()
}

fn known(line: &str) -> Option<KnownToken> {
    let mut parts = entry(line).splitn(3, ':');
    let (role, hash) = (parts.next()?, parts.next()?);
    Some(KnownToken {
        id: hash.to_ascii_lowercase().chars().take(ID_DIGITS).collect(),
        role: role.to_owned(),
        name: line
            .split_once('#')
            .map_or("", |(_, name)| name.trim())
            .to_owned(),
        expires: parts.next().map(str::to_owned),
    })
}

fn random_token() -> io::Result<String> {
    let mut bytes = [0; TOKEN_BYTES];
    let random = ring::default_provider().secure_random;
    random
        .fill(&mut bytes)
        .map_err(|_| io::Error::other("the system has no random bytes"))?;
    Ok(format!("cf_{}", hex(&bytes)))
}

fn sha256_hex(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// Two digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        _ = write!(digits, "{byte:02x}");
        digits
    })
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn file() -> (tempfile::TempDir, TokenFile) {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::new(&folder.path().join("tokens"));
        (folder, file)
    }

    #[test]
    fn a_token_lets_in_from_its_making_until_it_is_revoked_and_is_nowhere_kept() {
        let (folder, file) = file();
        let made = file.create(Role::Data, "the shop's backend", None).unwrap();
        let role = |file: &TokenFile| file.tokens().unwrap().role_of(&made.token, SystemTime::now());
        assert_eq!(role(&file), Some(Role::Data));
        let text = fs::read_to_string(folder.path().join("tokens")).unwrap();
        assert!(!text.contains(&made.token[3..]), "{text}");
        assert_eq!(file.list().unwrap(), std::slice::from_ref(&made.known));
        assert_eq!(made.known.id, fingerprint(&made.token));

        let other = file.create(Role::Admin, "", None).unwrap();
        assert_eq!(file.revoke(&made.known.id).unwrap(), made.known);
        assert_eq!(role(&file), None);
        assert_eq!(file.list().unwrap(), [other.known]);
        assert!(matches!(
            file.revoke(&made.known.id),
            Err(TokenFileError::Unknown(_))
        ));
    }

    #[test]
    fn a_token_s_end_and_a_person_s_comments_are_kept() {
        let (folder, file) = file();
        let comment = "# who may ask\n";
        fs::write(folder.path().join("tokens"), comment).unwrap();
        let ends: jiff::Timestamp = "1970-01-01T00:01:00Z".parse().unwrap();
        let made = file.create(Role::Evaluate, "old", Some(ends)).unwrap();
        assert_eq!(made.known.expires.as_deref(), Some("1970-01-01T00:01:00Z"));
        assert_eq!(
            file.tokens().unwrap().role_of(&made.token, SystemTime::now()),
            None
        );
        assert!(
            fs::read_to_string(folder.path().join("tokens"))
                .unwrap()
                .starts_with(comment)
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_never_quoted() {
        let (folder, file) = file();
        fs::write(folder.path().join("tokens"), "# first\nhunter2\n").unwrap();
        let error = file.tokens().unwrap_err().to_string();
        assert!(
            error.contains("tokens:2: ") && !error.contains("hunter2"),
            "{error}"
        );
        assert!(matches!(
            file.create(Role::Data, "two\nlines", None),
            Err(TokenFileError::Name)
        ));
    }
}
