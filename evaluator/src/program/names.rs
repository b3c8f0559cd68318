//! From an attribute's name to its slot, in a few nanoseconds: a small table with one comparison of two words for
//! names of up to 16 bytes.

use super::abi::head;

/// OpenFeature's name for the subject of an evaluation, which rules know by another.
pub(crate) const TARGETING_KEY: (&str, &str) = ("targetingKey", "user_id");

/// The names of a program's attributes.
#[derive(Debug)]
pub(super) struct Names {
    shift: u32,
    mask: usize,
    places: Vec<Option<Place>>,
}

#[derive(Debug, Clone)]
struct Place {
    key: Key,
    /// Compared too where the key does not hold all of it.
    name: Box<str>,
    slot: Found,
}

/// A slot that goes by a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Its position in the metadata.
    pub(super) slot: usize,
    /// It goes by another name too, which takes precedence.
    pub(super) alias: bool,
}

/// A name's length and its first and last eight bytes: all of it, up to 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    length: usize,
    first: u64,
    last: u64,
}

impl Key {
    const WHOLE_BYTES: usize = 16;

    #[inline]
    fn of(name: &str) -> Self {
        let bytes = name.as_bytes();
        let last = bytes.last_chunk().map_or(0, |eight| u64::from_le_bytes(*eight));
        Self {
            length: bytes.len(),
            first: head(bytes),
            last,
        }
    }

    #[inline]
    fn place(self, shift: u32) -> usize {
        let mixed = self.first ^ self.last.rotate_left(29) ^ self.length as u64;
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> shift) as usize
    }
}

impl Names {
    /// A table of these names, by their position.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an iterator is read once and given away"
    )]
    pub(super) fn new<'n>(slots: impl ExactSizeIterator<Item = &'n str> + Clone) -> Self {
        // At least three in four places are empty, so that most searches end at once.
        let places = (slots.len() * 4 + 4).next_power_of_two();
        let shift = 64 - places.trailing_zeros();
        let mut names = Self {
            shift,
            mask: places - 1,
            places: vec![None; places],
        };
        for (slot, name) in slots.clone().enumerate() {
            names.insert(name, Found { slot, alias: false });
        }
        let (alias, name) = TARGETING_KEY;
        if let Some(slot) = slots.clone().position(|known| known == name)
            && !slots.clone().any(|known| known == alias)
        {
            names.insert(alias, Found { slot, alias: true });
        }
        names
    }

    /// The slot of an attribute; `None` for one that the rules do not read.
    #[inline]
    pub(super) fn find(&self, name: &str) -> Option<Found> {
        let key = Key::of(name);
        let mut at = key.place(self.shift);
        while let Some(Some(place)) = self.places.get(at) {
            if place.key == key && (key.length <= Key::WHOLE_BYTES || *place.name == *name) {
                return Some(place.slot);
            }
            at = (at + 1) & self.mask;
        }
        None
    }

    fn insert(&mut self, name: &str, slot: Found) {
        let key = Key::of(name);
        let mut at = key.place(self.shift);
        while self.places[at].is_some() {
            at = (at + 1) & self.mask;
        }
        self.places[at] = Some(Place {
            key,
            name: name.into(),
            slot,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_finds_its_slot_and_no_other_name_does() {
        let long = [
            "attribute_number_one_of_many",
            "attribute_number_two_of_many",
            "attribute_number_one_of_them",
        ];
        let names = [
            "a",
            "b",
            "ab",
            "ba",
            "country",
            "country2",
            "subscription",
            "user_id",
            "",
            "é",
        ];
        let all: Vec<&str> = names.into_iter().chain(long).collect();
        let table = Names::new(all.iter().copied());
        for (slot, name) in all.iter().enumerate() {
            assert_eq!(table.find(name), Some(Found { slot, alias: false }), "{name}");
        }
        for absent in ["c", "aa", "countr", "attribute_number_six_of_many", "User_id"] {
            assert_eq!(table.find(absent), None, "{absent}");
        }
    }

    #[test]
    fn openfeatures_targeting_key_is_the_user_id_unless_the_rules_know_it_themselves() {
        let table = Names::new(["country", "user_id"].into_iter());
        assert_eq!(table.find("targetingKey"), Some(Found { slot: 1, alias: true }));
        let table = Names::new(["targetingKey", "user_id"].into_iter());
        assert_eq!(
            table.find("targetingKey"),
            Some(Found {
                slot: 0,
                alias: false
            })
        );
        assert_eq!(Names::new(["country"].into_iter()).find("targetingKey"), None);
    }
}
