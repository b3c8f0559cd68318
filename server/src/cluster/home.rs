//! The folder of a cluster: PostgreSQL's data folder, the server's log, its socket and its configuration.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;

use super::owner::Owner;
use super::{ClusterError, Options, Programs};

/// The superuser of every cluster that we make.
pub(super) const SUPERUSER: &str = "postgres";

/// Our settings, included by `postgresql.conf` and written anew at each start.
const CONFIGURATION: &str = "crossfade.conf";

/// The kernel's limit for a socket's path is 108 bytes, and PostgreSQL adds the name `/.s.PGSQL.65535.lock`.
const LONGEST_SOCKET_FOLDER_BYTES: usize = 80;

/// Only the last lines of a log are worth showing.
const LOG_LINES_SHOWN: usize = 12;

/// A prepared folder. A temporary one is removed on drop.
#[derive(Debug)]
pub(super) struct Home {
    folder: PathBuf,
    temporary: Option<TempDir>,
}

impl Home {
    /// Makes the folder and, unless there is a cluster in it already, the data folder. Takes about a second of
    /// `initdb`, or a fifth of that with a template; blocks meanwhile.
    pub(super) fn prepare(
        options: &Options,
        programs: &Programs,
        owner: &Owner,
    ) -> Result<Self, ClusterError> {
        let home = match &options.folder {
            Some(folder) => Self::kept(folder)?,
            None => Self::temporary()?,
        };
        owner.adopt(&home.folder)?;
        if home.data().join("PG_VERSION").is_file() {
            owner.adopt_all(&home.data())?;
        } else {
            home.fill(options, programs, owner)?;
        }
        home.configure(options, owner)?;
        Ok(home)
    }

    fn kept(folder: &Path) -> Result<Self, ClusterError> {
        fs::create_dir_all(folder).map_err(ClusterError::folder("create", folder))?;
        let folder = folder
            .canonicalize()
            .map_err(ClusterError::folder("find", folder))?;
        Ok(Self {
            folder,
            temporary: None,
        })
    }

    fn temporary() -> Result<Self, ClusterError> {
        let parent = std::env::temp_dir();
        let temporary = tempfile::Builder::new()
            .prefix("crossfade-")
            .tempdir_in(&parent)
            .map_err(ClusterError::folder("make a folder in", &parent))?;
        Ok(Self {
            folder: temporary.path().to_path_buf(),
            temporary: Some(temporary),
        })
    }

    /// PostgreSQL's data folder.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The folder to remove when we are gone; none when it is to be kept.
    pub(super) fn to_remove(&self) -> Option<&Path> {
        self.temporary.as_ref().map(TempDir::path)
    }

