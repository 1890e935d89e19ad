//! The fields of a message that is no request: what `control`, `manage` and `stash` read, in
//! whichever dialect it came.
//!
//! Such fields are read apart from a request's: they are rare, and in a request such names mean
//! nothing and may be there. Which of them a message needs is for its reader to say.

use std::borrow::Cow;
use std::ops::Range;

use super::fields::{EnvelopeFault, decode_text, walk};

/// The names of the fields beside `type` and `id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Op,
    App,
    Workers,
    Count,
    Table,
    Key,
    Value,
    Pattern,
}

impl Key {
    const ALL: [Key; 8] = [
        Key::Op,
        Key::App,
        Key::Workers,
        Key::Count,
        Key::Table,
        Key::Key,
        Key::Value,
        Key::Pattern,
    ];

    fn name(self) -> &'static str {
        match self {
            Key::Op => "op",
            Key::App => "app",
            Key::Workers => "workers",
            Key::Count => "count",
            Key::Table => "table",
            Key::Key => "key",
            Key::Value => "value",
            Key::Pattern => "pattern",
        }
    }

    pub(super) fn missing(self) -> EnvelopeFault {
        EnvelopeFault::Missing { key: self.name() }
    }

    pub(super) fn wrong_type(self, expected: &'static str) -> EnvelopeFault {
        let key = self.name();
        EnvelopeFault::WrongType { key, expected }
    }
}

/// A field's value, as far as these messages care.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Member<'a> {
    Text(Cow<'a, str>),
    Integer(i64),
    /// Anything else.
    Other,
}

/// The fields of one message.
pub(super) struct Members<'a> {
    found: [Option<(Member<'a>, Range<usize>)>; Key::ALL.len()],
}

impl<'a> Members<'a> {
    pub(super) fn new() -> Self {
        Members {
            found: [const { None }; Key::ALL.len()],
        }
    }

    /// Reads the JSON object in `frame`.
    pub(super) fn read_json(frame: &'a [u8]) -> Result<Self, EnvelopeFault> {
        let mut members = Members::new();
        walk(frame, |name, span| {
            // A name that stands for no Unicode text is none of ours.
            match decode_text(&frame[name.span.clone()]) {
                Some(name) => members.note(&name, json_member(&frame[span.clone()]), span),
                None => Ok(()),
            }
        })?;
        Ok(members)
    }

    /// Notes a field whose value lies at `span`, if the name is one of ours; a second one of the
    /// same name is refused.
    pub(super) fn note(
        &mut self,
        name: &str,
        member: Member<'a>,
        span: Range<usize>,
    ) -> Result<(), EnvelopeFault> {
        let Some(key) = Key::ALL.into_iter().find(|key| key.name() == name) else {
            return Ok(());
        };
        match self.found[key as usize].replace((member, span)) {
            Some(_) => Err(EnvelopeFault::Duplicate { key: key.name() }),
            None => Ok(()),
        }
    }

    pub(super) fn member(&self, key: Key) -> Option<&Member<'a>> {
        self.found[key as usize].as_ref().map(|(member, _)| member)
    }

    /// Where a field's value lies in the frame.
    pub(super) fn span(&self, key: Key) -> Option<Range<usize>> {
        self.found[key as usize]
            .as_ref()
            .map(|(_, span)| span.clone())
    }

    /// A copy, so that it does not keep its frame alive.
    pub(super) fn text(&self, key: Key) -> Result<Option<String>, EnvelopeFault> {
        match self.member(key) {
            None => Ok(None),
            Some(Member::Text(text)) => Ok(Some(text.clone().into_owned())),
            Some(_) => Err(key.wrong_type("a string of Unicode text")),
        }
    }

    pub(super) fn count(&self, key: Key) -> Result<Option<u32>, EnvelopeFault> {
        let number = match self.member(key) {
            None => return Ok(None),
            Some(Member::Integer(number)) => u32::try_from(*number).ok(),
            Some(_) => None,
        };
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(key.wrong_type("a whole number from 0 to 4294967295")),
        }
    }
}

fn json_member(raw: &[u8]) -> Member<'_> {
    if let Some(text) = decode_text(raw) {
        return Member::Text(text);
    }
    // `-0` is what some languages make of a small fraction.
    let number = std::str::from_utf8(raw)
        .ok()
        .filter(|text| *text != "-0")
        .and_then(|text| text.parse().ok());
    number.map_or(Member::Other, Member::Integer)
}
