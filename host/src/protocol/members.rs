//! The fields of a message that is no request: what `control`, `manage` and `stash` read, in
//! whichever dialect it came.
//!
//! Such fields are read apart from a request's: they are rare, and in a request such names mean
//! nothing and may be there. Which of them a message needs is for its reader to say.

use std::borrow::Cow;
use std::ops::Range;
use std::time::Duration;

use super::fields::{EnvelopeFault, decode_text, positive_seconds, walk};

/// The names of the fields beside `type` and `id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Op,
    App,
    Workers,
    Count,
    Table,
    Key,
    Value,
    Pattern,
    Ttl,
    Delta,
    Expected,
}

impl Name {
    const ALL: [Name; 11] = [
        Name::Op,
        Name::App,
        Name::Workers,
        Name::Count,
        Name::Table,
        Name::Key,
        Name::Value,
        Name::Pattern,
        Name::Ttl,
        Name::Delta,
        Name::Expected,
    ];

    fn text(self) -> &'static str {
        match self {
            Name::Op => "op",
            Name::App => "app",
            Name::Workers => "workers",
            Name::Count => "count",
            Name::Table => "table",
            Name::Key => "key",
            Name::Value => "value",
            Name::Pattern => "pattern",
            Name::Ttl => "ttl",
            Name::Delta => "delta",
            Name::Expected => "expected",
        }
    }

    pub(super) fn missing(self) -> EnvelopeFault {
        EnvelopeFault::Missing { key: self.text() }
    }

    pub(super) fn wrong_type(self, expected: &'static str) -> EnvelopeFault {
        let key = self.text();
        EnvelopeFault::WrongType { key, expected }
    }
}

/// A field's value, as far as these messages care.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Member<'a> {
    Text(Cow<'a, str>),
    Integer(i64),
    /// A number that is no integer of 64 bits.
    Float(f64),
    /// Anything else.
    Other,
}

/// The fields of one message.
pub(super) struct Members<'a> {
    found: [Option<(Member<'a>, Range<usize>)>; Name::ALL.len()],
}

impl<'a> Members<'a> {
    pub(super) fn new() -> Self {
        Members {
            found: [const { None }; Name::ALL.len()],
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
        let Some(name) = Name::ALL.into_iter().find(|known| known.text() == name) else {
            return Ok(());
        };
        match self.found[name as usize].replace((member, span)) {
            Some(_) => Err(EnvelopeFault::Duplicate { key: name.text() }),
            None => Ok(()),
        }
    }

    pub(super) fn member(&self, name: Name) -> Option<&Member<'a>> {
        self.found[name as usize].as_ref().map(|(member, _)| member)
    }

    /// Where a field's value lies in the frame.
    pub(super) fn span(&self, name: Name) -> Option<Range<usize>> {
        self.found[name as usize]
            .as_ref()
            .map(|(_, span)| span.clone())
    }

    /// A copy, so that it does not keep its frame alive.
    pub(super) fn text(&self, name: Name) -> Result<Option<String>, EnvelopeFault> {
        match self.member(name) {
            None => Ok(None),
            Some(Member::Text(text)) => Ok(Some(text.clone().into_owned())),
            Some(_) => Err(name.wrong_type("a string of Unicode text")),
        }
    }

    pub(super) fn count(&self, name: Name) -> Result<Option<u32>, EnvelopeFault> {
        let number = match self.member(name) {
            None => return Ok(None),
            Some(Member::Integer(number)) => u32::try_from(*number).ok(),
            Some(_) => None,
        };
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(name.wrong_type("a whole number from 0 to 4294967295")),
        }
    }

    pub(super) fn integer(&self, name: Name) -> Result<Option<i64>, EnvelopeFault> {
        match self.member(name) {
            None => Ok(None),
            Some(Member::Integer(number)) => Ok(Some(*number)),
            Some(_) => Err(name.wrong_type("a whole number of 64 bits")),
        }
    }

    /// A time in seconds, which may have fractions.
    pub(super) fn seconds(&self, name: Name) -> Result<Option<Duration>, EnvelopeFault> {
        let seconds = match self.member(name) {
            None => return Ok(None),
            Some(Member::Integer(number)) => Some(*number as f64),
            Some(Member::Float(number)) => Some(*number),
            Some(_) => None,
        };
        let seconds = seconds.and_then(positive_seconds);
        seconds
            .map(Some)
            .ok_or_else(|| name.wrong_type("a number of seconds above 0"))
    }
}

fn json_member(raw: &[u8]) -> Member<'_> {
    if let Some(text) = decode_text(raw) {
        return Member::Text(text);
    }
    // `-0` is what some languages make of a small fraction.
    let text = std::str::from_utf8(raw).unwrap_or_default();
    let integer = Some(text).filter(|text| *text != "-0");
    match integer.and_then(|text| text.parse().ok()) {
        Some(number) => Member::Integer(number),
        None => text.parse().map_or(Member::Other, Member::Float),
    }
}
