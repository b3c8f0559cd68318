//! A set of small numbers, one bit each.

/// The numbers below a bound that are in. The first 64 are at hand, since there seldom are more.
#[derive(Debug, Default)]
pub(super) struct Bits {
    first: u64,
    rest: Box<[u64]>,
}

impl Bits {
    /// None of the numbers below `bound`, and no others ever.
    pub(super) fn new(bound: usize) -> Self {
        Self {
            first: 0,
            rest: vec![0; bound.saturating_sub(64).div_ceil(64)].into(),
        }
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.first = 0;
        if !self.rest.is_empty() {
            self.rest.fill(0);
        }
    }

    #[inline]
    pub(super) fn set(&mut self, number: u32) {
        if let Some(word) = self.word(number) {
            *word |= 1 << (number % 64);
        }
    }

    pub(super) fn unset(&mut self, number: u32) {
        if let Some(word) = self.word(number) {
            *word &= !(1 << (number % 64));
        }
    }

    pub(super) fn has(&mut self, number: u32) -> bool {
        let word = self.word(number);
        word.is_some_and(|word| *word & 1 << (number % 64) != 0)
    }

    #[inline]
    fn word(&mut self, number: u32) -> Option<&mut u64> {
        match number as usize / 64 {
            0 => Some(&mut self.first),
            nth => self.rest.get_mut(nth - 1),
        }
    }

    /// Takes in all of another's.
    pub(super) fn add(&mut self, other: &Self) {
        self.first |= other.first;
        for (word, more) in self.rest.iter_mut().zip(&other.rest) {
            *word |= more;
        }
    }

    /// Those that are not in another.
    #[inline]
    pub(super) fn without<'b>(&'b self, other: &'b Self) -> impl Iterator<Item = usize> + 'b {
        let rest = self.rest.iter().zip(&other.rest).zip(1..);
        let rest = rest.flat_map(|((word, others), nth)| numbers(word & !others, nth));
        numbers(self.first & !other.first, 0).chain(rest)
    }
}

/// The numbers of the `nth` word's bits.
#[inline]
fn numbers(mut word: u64, nth: usize) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lowest = word.trailing_zeros();
        word &= word.checked_sub(1)?;
        Some(nth * 64 + lowest as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::Bits;

    #[test]
    fn what_is_in_one_and_not_in_another_is_told() {
        let (mut all, mut some) = (Bits::new(130), Bits::new(130));
        for number in [0, 5, 63, 64, 127, 128, 129] {
            all.set(number);
        }
        assert!(all.has(129) && !all.has(126));
        for number in [5, 64, 129, 7] {
            some.set(number);
        }
        assert_eq!(all.without(&some).collect::<Vec<_>>(), [0, 63, 127, 128]);
        all.unset(63);
        assert_eq!(all.without(&some).collect::<Vec<_>>(), [0, 127, 128]);
        all.add(&some);
        assert_eq!(some.without(&all).count(), 0);
        all.clear();
        assert_eq!(all.without(&some).count(), 0);
    }
}
