//! A set of small numbers, one bit each.

/// The numbers below a bound that are in.
#[derive(Debug, Default)]
pub(super) struct Bits(Box<[u64]>);

impl Bits {
    /// None of the numbers below `bound`, and no others ever.
    pub(super) fn new(bound: usize) -> Self {
        Self(vec![0; bound.div_ceil(64)].into())
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.0.fill(0);
    }

    #[inline]
    pub(super) fn set(&mut self, number: u32) {
        if let Some(word) = self.0.get_mut(number as usize / 64) {
            *word |= 1 << (number % 64);
        }
    }

    pub(super) fn unset(&mut self, number: u32) {
        if let Some(word) = self.0.get_mut(number as usize / 64) {
            *word &= !(1 << (number % 64));
        }
    }

    pub(super) fn has(&self, number: u32) -> bool {
        let word = self.0.get(number as usize / 64);
        word.is_some_and(|word| word & 1 << (number % 64) != 0)
    }

    /// Takes in all of another's.
    pub(super) fn add(&mut self, other: &Self) {
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    /// Those that are not in another.
    #[inline]
    pub(super) fn without<'b>(&'b self, other: &'b Self) -> impl Iterator<Item = usize> + 'b {
        let words = self.0.iter().zip(&other.0).enumerate();
        words.flat_map(|(at, (word, others))| {
            let mut left = word & !others;
            std::iter::from_fn(move || {
                let lowest = left.trailing_zeros();
                left &= left.checked_sub(1)?;
                Some(at * 64 + lowest as usize)
            })
        })
    }
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
