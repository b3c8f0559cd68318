//! The hash that lays out membership tables: `$hash` of `helpers/membership.wat`, in Rust.

/// Never 0. Every word is multiplied and its high half folded down: a weaker mix collides on `user-00000001` and its kin.
pub(super) fn of_string(text: &str) -> u64 {
    let mut hash = (text.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for chunk in text.as_bytes().chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = mix(hash, u64::from_le_bytes(word));
    }
    hash | 1
}

/// Of a number: the high half of a product, which every bit has a part in.
pub(super) fn of_long(value: u64) -> u64 {
    value.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
}

fn mix(hash: u64, word: u64) -> u64 {
    let hash = (hash ^ word).wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^ hash >> 32
}
