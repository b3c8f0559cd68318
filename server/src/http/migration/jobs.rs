//! Long work that somebody asked for: one at a time, with its progress and its end to be looked at.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

/// The work that is under way, and what became of earlier work.
#[derive(Debug, Clone, Default)]
pub(in crate::http) struct Jobs(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    known: Mutex<Known>,
    changes: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Known {
    /// What is under way, or was last.
    current: Option<Job>,
    /// The last that has ended of each command.
    ended: BTreeMap<&'static str, Job>,
}

/// Some long work.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(in crate::http) struct Job {
    /// What is done: `verify`, `repair`, `switch`, …
    command: &'static str,
    /// Who asked for it.
    who: String,
    /// When it was begun, in RFC 3339.
    begun: String,
    /// How it stands.
    state: JobState,
    /// How far it is, as it last said.
    progress: Value,
    /// What came of it, once it is done.
    result: Value,
    /// Why it failed, if it did.
    error: Option<String>,
    /// More of that, for programs: the gates that were closed.
    details: Value,
}

/// Why work failed.
#[derive(Debug)]
pub(in crate::http) struct Failure {
    /// A sentence.
    pub(in crate::http) message: String,
    /// More of it.
    pub(in crate::http) details: Value,
}

/// How some work stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::http) enum JobState {
    /// It is under way.
    Running,
    /// It is done.
    Done,
    /// It ended before it was done.
    Failed,
}

/// By which work says how far it is.
#[derive(Debug, Clone)]
pub(in crate::http) struct Teller(Arc<Shared>);

/// Other work is under way.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is under way; one thing at a time")]
pub struct UnderWay(&'static str);

impl Jobs {
    /// Begins some work in a task of its own, unless other work is under way. It goes on when whoever asked has left.
    pub(in crate::http) fn start<F>(
        &self,
        command: &'static str,
        who: &str,
        work: impl FnOnce(Teller) -> F,
    ) -> Result<Job, UnderWay>
    where
        F: Future<Output = Result<Value, Failure>> + Send + 'static,
    {
        let mut known = self.0.known();
        if let Some(job) = known
            .current
            .as_ref()
            .filter(|job| job.state == JobState::Running)
        {
            return Err(UnderWay(job.command));
        }
        let job = Job {
            command,
            who: who.to_owned(),
            begun: jiff::Timestamp::now().to_string(),
            state: JobState::Running,
            progress: Value::Null,
            result: Value::Null,
            error: None,
            details: Value::Null,
        };
        known.current = Some(job.clone());
        drop(known);
        self.0.changes.send_replace(());
        let work = work(Teller(self.0.clone()));
        let jobs = self.clone();
        tokio::spawn(async move {
            // In a task of its own, so that work that breaks is seen to have ended.
            let ended = tokio::spawn(work).await;
            let broke = || Failure::from("it broke; the log may say why".to_owned());
            jobs.end(ended.unwrap_or_else(|_| Err(broke())));
        });
        Ok(job)
    }

    /// What is under way, or was last.
    pub(in crate::http) fn current(&self) -> Option<Job> {
        self.0.known().current.clone()
    }

    /// The last that has ended of each command.
    pub(in crate::http) fn ended(&self) -> BTreeMap<&'static str, Job> {
        self.0.known().ended.clone()
    }

    /// Wakes whenever some work begins, tells or ends.
    pub(in crate::http) fn changes(&self) -> watch::Receiver<()> {
        self.0.changes.subscribe()
    }

    fn end(&self, outcome: Result<Value, Failure>) {
        let mut known = self.0.known();
        let Known { current, ended } = &mut *known;
        if let Some(job) = current {
            match outcome {
                Ok(result) => {
                    job.state = JobState::Done;
                    job.result = result;
                }
                Err(Failure { message, details }) => {
                    log::error!("{} failed: {message}", job.command);
                    job.state = JobState::Failed;
                    job.error = Some(message);
                    job.details = details;
                }
            }
            ended.insert(job.command, job.clone());
        }
        drop(known);
        self.0.changes.send_replace(());
    }
}

impl Job {
    /// Whether it is under way.
    pub(in crate::http) fn is_running(&self) -> bool {
        self.state == JobState::Running
    }

    /// What whoever asks for other work meanwhile is told.
    pub(in crate::http) fn under_way(&self) -> UnderWay {
        UnderWay(self.command)
    }
}

impl Teller {
    /// This far.
    pub(in crate::http) fn tell(&self, progress: &impl Serialize) {
        if let (Some(job), Ok(progress)) = (&mut self.0.known().current, serde_json::to_value(progress)) {
            job.progress = progress;
        }
        self.0.changes.send_replace(());
    }
}

impl Shared {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self {
            message,
            details: Value::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ended(jobs: &Jobs) -> Job {
        loop {
            match jobs.current() {
                Some(job) if job.state != JobState::Running => return job,
                _ => tokio::task::yield_now().await,
            }
        }
    }

    #[tokio::test]
    async fn one_thing_is_done_at_a_time_and_tells_how_far_it_is() {
        let jobs = Jobs::default();
        let (end, ends) = tokio::sync::oneshot::channel::<()>();
        let work = |teller: Teller| async move {
            teller.tell(&7);
            ends.await.map_err(|_| Failure::from("nobody waits".to_owned()))?;
            Ok(Value::from("done"))
        };
        jobs.start("verify", "ada", work).unwrap();
        while jobs.current().unwrap().progress != 7 {
            tokio::task::yield_now().await;
        }
        let second = jobs.start("repair", "ada", |_| async { Ok(Value::Null) });
        assert_eq!(
            second.unwrap_err().to_string(),
            "`verify` is under way; one thing at a time"
        );
        end.send(()).unwrap();
        let job = ended(&jobs).await;
        assert_eq!((job.state, job.result), (JobState::Done, Value::from("done")));
    }

    #[tokio::test]
    async fn work_that_fails_or_breaks_is_seen_to_have_ended() {
        let jobs = Jobs::default();
        jobs.start("verify", "ada", |_| async { Err("no answer".to_owned().into()) })
            .unwrap();
        assert_eq!(ended(&jobs).await.error.as_deref(), Some("no answer"));
        jobs.start("repair", "ada", |_| async { panic!("of a test") })
            .unwrap();
        assert_eq!(ended(&jobs).await.state, JobState::Failed);
        let kept = jobs.ended();
        assert_eq!(kept.keys().copied().collect::<Vec<_>>(), ["repair", "verify"]);
        assert_eq!(kept["verify"].who, "ada");
    }
}
