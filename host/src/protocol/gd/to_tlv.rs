//! JSON text to TLV, in one pass.
//!
//! A list begins with the number of its elements, and whether an object is an escape is certain only
//! at its end. So counts are written when they are known, and dollars to be dropped are dropped at
//! the end, all at once: the time is in proportion to the text, whatever is in it.

use std::borrow::Cow;

use super::super::buffer::Buffer;
use super::super::escape::{Escape, float_of};
use super::super::fields::shortened;
use super::super::frame::{FrameError, check_length_max};
use super::super::json::{DEPTH_MAX, Scanner, Stop, StringSpan, ValueError};
use super::super::value::{Blobs, ReplyFault, ReplyValue};
use super::cursor::{Cursor, Head, Scalar};
use super::{ITEMS_MAX, code};

/// Appends a value to the payload that begins at `payload_at` in `out`. It is an error if the payload
/// gets much longer than `payload_bytes_max`, which the caller still has to check; on an error, what
/// has been appended is without meaning.
pub(super) fn append_tlv(
    out: &mut impl Buffer,
    value: ReplyValue<'_>,
    payload_at: usize,
    payload_bytes_max: usize,
) -> Result<(), ReplyFault> {
    let json = value.json();
    let mut writer = Writer {
        json,
        scanner: Scanner::new(json.as_bytes()),
        blobs: match value {
            ReplyValue::Plain(_) => None,
            ReplyValue::Unchecked { blobs, .. } | ReplyValue::App { blobs, .. } => Some(blobs),
        },
        out,
        payload_at,
        payload_bytes_max,
        open: Vec::new(),
        dropped: Vec::new(),
    };
    writer.scanner.skip_whitespace();
    writer.value()?;
    writer.check_length(0)?;
    writer.step(Scanner::skip_end)?;
    writer.drop_dollars();
    Ok(())
}

struct Writer<'a, B> {
    json: &'a str,
    scanner: Scanner<'a>,
    /// None where dollars mean nothing.
    blobs: Option<&'a dyn Blobs>,
    out: &'a mut B,
    payload_at: usize,
    payload_bytes_max: usize,
    open: Vec<Level>,
    /// Where in `out` the bytes are that must go.
    dropped: Vec<usize>,
}

/// An array or object that is open.
struct Level {
    is_object: bool,
    /// Where in `out` it begins.
    at: usize,
    /// How many elements or members it has so far.
    count: u32,
    /// What it stands for if its first member turns out to be its only one.
    escape: Option<Escape>,
    /// Where the value of its first member begins, in the text and in `out`.
    first_value: (usize, usize),
}

/// What a type and a length or count take.
const PREFIX_BYTES: usize = 5;

/// By so much a payload may get shorter when it is known which of the open objects are escapes: by a
/// dollar for each level, and by what an innermost `$blob` or `$float` takes itself.
const UNDECIDED_BYTES_MAX: usize = DEPTH_MAX + 5 * PREFIX_BYTES;

impl<'a, B: Buffer> Writer<'a, B> {
    fn value(&mut self) -> Result<(), ReplyFault> {
        loop {
            let complete = match self.scanner.peek() {
                Some(b'{') => self.open(true)?,
                Some(b'[') => self.open(false)?,
                _ => {
                    self.scalar()?;
                    true
                }
            };
            self.check_length(0)?;
            if complete && !self.next()? {
                return Ok(());
            }
        }
    }

    /// Enters an array or object. True if it is empty, and complete.
    fn open(&mut self, is_object: bool) -> Result<bool, ReplyFault> {
        if self.open.len() == DEPTH_MAX {
            let at = self.scanner.position();
            return Err(ValueError::TooDeep { at }.into());
        }
        let at = self.out.len();
        let (code, opening, closing) = match is_object {
            true => (code::DICT, b'{', b'}'),
            false => (code::LIST, b'[', b']'),
        };
        self.prefix(code, 0);
        self.scanner.eat(opening);
        self.scanner.skip_whitespace();
        if self.scanner.eat(closing) {
            return Ok(true);
        }
        self.open.push(Level {
            is_object,
            at,
            count: 0,
            escape: None,
            first_value: (0, 0),
        });
        self.item()?;
        Ok(false)
    }