    /// The server's log, opened to be added to.
    pub(super) fn log_writer(&self) -> Result<fs::File, ClusterError> {
        let path = self.log();
        let file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path);
        file.map_err(ClusterError::folder("write", &path))
    }

    /// How long the log is, to read later what was added since.
    pub(super) fn log_length_bytes(&self) -> usize {
        fs::metadata(self.log()).map_or(0, |metadata| {
            usize::try_from(metadata.len()).unwrap_or(usize::MAX)
        })
    }

    /// The last lines of the log after its first `from_byte` bytes.
    pub(super) fn log_tail(&self, from_byte: usize) -> String {
        let log = fs::read(self.log()).unwrap_or_default();
        let text = String::from_utf8_lossy(log.get(from_byte..).unwrap_or_default());
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    fn fill(&self, options: &Options, programs: &Programs, owner: &Owner) -> Result<(), ClusterError> {
        let template = match &options.template {
            Some(folder) if options.password.is_none() => {
                Some(folder.join(format!("cluster-template-{}", programs.major_version())))
            }
            _ => None,
        };
        if let Some(template) = &template
            && template.is_dir()
        {
            return copy_folder(template, &self.data(), owner);
        }
        self.initdb(options, programs, owner)?;
        template.map_or(Ok(()), |template| self.keep_as_template(&template))
    }

    fn initdb(&self, options: &Options, programs: &Programs, owner: &Owner) -> Result<(), ClusterError> {
        let program = programs.path("initdb");
        let data = self.data();
        let mut command = owner.command(&program);
        command.arg("--pgdata").arg(&data).args(["--username", SUPERUSER]);
        command.args([
            "--encoding",
            "UTF8",
            "--no-locale",
            "--no-sync",
            "--no-instructions",
        ]);
        let password_file = self.folder.join("password");
        match &options.password {
            Some(password) => {
                fs::write(&password_file, password).map_err(ClusterError::folder("write", &password_file))?;
                owner.adopt(&password_file)?;
                command
                    .args(["--auth", "scram-sha-256"])
                    .arg("--pwfile")
                    .arg(&password_file);
            }
            None => {
                command.args(["--auth", "trust"]);
            }
        }
        let output = command.stdin(Stdio::null()).output();
        if options.password.is_some() {
            fs::remove_file(&password_file).map_err(ClusterError::folder("remove", &password_file))?;
        }
        let output = output.map_err(|source| ClusterError::Run { program, source })?;
        if !output.status.success() {
            let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(ClusterError::Initdb {
                data,
                user: owner.name().to_owned(),
                output,
            });
        }
        let main = data.join("postgresql.conf");
        let mut text = fs::read_to_string(&main).map_err(ClusterError::folder("read", &main))?;
        text.push_str("include_if_exists = '");
        text.push_str(CONFIGURATION);
        text.push_str("'\n");
        fs::write(&main, text).map_err(ClusterError::folder("write", &main))
    }

    /// Copies beside the template and renames, so that it is whole or not there, whoever else does the same.
    fn keep_as_template(&self, template: &Path) -> Result<(), ClusterError> {
        let parent = template.parent().unwrap_or(template);
        fs::create_dir_all(parent).map_err(ClusterError::folder("create", parent))?;
        let unfinished =
            tempfile::tempdir_in(parent).map_err(ClusterError::folder("make a folder in", parent))?;
        let copy = unfinished.path().join("data");
        copy_folder(&self.data(), &copy, &Owner::Ourselves)?;
        match fs::rename(&copy, template) {
            // Somebody else was faster, which is as good.
            Err(error)
                if !matches!(
                    error.kind(),
                    ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists
                ) =>
            {
                Err(ClusterError::folder("write", template)(error))
            }
            _ => Ok(()),
        }
    }

    fn configure(&self, options: &Options, owner: &Owner) -> Result<(), ClusterError> {
        let socket_folder = self.folder.to_string_lossy();
        let socket_folder = if socket_folder.len() > LONGEST_SOCKET_FOLDER_BYTES {
            ""
        } else {
            &socket_folder
        };
        let text = options
            .clone()
            .set("unix_socket_directories", socket_folder)
            .configuration();
        let path = self.data().join(CONFIGURATION);
        fs::write(&path, text).map_err(ClusterError::folder("write", &path))?;
        owner.adopt(&path)
    }
}

/// Copies a data folder, giving the copy to `owner`. PostgreSQL insists on a folder that nobody else can enter.
fn copy_folder(from: &Path, to: &Path, owner: &Owner) -> Result<(), ClusterError> {
    fs::DirBuilder::new()
        .mode(0o700)
        .create(to)
        .map_err(ClusterError::folder("create", to))?;
    owner.adopt(to)?;
    for entry in fs::read_dir(from).map_err(ClusterError::folder("read", from))? {
        let entry = entry.map_err(ClusterError::folder("read", from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_folder(&source, &target, owner)?;
        } else {
            fs::copy(&source, &target).map_err(ClusterError::folder("copy", &source))?;
            owner.adopt(&target)?;
        }
    }
    Ok(())
}
