//! Buckets: MurmurHash3 x86-32 of a salt and a value, and which hashes a share takes in. The program has the same as `$bucket`
//! and `$rollout` of `compile/helpers/rollouts.wat`.

use super::{Rollout, Share};

/// What a hash is divided by, so that the buckets are from 0 to 1, both included.
pub(crate) const MAX_HASH: f64 = 4_294_967_295.0;

/// The seed of a rule's buckets.
pub(crate) fn seed_of_salt(salt: &str) -> u32 {
    murmur3(salt.as_bytes(), 1)
}

/// MurmurHash3 x86-32, <https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp>.
pub(crate) fn murmur3(bytes: &[u8], seed: u32) -> u32 {
    let scramble = |block: u32| {
        block
            .wrapping_mul(0xcc9e_2d51)
            .rotate_left(15)
            .wrapping_mul(0x1b87_3593)
    };
    let (blocks, tail) = bytes.as_chunks::<4>();
    let mut hash = seed;
    for block in blocks {
        hash ^= scramble(u32::from_le_bytes(*block));
        hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    let mut last = [0; 4];
    last[..tail.len()].copy_from_slice(tail);
    hash ^= scramble(u32::from_le_bytes(last));
    // The algorithm is defined for lengths of 32 bits.
    hash ^= bytes.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

/// How many hashes, from 0 up, are within a rollout: those with `hash / MAX_HASH <= share`; none where the share is 0,
/// as DevCycle has it.
pub(crate) fn within_rollout(share: f64) -> u64 {
    if share <= 0.0 {
        0
    } else {
        count_while(share, |bucket| bucket <= share)
    }
}

/// How many hashes, from 0 up, are below a share: those with `hash / MAX_HASH < share`.
pub(crate) fn below(share: f64) -> u64 {
    count_while(share, |bucket| bucket < share)
}

/// The buckets ascend with the hashes, so that the first outside is found by looking around where it must be.
fn count_while(share: f64, within: impl Fn(f64) -> bool) -> u64 {
    let last = u64::from(u32::MAX);
    let guess = ((share.clamp(0.0, 1.0) * MAX_HASH) as u64).min(last);
    let mut count = guess.saturating_sub(2);
    while count <= last && within(count as f64 / MAX_HASH) {
        count += 1;
    }
    count
}

impl Rollout {
    /// Whether the share is another at another moment.
    pub(crate) fn is_scheduled(&self) -> bool {
        !matches!(self, Rollout::Fixed(_))
    }

    /// The share at a moment.
    pub(crate) fn share_at(&self, now_ms: i64) -> Share {
        match self {
            Rollout::Fixed(share) => *share,
            Rollout::Steps(steps) => steps
                .iter()
                .rev()
                .find(|(from_ms, _)| *from_ms <= now_ms)
                .map_or(Share(0.0), |(_, share)| *share),
            Rollout::Linear {
                from_ms,
                to_ms,
                start,
                end,
            } => {
                if now_ms <= *from_ms {
                    return *start;
                }
                if now_ms >= *to_ms {
                    return *end;
                }
                let elapsed = (i128::from(now_ms) - i128::from(*from_ms)) as f64;
                let whole = (i128::from(*to_ms) - i128::from(*from_ms)) as f64;
                Share(start.0 + (end.0 - start.0) * (elapsed / whole))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_published_vectors() {
        // From the design and from smhasher's own vectors.
        assert_eq!(murmur3(b"test", 1), 0x99c0_2ae2);
        assert_eq!(murmur3(b"", 0), 0);
        assert_eq!(murmur3(b"", 1), 0x514e_28b7);
        assert_eq!(murmur3(b"Hello, world!", 1234), 0xfaf6_cdb3);
    }

    #[test]
    fn buckets_are_those_of_devcycle() {
        let seed = seed_of_salt("61536f3bc838a705c105eb62");
        let bounded = |text: &str| f64::from(murmur3(text.as_bytes(), seed)) / MAX_HASH;
        assert_eq!(bounded("asuh").to_bits(), 0.519_385_365_657_365_3_f64.to_bits());
        assert_eq!(
            bounded("asuh_rollout").to_bits(),
            0.887_879_716_439_144_7_f64.to_bits()
        );
    }

    #[test]
    fn a_threshold_parts_exactly_the_buckets_on_its_two_sides() {
        for share in [1e-12, 0.1, 0.25, 1.0 / 3.0, 0.5, 0.999_999_999_9, 1.0] {
            let count = within_rollout(share);
            assert!((count - 1) as f64 / MAX_HASH <= share);
            assert!(count > u64::from(u32::MAX) || count as f64 / MAX_HASH > share);
            let count = below(share);
            assert!((count - 1) as f64 / MAX_HASH < share);
            assert!(count > u64::from(u32::MAX) || count as f64 / MAX_HASH >= share);
        }
        assert_eq!((within_rollout(0.0), within_rollout(-1.0), below(0.0)), (0, 0, 0));
        assert_eq!(within_rollout(1.0), 1 << 32);
    }
}