    /// Closes what ends here, and goes on to the next value. False if there is none.
    #[inline]
    fn next(&mut self) -> Result<bool, ReplyFault> {
        while let Some(level) = self.open.last() {
            let (closing, stop) = match level.is_object {
                true => (b'}', Stop::MemberEnd),
                false => (b']', Stop::ElementEnd),
            };
            self.scanner.skip_whitespace();
            if self.scanner.eat(b',') {
                self.scanner.skip_whitespace();
                self.item()?;
                return Ok(true);
            }
            if self.scanner.peek() != Some(closing) {
                self.step(|_| Err::<(), Stop>(stop))?;
            }
            self.close()?;
            self.scanner.eat(closing);
        }
        Ok(false)
    }

    /// Begins an element or a member, up to its value.
    #[inline]
    fn item(&mut self) -> Result<(), ReplyFault> {
        let Some(level) = self.open.last_mut() else {
            return Ok(());
        };
        if level.count == ITEMS_MAX {
            return Err(ReplyFault::TooManyItems { max: ITEMS_MAX });
        }
        level.count += 1;
        if !level.is_object {
            return Ok(());
        }
        let is_first = level.count == 1;
        let key = self.step(Scanner::skip_key)?;
        let key = self.decode(&key)?;
        self.run(code::STRING, key.as_bytes());
        if is_first
            && self.blobs.is_some()
            && let Some(escape) = Escape::of(&key)
            && let Some(level) = self.open.last_mut()
        {
            level.escape = Some(escape);
            level.first_value = (self.scanner.position(), self.out.len());
        }
        Ok(())
    }

    /// Ends the innermost array or object.
    #[inline]
    fn close(&mut self) -> Result<(), ReplyFault> {
        let Some(level) = self.open.pop() else {
            return Ok(());
        };
        let count = level.at + 1;
        self.out[count..count + 4].copy_from_slice(&level.count.to_be_bytes());
        match level.escape {
            Some(escape) if level.count == 1 => self.resolve(escape, &level),
            _ => Ok(()),
        }
    }

    /// Puts in place of an object what it stands for.
    #[cold]
    fn resolve(&mut self, escape: Escape, level: &Level) -> Result<(), ReplyFault> {
        let (in_text, in_out) = level.first_value;
        let written = Cursor::at(self.out, in_out).head();
        match escape {
            Escape::Literal => self.drop_dollar(level.at + PREFIX_BYTES),
            Escape::Blob => {
                let index = match written {
                    Ok(Head::Scalar(Scalar::Int(index))) => usize::try_from(index).ok(),
                    _ => None,
                };
                let blob = index.and_then(|index| self.blobs?.blob(index));
                let blob = blob.ok_or_else(|| ReplyFault::NoSuchBlob {
                    index: self.shown(in_text),
                })?;
                self.out.truncate(level.at);
                // Before the copy, because several objects may name one large binary.
                self.check_length(PREFIX_BYTES + blob.len())?;
                self.run(code::BYTES, blob);
            }
            Escape::Float => {
                let number = match written {
                    Ok(Head::Scalar(Scalar::Text(name))) => float_of(name),
                    _ => None,
                };
                let number = number.ok_or_else(|| ReplyFault::NoSuchFloat {
                    name: self.shown(in_text),
                })?;
                self.out.truncate(level.at);
                self.number(code::FLOAT64, number.to_be_bytes());
            }
        }
        Ok(())
    }

    /// The text between an offset and the scanner, as an error repeats it.
    fn shown(&self, from: usize) -> String {
        shortened(self.json[from..self.scanner.position()].trim_end())
    }

