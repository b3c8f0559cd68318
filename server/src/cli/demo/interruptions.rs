//! Ctrl-C, and the polite signal that stops a program from outside.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Interruptions as they come. Each counts once, for whoever waits for it at that moment.
#[derive(Debug)]
pub(super) struct Interruptions {
    interrupt: Signal,
    terminate: Signal,
}

impl Interruptions {
    /// From now on neither signal ends the process by itself.
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Does the work unless it is interrupted: then it is dropped where it stands, and the answer is none.
    pub(super) async fn or<T, E>(
        &mut self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<Option<T>, E> {
        tokio::select! {
            done = work => done.map(Some),
            () = self.next() => Ok(None),
        }
    }
}
