//! Patterns for keys, as Python's `fnmatch.fnmatchcase` has them.
//!
//! A match takes a time that is linear in the length of the key, whatever the pattern: there is no
//! going back. Which beginnings of the pattern fit what has been read is a set of bits, and each
//! character of the key moves all of them at once.

use super::class::Class;
use super::error::{StashError, Text};

/// The longest pattern, in bytes.
pub(super) const PATTERN_BYTES_MAX: usize = 255;

const WORD_BITS: usize = u64::BITS as usize;
/// One bit for each beginning of the longest pattern, the empty one and the whole included.
const WORDS: usize = (PATTERN_BYTES_MAX + 1).div_ceil(WORD_BITS);
const ASCII: usize = 128;

/// Beginnings of a pattern: bit `i` is that of its first `i` places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Beginnings([u64; WORDS]);

impl Beginnings {
    const NONE: Self = Self([0; WORDS]);

    fn insert(&mut self, places: usize) {
        self.0[places / WORD_BITS] |= 1 << (places % WORD_BITS);
    }

    fn contains(&self, places: usize) -> bool {
        self.0[places / WORD_BITS] & 1 << (places % WORD_BITS) != 0
    }

    /// What remains of `self` after a character: those that end in a `*` stay, and those whose next
    /// place takes the character become longer by it.
    fn step(&self, ending_in_star: &Self, taken: &Self) -> Self {
        let mut next = Self::NONE;
        let mut carry = 0;
        for (word, next) in next.0.iter_mut().enumerate() {
            let longer = self.0[word] & taken.0[word];
            *next = (self.0[word] & ending_in_star.0[word]) | longer << 1 | carry;
            carry = longer >> (WORD_BITS - 1);
        }
        next
    }
}

/// A pattern that is ready to be matched.
#[derive(Debug)]
pub(super) struct Glob {
    /// What every match begins with.
    prefix: String,
    /// How many places there are, stars not counted.
    places: usize,
    ending_in_star: Beginnings,
    /// Where a class of characters begins, ascending, the first at 0. The pattern does not tell
    /// characters of one class apart.
    borders: Vec<u32>,
    /// By class of characters: the beginnings whose next place takes them.
    taken: Vec<Beginnings>,
    /// The class of each ASCII character.
    ascii: [u16; ASCII],
}

impl Glob {
    pub(super) fn new(pattern: &str) -> Result<Self, StashError> {
        Text::Pattern.check(pattern, PATTERN_BYTES_MAX)?;
        let (places, ending_in_star) = read(pattern);
        let mut borders = vec![0];
        borders.extend(places.iter().flat_map(Class::borders));
        borders.sort_unstable();
        borders.dedup();
        let taken = borders.iter().map(|&border| taken(&places, border));
        let mut glob = Self {
            prefix: prefix(&places, &ending_in_star),
            places: places.len(),
            ending_in_star,
            taken: taken.collect(),
            borders,
            ascii: [0; ASCII],
        };
        for character in 0..ASCII as u8 {
            let class = glob.class_of(char::from(character));
            // There are two borders to a place at most, and less than 256 places.
            glob.ascii[usize::from(character)] = class as u16;
        }
        Ok(glob)
    }

    /// What everything that matches begins with.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Whether the pattern fits the whole of `text`.
    pub(super) fn matches(&self, text: &str) -> bool {
        let mut fitting = Beginnings::NONE;
        fitting.insert(0);
        for character in text.chars() {
            let class = match self.ascii.get(character as usize) {
                Some(&class) => usize::from(class),
                None => self.class_of(character),
            };
            fitting = fitting.step(&self.ending_in_star, &self.taken[class]);
            if fitting == Beginnings::NONE {
                return false;
            }
        }
        fitting.contains(self.places)
    }

    fn class_of(&self, character: char) -> usize {
        let code = u32::from(character);
        self.borders.partition_point(|&border| border <= code) - 1
    }
}

/// The places of a pattern, and which of its beginnings a star follows.
fn read(pattern: &str) -> (Vec<Class>, Beginnings) {
    let pattern: Vec<char> = pattern.chars().collect();
    let mut places = Vec::new();
    let mut ending_in_star = Beginnings::NONE;
    let mut rest = &pattern[..];
    while let [first, behind @ ..] = rest {
        rest = behind;
        match first {
            '*' => ending_in_star.insert(places.len()),
            '?' => places.push(Class::any()),
            '[' => match Class::read(behind) {
                Some((class, length)) => {
                    places.push(class);
                    rest = &behind[length..];
                }
                None => places.push(Class::of('[')),
            },
            &character => places.push(Class::of(character)),
        }
    }
    (places, ending_in_star)
}

/// The beginnings whose next place takes the characters from `border` to the next one.
fn taken(places: &[Class], border: u32) -> Beginnings {
    let mut taken = Beginnings::NONE;
    // A border may lie where there are no characters: then nobody asks for its class, or the
    // characters behind the gap are asked for.
    let character = (border..=u32::from(char::MAX)).find_map(char::from_u32);
    if let Some(character) = character {
        let takers = places.iter().enumerate();
        for (place, _) in takers.filter(|(_, class)| class.contains(character)) {
            taken.insert(place);
        }
    }
    taken
}

fn prefix(places: &[Class], ending_in_star: &Beginnings) -> String {
    let before_star = places.iter().enumerate();
    let before_star = before_star.take_while(|(place, _)| !ending_in_star.contains(*place));
    before_star
        .map_while(|(_, class)| class.literal())
        .collect()
}
