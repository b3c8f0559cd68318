//! Random numbers that a seed brings back.

/// `SplitMix64` (G. Steele, D. Lea, C. Flood, 2014).
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A generator of its own for another task.
    pub(super) fn split(&mut self) -> Self {
        Self(self.next())
    }

    /// From 0 to `end` - 1.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// From `start` to `end` - 1, for SQL.
    pub(super) fn between(&mut self, start: i64, end: i64) -> i64 {
        start + (self.next() % (end - start).unsigned_abs()).cast_signed()
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
