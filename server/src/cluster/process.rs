//! Runs the server so that it never outlives us.
//!
//! The server is the child of a small shell that listens to us on a pipe. A line on the pipe is the name of a signal,
//! which it passes on; the pipe's end means that we are gone, dropped, panicked or killed alike, and it stops
//! the server and removes a temporary folder. (`PR_SET_PDEATHSIG` would not do: it is lost when the user changes.)
//! The shell knows the server as its child, so that no signal can hit a stranger that got the same process ID.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::time::{Duration, Instant};

use super::home::Home;
use super::owner::Owner;
use super::{ClusterError, Programs};

/// `$1`: signal for the server when we are gone; `$2`: folder to remove then, or nothing; the rest: the server.
/// Background commands of a shell get an empty standard input, hence the pipe as number 3.
const KEEPER: &str = r#"
parting=$1 folder=$2
shift 2
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
{
    while read -r signal <&3; do kill -"$signal" "$server"; done
    trap '' TERM
    kill -"$parting" "$server"
    exit 7
} &
ear=$!
exec 3<&-
wait "$server"
kill "$ear"
wait "$ear"
if [ $? -eq 7 ] && [ -n "$folder" ]; then rm -rf -- "$folder"; fi
"#;

/// How long a dropped server may take to end before we leave it to its keeper.
const PARTING_TIME: Duration = Duration::from_secs(10);

/// How often a process is asked whether it has ended.
const ASK_EVERY: Duration = Duration::from_millis(5);

/// A running, or just ended, server and its keeper.
#[derive(Debug)]
pub(super) struct Process {
    keeper: Child,
    pipe: Option<ChildStdin>,
}

impl Process {
    /// Starts the server; it is not ready yet.
    pub(super) fn start(
        home: &Home,
        programs: &Programs,
        owner: &Owner,
        port: u16,
    ) -> Result<Self, ClusterError> {
        let log = home.log_writer()?;
        let errors = log
            .try_clone()
            .map_err(ClusterError::folder("write", &home.data()))?;
        // A folder that is kept is left tidy; one that goes need not be.
        let parting = if home.to_remove().is_some() { "QUIT" } else { "INT" };
        let mut command = owner.command("/bin/sh");
        command.args(["-c", KEEPER, "crossfade-cluster", parting]);
        command.arg(home.to_remove().unwrap_or(Path::new("")));
        command
            .arg(programs.path("postgres"))
            .arg("-D")
            .arg(home.data())
            .args(["-p", &port.to_string()]);
        command.stdin(Stdio::piped()).stdout(log).stderr(errors);
        // In a group of its own: Ctrl-C in a terminal is for us, and we tell the server.
        command.process_group(0);
        let mut keeper = command.spawn().map_err(|source| ClusterError::Run {
            program: "/bin/sh".into(),
            source,
        })?;
        let pipe = keeper.stdin.take();
        Ok(Self { keeper, pipe })
    }

    /// Sends a signal (`INT`, `QUIT`, `KILL`) to the server, if it still runs.
    pub(super) fn signal(&mut self, name: &str) {
        if let Some(pipe) = &mut self.pipe {
            // A keeper that is gone has no server to signal.
            _ = writeln!(pipe, "{name}");
        }
    }

    /// Whether the server has ended.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.keeper.try_wait(), Ok(None))
    }

    /// Waits for the server's end; false when it still runs after `limit`.
    pub(super) async fn ended_within(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while !self.has_ended() {
            if Instant::now() > deadline {
                return false;
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        true
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.pipe = None;
        let deadline = Instant::now() + PARTING_TIME;
        while !self.has_ended() && Instant::now() < deadline {
            std::thread::sleep(ASK_EVERY);
        }
    }
}
