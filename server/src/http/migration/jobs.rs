//! Long work that somebody asked for: one at a time, with its progress and its end to be looked at.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// The work that is under way, or was last.
#[derive(Debug, Clone, Default)]
pub(in crate::http) struct Jobs(Arc<Mutex<Option<Job>>>);

/// Some long work.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(in crate::http) struct Job {
    /// What is done: `verify`, `repair`.
    command: &'static str,
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
pub(in crate::http) struct Teller(Arc<Mutex<Option<Job>>>);

/// Other work is under way.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is under way; one thing at a time")]
pub struct UnderWay(&'static str);

impl Jobs {
    /// Begins some work in a task of its own, unless other work is under way.
    pub(in crate::http) fn start<F>(
        &self,
        command: &'static str,
        work: impl FnOnce(Teller) -> F,
    ) -> Result<Job, UnderWay>
    where
        F: Future<Output = Result<Value, String>> + Send + 'static,
    {
        let mut current = lock(&self.0);
        if let Some(job) = current.as_ref().filter(|job| job.state == JobState::Running) {
            return Err(UnderWay(job.command));
        }
        let job = Job {
            command,
            begun: jiff::Timestamp::now().to_string(),
            state: JobState::Running,
            progress: Value::Null,
            result: Value::Null,
            error: None,
        };
        *current = Some(job.clone());
        drop(current);
        let work = work(Teller(self.0.clone()));
        let jobs = self.clone();
        tokio::spawn(async move {
            // In a task of its own, so that work that breaks is seen to have ended.
            let ended = tokio::spawn(work).await;
            jobs.end(ended.unwrap_or_else(|_| Err("it broke; the log may say why".to_owned())));
        });
        Ok(job)
    }

    /// What is under way, or was last.
    pub(in crate::http) fn current(&self) -> Option<Job> {
        lock(&self.0).clone()
    }

    fn end(&self, outcome: Result<Value, String>) {
        if let Some(job) = &mut *lock(&self.0) {
            match outcome {
                Ok(result) => {
                    job.state = JobState::Done;
                    job.result = result;
                }
                Err(error) => {
                    log::error!("{} failed: {error}", job.command);
                    job.state = JobState::Failed;
                    job.error = Some(error);
                }
            }
        }
    }
}

impl Teller {
    /// This far.
    pub(in crate::http) fn tell(&self, progress: &impl Serialize) {
        if let (Some(job), Ok(progress)) = (&mut *lock(&self.0), serde_json::to_value(progress)) {
            job.progress = progress;
        }
    }
}

fn lock(job: &Mutex<Option<Job>>) -> MutexGuard<'_, Option<Job>> {
    job.lock().unwrap_or_else(PoisonError::into_inner)
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
            ends.await.map_err(|_| "nobody waits".to_owned())?;
            Ok(Value::from("done"))
        };
        jobs.start("verify", work).unwrap();
        while jobs.current().unwrap().progress != 7 {
            tokio::task::yield_now().await;
        }
        let second = jobs.start("repair", |_| async { Ok(Value::Null) });
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
        jobs.start("verify", |_| async { Err("no answer".to_owned()) })
            .unwrap();
        assert_eq!(ended(&jobs).await.error.as_deref(), Some("no answer"));
        jobs.start("repair", |_| async { panic!("of a test") }).unwrap();
        assert_eq!(ended(&jobs).await.state, JobState::Failed);
    }
}
