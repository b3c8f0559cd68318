//! Notices that the rules on disk have changed, and has them compiled, beside the requests.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use notify::{RecursiveMode, Watcher};

use super::live::Flags;
use super::sources::{Fingerprint, Sources};

/// How often the files are looked at even if nobody said that they changed: some editors replace files in ways,
/// and some mounts are of kinds, that raise no event.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// After an event, how long it must be quiet before the files are read: a save is often several events.
const QUIET: Duration = Duration::from_millis(30);

/// Events that never end do not put off reading for longer than this.
const PATIENCE: Duration = Duration::from_millis(300);

/// Watches until it is dropped.
pub struct Watch {
    wake: SyncSender<Wake>,
    thread: Option<JoinHandle<()>>,
}

enum Wake {
    Event,
    Stop,
}

impl Flags {
    /// Follows the files that the rules were read from, on a thread of its own.
    pub fn watch(&self) -> Watch {
        // One waiting event says as much as many.
        let (wake, woken) = mpsc::sync_channel(1);
        let flags = self.clone();
        let events = wake.clone();
        let seen = Sources::fingerprint(flags.path());
        let thread = thread::Builder::new().name("rules".to_owned()).spawn(move || {
            let _watcher = watcher(flags.path(), events);
            follow(&flags, &woken, seen);
        });
        let thread = thread
            .inspect_err(|error| log::error!("changes of the rules will not be seen: {error}"))
            .ok();
        Watch { wake, thread }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A thread that has ended already hears nothing, and need not.
            let _ = self.wake.send(Wake::Stop);
            let _ = thread.join();
        }
    }
}

/// The operating system's own notice of changes, as far as it can be had.
fn watcher(path: &Path, events: SyncSender<Wake>) -> Option<notify::RecommendedWatcher> {
    let notice = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            // A full channel already says it.
            let _ = events.try_send(Wake::Event);
        }
    };
    let folder = if path.is_dir() {
        path
    } else {
        path.parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."))
    };
    let watcher = notify::recommended_watcher(notice).and_then(|mut watcher| {
        watcher.watch(folder, RecursiveMode::Recursive)?;
        Ok(watcher)
    });
    watcher
        .inspect_err(|error| log::warn!("{} is looked at once a second: {error}", folder.display()))
        .ok()
}

fn follow(flags: &Flags, woken: &Receiver<Wake>, mut seen: Fingerprint) {
    let mut tried: Option<Sources> = None;
    loop {
        match woken.recv_timeout(LOOK_EVERY) {
            Ok(Wake::Event) => {
                if settle(woken) == Settled::Stop {
                    return;
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                if Sources::fingerprint(flags.path()) == seen {
                    continue;
                }
            }
            Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return,
        }
        // Looked at before it is read: what changes while it is read will be seen to differ.
        seen = Sources::fingerprint(flags.path());
        match Sources::read(flags.path()) {
            Ok(sources) if tried.as_ref() == Some(&sources) => {}
            Ok(sources) => {
                flags.replace(&sources);
                tried = Some(sources);
            }
            Err(error) => {
                flags.reject(&error.into());
                tried = None;
            }
        }
    }
}

#[derive(PartialEq, Eq)]
enum Settled {
    Quiet,
    Stop,
}

fn settle(woken: &Receiver<Wake>) -> Settled {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        match woken.recv_timeout(QUIET) {
            Ok(Wake::Event) => {}
            Err(RecvTimeoutError::Timeout) => return Settled::Quiet,
            Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return Settled::Stop,
        }
    }
    Settled::Quiet
}
