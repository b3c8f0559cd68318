//! The user that the server programs run as.
//!
//! A PostgreSQL server refuses to be root. When we are root, its programs run as `postgres` or `nobody` and its
//! folders are given to that user; otherwise they run as we do.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::{User, geteuid};

use super::ClusterError;

/// Lesser users to run as, in order of preference.
const LESSER_USERS: [&str; 2] = ["postgres", "nobody"];

/// Who runs the server programs and owns their files.
#[derive(Debug, Clone)]
pub(super) enum Owner {
    /// We are not root: whoever we are.
    Ourselves,
    /// We are root: this lesser user.
    Lesser {
        name: String,
        user_id: u32,
        group_id: u32,
    },
}

impl Owner {
    /// Ourselves, or a lesser user when we are root.
    pub(super) fn choose() -> Result<Self, ClusterError> {
        if !geteuid().is_root() {
            return Ok(Self::Ourselves);
        }
        LESSER_USERS
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self::Lesser {
                name: user.name,
                user_id: user.uid.as_raw(),
                group_id: user.gid.as_raw(),
            })
            .ok_or(ClusterError::NoUser)
    }

    /// A command that will run as this user. (As root, the standard library drops our other groups too.)
    pub(super) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        if let Self::Lesser {
            user_id, group_id, ..
        } = self
        {
            command.uid(*user_id).gid(*group_id);
        }
        // The messages that we read are not translated, and our own folder may be closed to this user.
        command.env("LC_ALL", "C").current_dir("/");
        command
    }

    /// Gives a file or folder to this user.
    pub(super) fn adopt(&self, path: &Path) -> Result<(), ClusterError> {
        let Self::Lesser {
            user_id, group_id, ..
        } = self
        else {
            return Ok(());
        };
        chown(path, Some(*user_id), Some(*group_id)).map_err(ClusterError::folder("give away", path))
    }

    /// Gives a folder and all in it to this user, if it does not have it already.
    pub(super) fn adopt_all(&self, folder: &Path) -> Result<(), ClusterError> {
        let Self::Lesser { user_id, .. } = self else {
            return Ok(());
        };
        let metadata = fs::metadata(folder).map_err(ClusterError::folder("read", folder))?;
        if metadata.uid() == *user_id {
            return Ok(());
        }
        self.adopt(folder)?;
        for entry in fs::read_dir(folder).map_err(ClusterError::folder("read", folder))? {
            let path = entry.map_err(ClusterError::folder("read", folder))?.path();
            if path.is_dir() && !path.is_symlink() {
                self.adopt_all(&path)?;
            } else {
                self.adopt(&path)?;
            }
        }
        Ok(())
    }

    /// For messages.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Ourselves => "you are",
            Self::Lesser { name, .. } => name,
        }
    }
}