    #[inline]
    fn scalar(&mut self) -> Result<(), ReplyFault> {
        if self.scanner.peek() == Some(b'"') {
            let string = self.step(Scanner::skip_string)?;
            let text = self.decode(&string)?;
            self.run(code::STRING, text.as_bytes());
            return Ok(());
        }
        let start = self.scanner.position();
        self.step(Scanner::skip_scalar)?;
        let raw = &self.json[start..self.scanner.position()];
        match raw.as_bytes().first() {
            Some(b't') => self.out.extend_from_slice(&[code::BOOL, 1]),
            Some(b'f') => self.out.extend_from_slice(&[code::BOOL, 0]),
            Some(b'n') => self.out.push(code::NONE),
            _ => self.json_number(raw)?,
        }
        Ok(())
    }

    fn json_number(&mut self, text: &str) -> Result<(), ReplyFault> {
        let mut bytes = text.bytes();
        if bytes.any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
            // Rust reads every number that JSON has; one too large is infinite, as in Python.
            let number: f64 = text.parse().unwrap_or(f64::NAN);
            self.number(code::FLOAT64, number.to_be_bytes());
        } else {
            let number: i64 = text.parse().map_err(|_| ReplyFault::IntegerTooLong {
                digits: shortened(text),
            })?;
            self.number(code::INT64, number.to_be_bytes());
        }
        Ok(())
    }

    #[inline]
    fn decode(&self, string: &StringSpan) -> Result<Cow<'a, str>, ReplyFault> {
        if !string.escaped {
            return Ok(Cow::Borrowed(&self.json[string.inner()]));
        }
        let quoted = &self.json[string.span.clone()];
        let text = serde_json::from_str(quoted).map_err(|_| ReplyFault::NoUnicode {
            quoted: shortened(quoted),
        })?;
        Ok(Cow::Owned(text))
    }

    fn step<T>(
        &mut self,
        step: impl FnOnce(&mut Scanner<'a>) -> Result<T, Stop>,
    ) -> Result<T, ValueError> {
        self.scanner.checked(step)
    }

    fn number(&mut self, code: u8, bytes: [u8; 8]) {
        self.out.push(code);
        self.out.extend_from_slice(&bytes);
    }

    /// A string's or binary's type, length and bytes.
    #[inline]
    fn run(&mut self, code: u8, bytes: &[u8]) {
        // What is longer is above the limit, and so refused: `check_length` sees all the bytes.
        self.prefix(code, u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.out.extend_from_slice(bytes);
    }

    #[inline]
    fn prefix(&mut self, code: u8, number: u32) {
        self.out.push(code);
        self.out.extend_from_slice(&number.to_be_bytes());
    }

    /// Refuses what will be too long in any case, before there is memory for more of it.
    #[inline]
    fn check_length(&self, more: usize) -> Result<(), FrameError> {
        let len = self.out.len() - self.payload_at - self.dropped.len() + more;
        if len <= self.payload_bytes_max.saturating_add(UNDECIDED_BYTES_MAX) {
            return Ok(());
        }
        check_length_max(len, self.payload_bytes_max).map(drop)
    }

    /// Takes the first byte off the string at `at`; not before the end, because what follows moves.
    fn drop_dollar(&mut self, at: usize) {
        let first = at + PREFIX_BYTES;
        if let Some(length) = self.out[at + 1..].first_chunk_mut::<4>() {
            *length = (u32::from_be_bytes(*length) - 1).to_be_bytes();
        }
        self.dropped.push(first);
    }

    fn drop_dollars(&mut self) {
        self.dropped.sort_unstable();
        let Some(&first) = self.dropped.first() else {
            return;
        };
        let mut end = first;
        for (index, &dropped) in self.dropped.iter().enumerate() {
            let next = self.dropped.get(index + 1);
            let kept = dropped + 1..next.copied().unwrap_or(self.out.len());
            let len = kept.len();
            self.out.copy_within(kept, end);
            end += len;
        }
        self.out.truncate(end);
    }
}
