//! The whole system on real PostgreSQL servers: each file proves one promise.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test whose surroundings fail should fail and say where"
)]

mod backfill;
mod backlogs;
mod bad_input;
mod clusters;
mod comparing;
mod connections;
mod copying;
mod crashes;
mod dashboard;
mod groups;
mod interleavings;
mod killed_servers;
mod layers;
mod library;
mod lost_connections;
mod metrics;
mod migrating_over_http;
mod mirroring;
mod modules_from_outside;
mod outages;
mod outages_over_http;
mod preflight;
mod publish_subscribe;
mod reading;
mod reference;
mod repeated_requests;
mod rules_on_disk;
mod schema;
mod several_servers;
mod shop;
mod soak;
mod support;
mod switching;
mod types;
mod verifying;
