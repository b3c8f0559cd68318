//! A database's address, with its password kept out of every log and message.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use tokio_postgres::config::Host;

/// A connection string that PostgreSQL's clients accept: `postgres://user:password@host:5432/name?sslmode=require`,
/// or `host=… user=…`.
///
/// Printing it, by `Display` or `Debug`, leaves the password and all options out.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    text: String,
    shown: String,
}

/// Why a text is not a [`DatabaseUrl`]. It never quotes the text, which may hold a password.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum DatabaseUrlError {
    /// Not in either of the two forms.
    #[error("not a PostgreSQL connection string; one looks like postgres://user:password@host:5432/name")]
    Malformed,
    /// It names no host.
    #[error("the connection string names no host")]
    NoHost,
}

impl DatabaseUrl {
    /// The connection string, password and all: for a driver and for nobody else.
    pub fn with_password(&self) -> &str {
        &self.text
    }

    /// The same, as the driver below diesel's takes it.
    pub(crate) fn driver_config(&self) -> Result<tokio_postgres::Config, tokio_postgres::Error> {
        self.text.parse()
    }
}

impl DatabaseUrl {
    /// The same as environment variables, as PostgreSQL's own programs take it: their command lines can be read by
    /// everybody on the machine, their environments cannot.
    pub(crate) fn program_environment(&self) -> Result<Vec<(&'static str, String)>, tokio_postgres::Error> {
        let config: tokio_postgres::Config = self.text.parse()?;
        let host = match config.get_hosts().first() {
            Some(Host::Tcp(name)) => Some(name.clone()),
            Some(Host::Unix(path)) => Some(path.display().to_string()),
            None => config.get_hostaddrs().first().map(ToString::to_string),
        };
        let port = config.get_ports().first().map(ToString::to_string);
        let password = config.get_password();
        let password = password.map(|password| String::from_utf8_lossy(password).into_owned());
        let user = config.get_user().map(str::to_owned);
        let database = config.get_dbname().map(str::to_owned).or_else(|| user.clone());
        let named = [
            ("PGHOST", host),
            ("PGPORT", port),
            ("PGUSER", user),
            ("PGPASSWORD", password),
            ("PGDATABASE", database),
        ];
        Ok(named
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect())
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The parser's own message may quote a part of the text, so it is dropped.
        let config: tokio_postgres::Config = text.parse().map_err(|_| DatabaseUrlError::Malformed)?;
        let user = config.get_user().unwrap_or_default();
        let host = match config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            Some(Host::Unix(path)) => path.display().to_string(),
            None => config
                .get_hostaddrs()
                .first()
                .ok_or(DatabaseUrlError::NoHost)?
                .to_string(),
        };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let name = config.get_dbname().unwrap_or(user);
        Ok(Self {
            text: text.to_owned(),
            shown: format!("postgres://{user}@{host}:{port}/{name}"),
        })
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "DatabaseUrl({})", self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::{DatabaseUrl, DatabaseUrlError};

    #[test]
    fn a_url_shows_where_it_leads_but_not_its_password() {
        let url: DatabaseUrl = "postgres://shop:hunter2@db.example:6432/orders?sslmode=require"
            .parse()
            .unwrap();
        assert_eq!(url.to_string(), "postgres://shop@db.example:6432/orders");
        assert!(!format!("{url:?} {url}").contains("hunter2"));
        assert!(url.with_password().contains("hunter2"));
    }

    #[test]
    fn key_and_value_form_is_a_connection_string_too() {
        let url: DatabaseUrl = "host=/run/postgresql user=shop password=hunter2".parse().unwrap();
        assert_eq!(url.to_string(), "postgres://shop@/run/postgresql:5432/shop");
    }

    #[test]
    fn a_wrong_url_is_refused_without_quoting_it() {
        let error = "postgress://shop:hunter2@db/orders"
            .parse::<DatabaseUrl>()
            .unwrap_err();
        assert_eq!(error, DatabaseUrlError::Malformed);
        assert!(!error.to_string().contains("hunter2"));
        assert_eq!(
            "postgres:///orders?user=shop".parse::<DatabaseUrl>(),
            Err(DatabaseUrlError::NoHost)
        );
    }
}
