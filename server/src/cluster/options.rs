//! What a caller may ask of a new cluster.

use std::path::PathBuf;

/// How to make and run a cluster. Start from [`Options::durable`] or [`Options::fast`].
#[derive(Debug, Clone)]
pub struct Options {
    pub(super) folder: Option<PathBuf>,
    pub(super) template: Option<PathBuf>,
    pub(super) password: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) programs: Option<PathBuf>,
    pub(super) settings: Vec<(String, String)>,
}

impl Options {
    /// A server as it would be in production: what it has committed survives a crash of the machine.
    pub fn durable() -> Self {
        Self {
            folder: None,
            template: None,
            password: None,
            port: None,
            programs: None,
            settings: Vec::new(),
        }
        .set("listen_addresses", "127.0.0.1")
        .set("wal_level", "logical")
    }

    /// A server for tests: it never waits for the disk. What it has committed still survives its own crash,
    /// because commits reach the operating system; it would not survive the machine's.
    pub fn fast() -> Self {
        Self::durable()
            .set("fsync", "off")
            .set("full_page_writes", "off")
            .set("shared_buffers", "32MB")
            .set("jit", "off")
    }

    /// Keeps the cluster in this folder instead of in a temporary one. A cluster that is already there is started as it is.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Keeps a data folder fresh from `initdb` under this folder, and copies it when there is one: some five times faster.
    /// Clusters made so share their system identifier. Has no effect together with a password.
    #[must_use]
    pub fn template(mut self, folder: impl Into<PathBuf>) -> Self {
        self.template = Some(folder.into());
        self
    }

    /// Asks for this password (SCRAM) on every connection. Without it any local user may connect.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Listens on this port instead of on a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Runs the server programs of this folder instead of those that are found: another major version, say.
    #[must_use]
    pub fn programs(mut self, folder: impl Into<PathBuf>) -> Self {
        self.programs = Some(folder.into());
        self
    }

    /// Sets one of PostgreSQL's settings, such as `max_connections`; the last value for a name counts.
    #[must_use]
    pub fn set(mut self, name: &str, value: &(impl ToString + ?Sized)) -> Self {
        self.settings.push((name.to_owned(), value.to_string()));
        self
    }

    /// The settings as a configuration file.
    pub(super) fn configuration(&self) -> String {
        let line = |(name, value): &(String, String)| format!("{name} = '{}'\n", value.replace('\'', "''"));
        self.settings.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_setting_stays_inside_its_value() {
        let text = Options::durable().set("cluster_name", "it's").configuration();
        assert!(text.ends_with("cluster_name = 'it''s'\n"), "{text}");
    }
}
