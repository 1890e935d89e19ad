//! What one place of a pattern stands for: a set of characters, written as one of them, as `?`, or
//! in brackets. The brackets mean what they mean to Python's `fnmatch.fnmatchcase`, whose users'
//! patterns come here, down to its oddities.

/// A set of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class {
    /// First and last, both included; the first is not above the last.
    ranges: Vec<(char, char)>,
    /// The set is what is in none of them.
    negated: bool,
}

impl Class {
    /// `?`
    pub(super) fn any() -> Self {
        Self {
            ranges: Vec::new(),
            negated: true,
        }
    }

    pub(super) fn of(character: char) -> Self {
        Self {
            ranges: vec![(character, character)],
            negated: false,
        }
    }

    /// Reads what follows an opening bracket. Returns the set and how many characters it took, the
    /// closing bracket included; None if there is none, and so the opening one stands for itself.
    pub(super) fn read(text: &[char]) -> Option<(Self, usize)> {
        // One in the first place, or behind the mark that negates, is a part of the set.
        let mut first = usize::from(text.first() == Some(&'!'));
        first += usize::from(text.get(first) == Some(&']'));
        let end = first + text.get(first..)?.iter().position(|&c| c == ']')?;
        Some((Self::in_brackets(&text[..end]), end + 1))
    }

    fn in_brackets(text: &[char]) -> Self {
        let mut ranges = ranges(text);
        ranges.retain(|(first, last)| first <= last);
        // The mark negates where it comes first when empty ranges are gone, even as the beginning of
        // a range, which is none then.
        match ranges.first() {
            Some(&('!', last)) => {
                ranges.remove(0);
                if last != '!' {
                    ranges.extend([('-', '-'), (last, last)]);
                }
                Self {
                    ranges,
                    negated: true,
                }
            }
            _ => Self {
                ranges,
                negated: false,
            },
        }
    }

    pub(super) fn contains(&self, character: char) -> bool {
        let listed = |&(first, last): &(char, char)| (first..=last).contains(&character);
        self.ranges.iter().any(listed) != self.negated
    }

    /// The only character of the set, if it is written as one.
    pub(super) fn literal(&self) -> Option<char> {
        match self.ranges[..] {
            [(first, last)] if first == last && !self.negated => Some(first),
            _ => None,
        }
    }

    /// Where the set may begin or end: between two of these, either all characters are in it, or
    /// none.
    pub(super) fn borders(&self) -> impl Iterator<Item = u32> {
        self.ranges
            .iter()
            .flat_map(|&(first, last)| [u32::from(first), u32::from(last) + 1])
    }
}

/// The ranges in brackets in the order in which they are written, empty ones included. A hyphen makes
/// a range of its neighbours, except where it comes first, last, behind the negating mark, or right
/// behind a range.
fn ranges(text: &[char]) -> Vec<(char, char)> {
    let mut ranges = Vec::new();
    let mut at = 0;
    // A hyphen before this place stands for itself.
    let mut hyphen_from = if text.first() == Some(&'!') { 2 } else { 1 };
    while let Some(&character) = text.get(at) {
        match text.get(at + 1..) {
            Some(&['-', last, ..]) if at + 1 >= hyphen_from => {
                ranges.push((character, last));
                at += 3;
                hyphen_from = at + 1;
            }
            _ => {
                ranges.push((character, character));
                at += 1;
            }
        }
    }
    ranges
}
