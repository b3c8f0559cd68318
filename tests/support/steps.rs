//! Stands at the steps between both databases: holds whoever comes first to one of them, until it is let go.

use std::sync::{Arc, Mutex};

use crossfade::databases::{Step, Watcher};
use futures_util::FutureExt as _;
use tokio::sync::oneshot;

use super::migration::PATIENCE;

/// Watches every step of a server. All pass but those that a test waits for.
#[derive(Clone, Default)]
pub(crate) struct Steps(Arc<Mutex<Vec<Ambush>>>);

/// Waits for the next one at a step.
struct Ambush {
    step: Step,
    arrival: oneshot::Sender<oneshot::Sender<()>>,
}

/// Whoever will come first.
pub(crate) struct Awaited {
    step: Step,
    arrival: oneshot::Receiver<oneshot::Sender<()>>,
}

/// Somebody who is held at a step; let go when this is dropped.
pub(crate) struct Held(Option<oneshot::Sender<()>>);

impl Steps {
    /// For `Databases::watched`.
    pub(crate) fn watcher(&self) -> Arc<Watcher> {
        let steps = self.clone();
        Arc::new(move |step| {
            let steps = steps.clone();
            async move { steps.pass(step).await }.boxed()
        })
    }

    /// From now on the next one who comes to this step is held there.
    pub(crate) fn hold(&self, step: Step) -> Awaited {
        let (arrival, awaited) = oneshot::channel();
        self.0
            .lock()
            .expect("no holder panics")
            .push(Ambush { step, arrival });
        Awaited {
            step,
            arrival: awaited,
        }
    }

    async fn pass(&self, step: Step) {
        let ambush = {
            let mut waiting = self.0.lock().expect("no holder panics");
            let place = waiting.iter().position(|ambush| ambush.step == step);
            place.map(|place| waiting.remove(place))
        };
        let Some(ambush) = ambush else { return };
        let (let_go, held) = oneshot::channel();
        // A test that has ended holds nobody.
        if ambush.arrival.send(let_go).is_ok() {
            _ = held.await;
        }
    }
}

impl Awaited {
    /// Waits until somebody is there.
    pub(crate) async fn arrived(self) -> Held {
        let step = self.step;
        let arrival = tokio::time::timeout(PATIENCE, self.arrival).await;
        let arrival = arrival.unwrap_or_else(|_| panic!("nobody came to {step:?} within {PATIENCE:?}"));
        Held(Some(arrival.expect("a server that goes on")))
    }
}

impl Held {
    /// Lets it go on.
    pub(crate) fn let_go(self) {
        drop(self);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(let_go) = self.0.take() {
            // Whoever was held may be gone.
            _ = let_go.send(());
        }
    }
}
