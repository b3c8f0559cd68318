//! Where clusters, rules and logs are kept while the demo plays, and after it if asked.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::TempDir;

/// A folder of the demo's own. A temporary one goes with the value, unless it is to be kept.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    kept: bool,
    _temporary: Option<TempDir>,
}

impl Folder {
    /// The given folder, or a temporary one.
    pub(super) fn open(given: Option<&Path>, keep: bool) -> anyhow::Result<Self> {
        let folder = match given {
            Some(path) => Self::given(path)?,
            None => Self::temporary(keep)?,
        };
        // The servers may run as another user, who has to get through to their folders.
        fs::set_permissions(&folder.path, fs::Permissions::from_mode(0o711))?;
        Ok(folder)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it stays.
    pub(super) fn is_kept(&self) -> bool {
        self.kept
    }

    /// The superuser's password on both servers, since loopback is open to everyone on this machine. A new one,
    /// unless there is one from an earlier run.
    pub(super) fn password(&self) -> anyhow::Result<String> {
        let path = self.path.join("password");
        if !path.exists() {
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?;
            file.write_all(random_hex()?.as_bytes())?;
        }
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    fn given(path: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self {
            path: path.canonicalize()?,
            kept: true,
            _temporary: None,
        })
    }

    fn temporary(keep: bool) -> anyhow::Result<Self> {
        let mut temporary = tempfile::Builder::new().prefix("crossfade-demo-").tempdir()?;
        temporary.disable_cleanup(keep);
        Ok(Self {
            path: temporary.path().to_path_buf(),
            kept: keep,
            _temporary: Some(temporary),
        })
    }
}

/// A server that was killed while it was being set up may write for a moment longer, so that what was removed
/// comes back: it is removed until it stays away.
impl Drop for Folder {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        for _ in 0..100 {
            if fs::remove_dir_all(&self.path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
            {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

fn random_hex() -> anyhow::Result<String> {
    let mut random = [0_u8; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
    let mut text = String::new();
    for byte in random {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}
