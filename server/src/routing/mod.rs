//! Where each request's writes and reads go.
//!
//! [`Crossfade`] is the handle that backends embed and that the HTTP server uses: `write` runs the caller's code
//! once, on the primary, and mirrors what it changed as the flags say; `read` hands it the connection that the
//! flags, the user's position and the state of the new database allow. Whatever goes wrong beside the primary,
//! the primary alone is used.

mod circuit;
mod compare;
mod counts;
mod crossfade;
mod decide;
mod differences;
mod latency;
mod once;
mod read;
mod recent_users;
mod standing;
mod stream;
mod write;

pub use circuit::{Circuit, Pass};
pub use compare::{Comparison, Question};
pub use counts::{Counts, CountsSnapshot};
pub use crossfade::{Crossfade, CrossfadeOptions};
pub use decide::RouteError;
pub use differences::{Differences, SeenDifference};
pub use latency::{BOUNDS, Histogram, Latencies, Work};
pub use once::{Once, OnceError, OnceKey};
pub use read::{Read, ReadReason};
pub use write::{Mirror, Written};
