//! How many requests one client may send, where the operator has set a limit: a bucket of tokens for each client, which
//! fills at the limit's rate and holds one second's worth.
//!
//! A client is whoever presents the same token; without one, whoever comes from the same address. What is remembered of
//! clients is bounded: while there are too many to tell apart, newcomers share one bucket.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use super::auth;
use super::error::ApiError;
use super::state::App;

/// Clients that are told apart: a few megabytes.
const MOST_CLIENTS: usize = 65_536;

/// How often those who have gone are looked for, where there is no room for others: as often as a bucket fills.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Threads seldom wait for each other.
const SHARDS: usize = 16;

/// Buckets by client.
#[derive(Debug)]
pub(super) struct Limits {
    per_second: f64,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Debug, Default)]
struct Shard {
    buckets: HashMap<u64, Bucket>,
    /// When those who have gone were last forgotten.
    swept_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    filled_at: Instant,
}

/// Around every request, where there is a limit.
pub(super) async fn limit<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let app = request.app_data::<web::ThinData<App>>();
    let limits = app.and_then(|app| app.limits());
    if limits.is_some_and(|limits| !limits.admits_client(&request)) {
        let refused = request.error_response(ApiError::TooManyRequests);
        return Ok(refused.map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

impl Limits {
    pub(super) fn new(per_second: u32) -> Self {
        Self {
            per_second: f64::from(per_second),
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }

    fn admits_client(&self, request: &ServiceRequest) -> bool {
        let client = match auth::token(request.headers()) {
            Some(token) => self.hasher.hash_one(token),
            None => self.hasher.hash_one(request.peer_addr().map(|peer| peer.ip())),
        };
        self.admits(client, Instant::now())
    }

    /// Takes a token from the client's bucket, if there is one.
    fn admits(&self, client: u64, now: Instant) -> bool {
        let shard = &self.shards[(client % SHARDS as u64) as usize];
        let Shard { buckets, swept_at } = &mut *shard.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |buckets: &HashMap<u64, Bucket>| buckets.len() >= MOST_CLIENTS / SHARDS;
        let mut key = client;
        if is_full(buckets) && !buckets.contains_key(&client) {
            // Who has been away for a second has a full bucket again, as a newcomer has. Looking for them takes a while, so
            // that a flood of newcomers must not have it done for each.
            if swept_at.is_none_or(|swept_at| now.saturating_duration_since(swept_at) >= SWEEP_EVERY) {
                *swept_at = Some(now);
                buckets.retain(|_, bucket| now.saturating_duration_since(bucket.filled_at) < SWEEP_EVERY);
            }
            if is_full(buckets) {
                key = 0;
            }
        }
        let full = Bucket {
            tokens: self.per_second,
            filled_at: now,
        };
        let bucket = buckets.entry(key).or_insert(full);
        let waited = now.saturating_duration_since(bucket.filled_at).as_secs_f64();
        bucket.tokens = (bucket.tokens + waited * self.per_second).min(self.per_second);
        bucket.filled_at = now;
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_a_second_s_worth_and_gets_more_with_time() {
        let (limits, start) = (Limits::new(10), Instant::now());
        let admitted = (0..20).filter(|_| limits.admits(1, start)).count();
        assert_eq!(admitted, 10);
        assert!(limits.admits(2, start), "another client has a bucket of its own");
        let later = start + Duration::from_millis(250);
        let admitted = (0..20).filter(|_| limits.admits(1, later)).count();
        assert_eq!(admitted, 2);
    }

    #[test]
    fn of_any_number_of_clients_a_bounded_number_is_remembered() {
        let (limits, now) = (Limits::new(1), Instant::now());
        for client in 0..3 * MOST_CLIENTS as u64 {
            limits.admits(client, now);
        }
        let remembered = |limits: &Limits| -> usize {
            limits
                .shards
                .iter()
                .map(|shard| shard.lock().unwrap().buckets.len())
                .sum()
        };
        assert!(remembered(&limits) <= MOST_CLIENTS + SHARDS);
        assert!(
            !limits.admits(u64::MAX, now),
            "newcomers share a bucket, which is empty"
        );
        assert!(limits.admits(u64::MAX, now + Duration::from_secs(2)));
        assert!(remembered(&limits) < MOST_CLIENTS, "who has gone is forgotten");
    }
}
