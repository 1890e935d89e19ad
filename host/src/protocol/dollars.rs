//! Finds the objects in JSON text that have one key only and whose key begins with a dollar, and
//! cuts the text into what stays and what something else is put in the place of.
//!
//! Two passes, both in proportion to the text: whether a key is its object's only one shows at the
//! object's end. What such objects mean is for `client_values`.

use std::borrow::Cow;
use std::ops::Range;

use super::escape::{ESCAPED_DOLLAR, begins_with_dollar};
use super::fields::decode_text;
use super::json::{DEPTH_MAX, Scanner, StringSpan, ValueError, Watch};

/// What is to become of an object with a certain key, if that is its only one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Its key gets one dollar more.
    AddDollar,
    /// Its key loses a dollar.
    DropDollar,
    /// Something takes its place.
    Replace,
}

/// A change to a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// None after all.
    Nothing,
    /// To the key that begins here, behind its quote.
    AddDollar { at: usize },
    /// Likewise.
    DropDollar { at: usize },
    /// To an object as a whole.
    Replace { start: usize, end: usize },
}

/// The changes to a text, in the order in which they stand in it.
#[derive(Debug)]
pub(super) struct Changes<'a> {
    text: &'a str,
    changes: Vec<Change>,
}

/// A piece of the new text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text.
    Text(&'a str),
    /// What is to take the place of the object that lies here in the old text. It has one key.
    Object(Range<usize>),
}

/// Whether there may be such an object in a text. A text without a dollar costs one look at each of
/// its bytes; a key that spells its dollar as an escape is seen, too.
pub(super) fn may_have_dollar_keys(text: &str) -> bool {
    let text = text.as_bytes();
    memchr::memchr2_iter(b'$', b'\\', text).any(|at| {
        let is_dollar = text[at] == b'$' || text[at..].starts_with(ESCAPED_DOLLAR);
        is_dollar && at > 0 && text[at - 1] == b'"'
    })
}

impl<'a> Changes<'a> {
    /// Finds them in one JSON value; `turn_of` is asked for each key that may be an only one.
    pub(super) fn find(
        text: &'a str,
        turn_of: impl Fn(&str) -> Option<Turn>,
    ) -> Result<Self, ValueError> {
        let mut finder = Finder {
            text: text.as_bytes(),
            turn_of,
            open: Vec::new(),
            changes: Vec::new(),
        };
        let mut scanner = Scanner::new(text.as_bytes());
        scanner.skip_whitespace();
        scanner.checked(|scanner| scanner.skip_watched(DEPTH_MAX, &mut finder))?;
        scanner.checked(Scanner::skip_end)?;
        let mut changes = finder.changes;
        changes.retain(|change| *change != Change::Nothing);
        Ok(Changes { text, changes })
    }

    /// Whether the text stays as it is.
    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Shows each piece of the new text. What lies in an object that is replaced is not shown.
    pub(super) fn try_for_each<E>(
        &self,
        mut show: impl FnMut(Piece<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut done = 0;
        for change in &self.changes {
            let (gap, piece) = match *change {
                Change::Nothing => continue,
                Change::AddDollar { at } => (at..at, Some(Piece::Text("$"))),
                Change::DropDollar { at } => (at..at + self.dollar_len(at), None),
                Change::Replace { start, end } => (start..end, Some(Piece::Object(start..end))),
            };
            if gap.start < done {
                continue;
            }
            show(Piece::Text(&self.text[done..gap.start]))?;
            if let Some(piece) = piece {
                show(piece)?;
            }
            done = gap.end;
        }
        show(Piece::Text(&self.text[done..]))
    }

    /// The value of the only key of an object that is to be replaced, as it stands in the text.
    pub(super) fn only_value(&self, object: Range<usize>) -> &'a str {
        let object = &self.text[object];
        let mut scanner = Scanner::new(object.as_bytes());
        let value = scanner
            .enter_object()
            .and_then(|_| scanner.skip_key())
            .and_then(|_| scanner.skip_value(DEPTH_MAX));
        value.map_or("", |value| &object[value])
    }

    fn dollar_len(&self, at: usize) -> usize {
        match self.text.as_bytes()[at..].starts_with(ESCAPED_DOLLAR) {
            true => ESCAPED_DOLLAR.len(),
            false => 1,
        }
    }
}

/// Watches a walk over the text.
struct Finder<'a, F> {
    text: &'a [u8],
    turn_of: F,
    /// The objects that have not ended, innermost last.
    open: Vec<Object>,
    changes: Vec<Change>,
}

struct Object {
    start: usize,
    has_key: bool,
    /// Which of the changes it is, if its first key turns out to be its only one, and what then.
    change: Option<(usize, Change)>,
}

impl<F: Fn(&str) -> Option<Turn>> Finder<'_, F> {
    /// What the key asks for.
    fn turn(&self, key: &StringSpan) -> Option<Turn> {
        if !begins_with_dollar(&self.text[key.inner()]) {
            return None;
        }
        let quoted = &self.text[key.span.clone()];
        // A key that stands for no Unicode text is like any other.
        decode_text(quoted).and_then(|key: Cow<'_, str>| (self.turn_of)(&key))
    }
}

impl<F: Fn(&str) -> Option<Turn>> Watch for Finder<'_, F> {
    fn object(&mut self, at: usize) {
        self.open.push(Object {
            start: at,
            has_key: false,
            change: None,
        });
    }

    fn key(&mut self, key: &StringSpan) {
        let Some(object) = self.open.last() else {
            return;
        };
        let turn = match object.has_key {
            true => None,
            false => self.turn(key),
        };
        let at = key.inner().start;
        let change = turn.map(|turn| {
            let change = match turn {
                Turn::AddDollar => Change::AddDollar { at },
                Turn::DropDollar => Change::DropDollar { at },
                // Its end is not known yet.
                Turn::Replace => Change::Replace {
                    start: object.start,
                    end: object.start,
                },
            };
            // Its place is kept now, so that changes stand in order.
            self.changes.push(Change::Nothing);
            (self.changes.len() - 1, change)
        });
        if let Some(object) = self.open.last_mut() {
            object.has_key = true;
            object.change = change;
        }
    }

    fn object_end(&mut self, end: usize) {
        let Some((index, change)) = self.open.pop().and_then(|object| object.change) else {
            return;
        };
        self.changes[index] = match change {
            Change::Replace { start, .. } => Change::Replace { start, end },
            change => change,
        };
    }
}

#[cfg(test)]
#[path = "tests/dollars.rs"]
mod tests;
