//! From an attribute's name to its slot, in a few nanoseconds: a small table with one comparison of two words for
//! names of up to 16 bytes.

use super::abi::head;
use super::metadata::{ScalarType, Slot};

/// OpenFeature's name for the subject of an evaluation, which rules know by another.
pub(crate) const TARGETING_KEY: (&str, &str) = ("targetingKey", "user_id");

/// The names of a program's attributes.
#[derive(Debug)]
pub(super) struct Names {
    shift: u32,
    mask: usize,
    places: Vec<Place>,
    /// Names by their slots' positions, compared too where the key does not hold all of one.
    whole: Vec<Box<str>>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    key: Key,
    found: Found,
}

/// A slot that goes by a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Its position in the metadata.
    pub(super) position: u32,
    /// The address of its record.
    pub(super) at: u32,
    /// What is to be done with a value.
    pub(super) takes: Takes,
}

/// What a slot takes by a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// A string as it is, which most attributes are.
    String,
    /// Anything else.
    Other,
    /// What has no value by the slot's own name, which takes precedence.
    Alias,
}

/// Which strings the last contexts had, by their places: the next context's mostly are in the same order, and a guess takes
/// no table to check.
#[derive(Debug, Default)]
pub(super) struct Guesses(Vec<Guess>);

/// The attribute that is expected at a place, and its slot, which takes a string as it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guess {
    key: Key,
    /// The position of the slot in the metadata.
    pub(super) position: u32,
    /// The address of its record.
    pub(super) at: u32,
}

impl Guesses {
    /// No more guesses are kept, however many attributes a context has.
    const AT_MOST: usize = 64;

    /// The guess for the `nth` attribute of a context, if it is right.
    #[inline]
    pub(super) fn right(&self, nth: usize, name: &str) -> Option<Guess> {
        self.0
            .get(nth)
            .filter(|guess| guess.key == Key::of(name))
            .copied()
    }

    /// What the `nth` attribute was, for the next context.
    pub(super) fn learn(&mut self, nth: usize, name: &str, found: Found) {
        if found.takes != Takes::String || name.len() > Key::WHOLE_BYTES || nth >= Self::AT_MOST {
            return;
        }
        if self.0.len() <= nth {
            let nothing = Guess {
                key: Key::NONE,
                position: 0,
                at: 0,
            };
            self.0.resize(nth + 1, nothing);
        }
        self.0[nth] = Guess {
            key: Key::of(name),
            position: found.position,
            at: found.at,
        };
    }
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
    /// No string is as long.
    const NONE: Self = Self {
        length: usize::MAX,
        first: 0,
        last: 0,
    };

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
    /// A table of the names of these slots.
    pub(super) fn new(slots: &[Slot]) -> Self {
        // At least three in four places are empty, so that most searches end at once.
        let places = (slots.len() * 4 + 4).next_power_of_two();
        let nowhere = Found {
            position: 0,
            at: 0,
            takes: Takes::Other,
        };
        let mut names = Self {
            shift: 64 - places.trailing_zeros(),
            mask: places - 1,
            places: vec![
                Place {
                    key: Key::NONE,
                    found: nowhere
                };
                places
            ],
            whole: slots.iter().map(|slot| slot.name.as_str().into()).collect(),
        };
        let (alias, name) = TARGETING_KEY;
        let is_known = slots.iter().any(|slot| slot.name == alias);
        for (slot, position) in slots.iter().zip(0..) {
            let is_string = slot.ty == ScalarType::String && !slot.list;
            let found = Found {
                position,
                at: slot.at,
                takes: if is_string { Takes::String } else { Takes::Other },
            };
            names.insert(&slot.name, found);
            if slot.name == name && !is_known {
                let takes = Takes::Alias;
                names.insert(alias, Found { takes, ..found });
            }
        }
        names
    }

    /// The slot of an attribute; `None` for one that the rules do not read.
    #[inline]
    pub(super) fn find(&self, name: &str) -> Option<Found> {
        let key = Key::of(name);
        let mut at = key.place(self.shift);
        loop {
            let place = self.places.get(at & self.mask)?;
            if place.key == key && (key.length <= Key::WHOLE_BYTES || self.is_whole(place, name)) {
                return Some(place.found);
            }
            if place.key.length == Key::NONE.length {
                return None;
            }
            at += 1;
        }
    }

    #[cold]
    fn is_whole(&self, place: &Place, name: &str) -> bool {
        let whole = self.whole.get(place.found.position as usize);
        whole.is_some_and(|whole| **whole == *name)
    }

    fn insert(&mut self, name: &str, found: Found) {
        let key = Key::of(name);
        let mut at = key.place(self.shift);
        while self.places[at & self.mask].key.length != Key::NONE.length {
            at += 1;
        }
        self.places[at & self.mask] = Place { key, found };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(names: &[&str]) -> Vec<Slot> {
        let one = |(name, position): (&&str, u32)| Slot {
            name: (*name).to_owned(),
            ty: ScalarType::String,
            list: false,
            at: slot(position, Takes::String).at,
            bucketed: false,
        };
        names.iter().zip(0..).map(one).collect()
    }

    fn slot(position: u32, takes: Takes) -> Found {
        let at = 64 + 64 * position;
        Found { position, at, takes }
    }

    #[test]
    fn each_name_finds_its_slot_and_no_other_name_does() {
        let all = [
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
            "attribute_number_one_of_many",
            "attribute_number_two_of_many",
            "attribute_number_one_of_them",
        ];
        let table = Names::new(&slots(&all));
        for (name, position) in all.iter().zip(0..) {
            assert_eq!(table.find(name), Some(slot(position, Takes::String)), "{name}");
        }
        for absent in ["c", "aa", "countr", "attribute_number_six_of_many", "User_id"] {
            assert_eq!(table.find(absent), None, "{absent}");
        }
    }

    #[test]
    fn openfeatures_targeting_key_is_the_user_id_unless_the_rules_know_it_themselves() {
        let table = Names::new(&slots(&["country", "user_id"]));
        assert_eq!(table.find("targetingKey"), Some(slot(1, Takes::Alias)));
        let table = Names::new(&slots(&["targetingKey", "user_id"]));
        assert_eq!(table.find("targetingKey"), Some(slot(0, Takes::String)));
        assert_eq!(Names::new(&slots(&["country"])).find("targetingKey"), None);
    }
}
