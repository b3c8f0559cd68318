//! How many requests were answered, how, and how fast.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::http::StatusCode;

use crate::routing::Histogram;

/// What a request is for, by the first part of its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Area {
    /// Decisions.
    Ofrep,
    /// Rows.
    Data,
    /// Management.
    Api,
    /// All the rest.
    Other,
}

/// The classes of status.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Counters of one server.
#[derive(Debug, Default)]
pub(in crate::http) struct Traffic {
    answered: [[AtomicU64; CLASSES.len()]; Area::ALL.len()],
    durations: [Histogram; Area::ALL.len()],
}

impl Area {
    /// All of them, in the order of their discriminants.
    pub(in crate::http) const ALL: [Self; 4] = [Self::Ofrep, Self::Data, Self::Api, Self::Other];

    /// The area of a path.
    pub(in crate::http) fn of(path: &str) -> Self {
        match path.split('/').nth(1) {
            Some("ofrep") => Self::Ofrep,
            Some("data") => Self::Data,
            Some("api") => Self::Api,
            _ => Self::Other,
        }
    }

    /// As metrics name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ofrep => "ofrep",
            Self::Data => "data",
            Self::Api => "api",
            Self::Other => "other",
        }
    }
}

impl Traffic {
    /// One more request was answered.
    pub(in crate::http) fn answered_one(&self, area: Area, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        self.answered[area as usize][class].fetch_add(1, Ordering::Relaxed);
        self.durations[area as usize].observe(took);
    }

    /// Answers by class of status, those there are.
    pub(super) fn answered(&self, area: Area) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.answered[area as usize].iter();
        let counts = counts.map(|count| count.load(Ordering::Relaxed));
        CLASSES.into_iter().zip(counts).filter(|(_, count)| *count > 0)
    }

    /// Requests that the server failed to answer.
    pub(in crate::http) fn failed(&self) -> u64 {
        let of_5xx = self.answered.iter().filter_map(|classes| classes.last());
        of_5xx.map(|count| count.load(Ordering::Relaxed)).sum()
    }

    pub(super) fn durations(&self, area: Area) -> &Histogram {
        &self.durations[area as usize]
    }
}
