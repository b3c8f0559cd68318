//! A PostgreSQL connection URL, parsed once and never shown with its password.

use std::str::FromStr;

/// Where a database is and how to sign in. `Debug` and `Display` leave the password out.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    text: String,
    shown: String,
}

/// Why a text is not a connection URL.
#[derive(Debug, thiserror::Error)]
#[error("not a PostgreSQL connection URL; it should look like postgresql://user:password@host:5432/database")]
pub struct InvalidUrl(#[source] tokio_postgres::Error);

impl DatabaseUrl {
    /// The URL with its password, for a driver and for nobody else.
    #[must_use]
    pub fn with_password(&self) -> &str {
        &self.text
    }

    pub(super) fn driver_config(&self) -> Result<tokio_postgres::Config, tokio_postgres::Error> {
        self.text.parse()
    }
}

impl FromStr for DatabaseUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let config: tokio_postgres::Config = text.parse().map_err(InvalidUrl)?;
        let host = match config.get_hosts().first() {
            Some(tokio_postgres::config::Host::Tcp(host)) => host.clone(),
            Some(tokio_postgres::config::Host::Unix(path)) => path.display().to_string(),
            None => "localhost".to_owned(),
        };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let user = config.get_user().unwrap_or("");
        let database = config.get_dbname().unwrap_or(user);
        Ok(Self {
            text: text.to_owned(),
            shown: format!("{user}@{host}:{port}/{database}"),
        })
    }
}

impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DatabaseUrl({})", self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let url: DatabaseUrl = "postgresql://shop:s3cret@db.example:6432/orders".parse().unwrap();
        assert_eq!(url.to_string(), "shop@db.example:6432/orders");
        assert!(!format!("{url:?}").contains("s3cret"));
    }

    #[test]
    fn a_text_that_is_no_url_is_refused_with_an_example() {
        let error = "host=/tmp port=x".parse::<DatabaseUrl>().unwrap_err();
        assert!(error.to_string().contains("postgresql://"));
    }
}
