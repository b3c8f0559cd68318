//! How existing rows are to be copied.

use std::time::Duration;

/// How existing rows are to be copied.
#[derive(Debug, Clone)]
pub struct BackfillOptions {
    /// Chunks under way at once, each with a session on either side.
    pub workers: usize,
    /// About how large a chunk is. What is interrupted begins its chunk anew, and a chunk is one transaction on the
    /// secondary.
    pub chunk_bytes: u64,
    /// All workers together copy no more than this in a second; as fast as they can if absent.
    pub most_bytes_a_second: Option<u64>,
    /// While more of other people's sessions than this are active on the primary, the copy rests between chunks.
    pub most_active_sessions: Option<u32>,
    /// While the primary takes longer than this to answer a trivial question, the copy rests between chunks.
    pub longest_answer: Option<Duration>,
}

impl Default for BackfillOptions {
    fn default() -> Self {
        Self {
            workers: 4,
            chunk_bytes: 32 * 1024 * 1024,
            most_bytes_a_second: None,
            most_active_sessions: Some(50),
            longest_answer: Some(Duration::from_millis(500)),
        }
    }
}

impl BackfillOptions {
    /// The size of a chunk: at most what may be copied in two seconds, since a chunk keeps a transaction open.
    pub(super) fn bytes_a_chunk(&self) -> u64 {
        let most = self
            .most_bytes_a_second
            .map_or(u64::MAX, |most| most.saturating_mul(2));
        self.chunk_bytes.min(most).max(1)
    }
}
