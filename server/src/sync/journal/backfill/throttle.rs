//! Holds the copy back for the primary's sake: live traffic comes first.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_postgres::Client;

use super::BackfillOptions;

/// What all workers ask before they go on.
pub(super) struct Throttle {
    most_bytes_a_second: Option<u64>,
    /// When the bytes that were let through so far are paid for.
    paid: Mutex<Instant>,
    busy: watch::Receiver<Option<String>>,
    longest_rest: Duration,
}

/// How the primary is asked how it does.
pub(super) struct Watch {
    client: Client,
    most_active_sessions: Option<u32>,
    longest_answer: Option<Duration>,
    busy: watch::Sender<Option<String>>,
}

/// How often the primary is asked.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// A load that never ends makes the copy slow, and does not stop it.
const LONGEST_REST: Duration = Duration::from_secs(10);

/// Other people's sessions that are at work, as far as our role may see them, in all databases of the server.
const ACTIVE: &str = "select count(*) from pg_stat_activity \
    where backend_type = 'client backend' and state = 'active' and application_name <> 'crossfade copy'";

impl Throttle {
    /// A throttle, and what watches the primary for it over this session.
    pub(super) fn new(options: &BackfillOptions, client: Client) -> (Self, Watch) {
        let (sender, receiver) = watch::channel(None);
        let throttle = Self {
            most_bytes_a_second: options.most_bytes_a_second,
            paid: Mutex::new(Instant::now()),
            busy: receiver,
            longest_rest: LONGEST_REST,
        };
        let watch = Watch {
            client,
            most_active_sessions: options.most_active_sessions,
            longest_answer: options.longest_answer,
            busy: sender,
        };
        (throttle, watch)
    }

    /// Why the copy rests at the moment, if it does.
    pub(super) fn reason(&self) -> Option<String> {
        self.busy.borrow().clone()
    }

    /// Waits while the primary has enough to do, but not for ever.
    pub(super) async fn rest(&self) {
        let mut busy = self.busy.clone();
        // Who watches may have lost its connection; then everybody has.
        _ = tokio::time::timeout(self.longest_rest, busy.wait_for(Option::is_none)).await;
    }

    /// Waits until so many bytes more may be copied.
    pub(super) async fn pay(&self, bytes: usize) {
        let Some(most) = self.most_bytes_a_second else {
            return;
        };
        let until = {
            let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
            *paid = (*paid).max(Instant::now()) + price(bytes, most);
            *paid
        };
        tokio::time::sleep_until(until.into()).await;
    }
}

/// How long it takes to earn so many bytes.
#[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
fn price(bytes: usize, bytes_a_second: u64) -> Duration {
    Duration::from_secs_f64(bytes as f64 / bytes_a_second.max(1) as f64)
}

impl Watch {
    /// Watches until the copy ends.
    pub(super) async fn run(self) -> Result<(), tokio_postgres::Error> {
        let active = self.client.prepare(ACTIVE).await?;
        loop {
            let asked = Instant::now();
            let sessions: i64 = self.client.query_one(&active, &[]).await?.get(0);
            let reason = self.reason(sessions, asked.elapsed());
            self.busy.send_if_modified(|last| {
                let is_other = last.is_some() != reason.is_some();
                *last = reason;
                is_other
            });
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    fn reason(&self, sessions: i64, answer: Duration) -> Option<String> {
        let too_many = self
            .most_active_sessions
            .filter(|most| sessions > i64::from(*most));
        let too_slow = self.longest_answer.filter(|longest| answer > *longest);
        match (too_many, too_slow) {
            (Some(most), _) => Some(format!("{sessions} sessions are active, more than {most}")),
            (None, Some(longest)) => Some(format!(
                "a trivial question took {} ms, more than {}",
                answer.as_millis(),
                longest.as_millis()
            )),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_cost_the_time_in_which_they_are_earned() {
        assert_eq!(price(500, 1000), Duration::from_millis(500));
        assert_eq!(
            price(1, 0),
            Duration::from_secs(1),
            "a rate of nothing is no rate"
        );
    }

    fn throttle(most_bytes_a_second: Option<u64>, busy: &watch::Sender<Option<String>>) -> Throttle {
        Throttle {
            most_bytes_a_second,
            paid: Mutex::new(Instant::now()),
            busy: busy.subscribe(),
            longest_rest: Duration::from_millis(20),
        }
    }

    #[tokio::test]
    async fn all_workers_together_keep_to_the_rate() {
        let (busy, _) = watch::channel(None);
        let throttle = throttle(Some(1_000_000), &busy);
        let began = Instant::now();
        for _ in 0..5 {
            tokio::join!(throttle.pay(10_000), throttle.pay(10_000));
        }
        assert!(
            began.elapsed() >= Duration::from_millis(99),
            "{:?}",
            began.elapsed()
        );
    }

    #[tokio::test]
    async fn the_copy_rests_while_the_primary_is_busy_and_not_for_ever() {
        let (busy, _) = watch::channel(Some("60 sessions are active, more than 50".to_owned()));
        let throttle = throttle(None, &busy);
        let began = Instant::now();
        throttle.rest().await;
        assert!(began.elapsed() >= throttle.longest_rest);
        busy.send_replace(None);
        throttle.rest().await;
        assert_eq!(throttle.reason(), None);
    }
}
