//! Walks JSON text: checks it against RFC 8259 and says where its parts lie.
//!
//! It converts nothing. Numbers of any length and lone surrogates (`"\ud800"`, which Python sends)
//! pass, because the text goes on as it came. It keeps its stack in one integer instead of
//! recursing, so a hostile nesting costs an error and no stack. It does not check UTF-8: the
//! callers do that, once for a whole frame.

use std::ops::Range;

use super::escape::begins_with_dollar;
use super::nesting::{Bracket, Open};
use super::plain_text::end_of_plain_text;

pub(super) use super::json_fault::Stop;
pub use super::json_fault::ValueError;

/// How many arrays and objects may lie within each other.
pub const DEPTH_MAX: usize = 128;

/// Checks that `text` is exactly one JSON value, at most [`DEPTH_MAX`] deep.
///
/// # Errors
/// Says where the text breaks the grammar or the limit.
pub fn check_value(text: &str) -> Result<(), ValueError> {
    has_dollar_keys(text).map(drop)
}

/// Checks the same, and says whether any object in it has a key that begins with a dollar.
pub(super) fn has_dollar_keys(text: &str) -> Result<bool, ValueError> {
    let mut scanner = Scanner::new(text.as_bytes());
    scanner.skip_whitespace();
    scanner.checked(|scanner| scanner.skip_value(DEPTH_MAX))?;
    scanner.checked(Scanner::skip_end)?;
    Ok(scanner.has_met_dollar())
}

/// A string as it stands in the text.
pub(super) struct StringSpan {
    /// With both quotes.
    pub(super) span: Range<usize>,
    /// Whether it holds a backslash, so that its text differs from its meaning.
    pub(super) escaped: bool,
}

impl StringSpan {
    /// The part between the quotes.
    pub(super) fn inner(&self) -> Range<usize> {
        self.span.start + 1..self.span.end - 1
    }
}

/// Is told of the objects that a walk comes by, and of their keys.
pub(super) trait Watch {
    /// An object begins.
    fn object(&mut self, at: usize);
    /// A member of the innermost object begins.
    fn key(&mut self, key: &StringSpan);
    /// The innermost object has ended.
    fn object_end(&mut self, end: usize);
}

/// Nobody watches.
impl Watch for () {
    fn object(&mut self, _at: usize) {}
    fn key(&mut self, _key: &StringSpan) {}
    fn object_end(&mut self, _end: usize) {}
}

/// A position in JSON text that only moves over what it has checked.
#[derive(Clone)]
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    has_met_dollar: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            has_met_dollar: false,
        }
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Whether a key in the values that it has moved over begins with a dollar, spelled as an escape
    /// or not.
    pub(super) fn has_met_dollar(&self) -> bool {
        self.has_met_dollar
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Takes a step, and says in full what stopped it.
    pub(super) fn checked<T>(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, ValueError> {
        step(self).map_err(|stop| stop.at(self.at))
    }

    #[inline]
    pub(super) fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Moves over `byte` if it comes next.
    #[inline]
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Moves to the end of the text, where there must be nothing but whitespace.
    pub(super) fn skip_end(&mut self) -> Result<(), Stop> {
        self.skip_whitespace();
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(Stop::End)
        }
    }

    /// Moves to the first key of the object that is the text. False if there is none, and the
    /// object has ended.
    pub(super) fn enter_object(&mut self) -> Result<bool, Stop> {
        self.skip_whitespace();
        if !self.eat(b'{') {
            return Err(Stop::Object);
        }
        self.skip_whitespace();
        Ok(!self.eat(b'}'))
    }

    /// After a member of that object: moves to the next key. False if the object has ended.
    pub(super) fn next_member(&mut self) -> Result<bool, Stop> {
        self.skip_whitespace();
        let more = self.eat(b',');
        if more {
            self.skip_whitespace();
        } else if !self.eat(b'}') {
            return Err(Stop::MemberEnd);
        }
        Ok(more)
    }

    /// Moves over a member's key, the colon and the whitespace around them.
    #[inline]
    pub(super) fn skip_key(&mut self) -> Result<StringSpan, Stop> {
        if self.peek() != Some(b'"') {
            return Err(Stop::Key);
        }
        let key = self.skip_string()?;
        self.skip_whitespace();
        if !self.eat(b':') {
            return Err(Stop::Colon);
        }
        self.skip_whitespace();
        Ok(key)
    }

    /// Moves over one value of at most `depth_max` levels, whose first byte comes next.
    #[inline]
    pub(super) fn skip_value(&mut self, depth_max: usize) -> Result<Range<usize>, Stop> {
        self.skip_watched(depth_max, &mut ())
    }

    /// The same, and somebody watches.
    #[inline]
    pub(super) fn skip_watched(
        &mut self,
        depth_max: usize,
        watch: &mut impl Watch,
    ) -> Result<Range<usize>, Stop> {
        let start = self.at;
        match self.peek() {
            Some(b'{' | b'[') => self.skip_nested(depth_max, watch)?,
            _ => self.skip_scalar()?,
        }
        Ok(start..self.at)
    }

    /// Moves over a string, number, `true`, `false` or `null`.
    #[inline]
    pub(super) fn skip_scalar(&mut self) -> Result<(), Stop> {
        match self.peek() {
            Some(b'"') => self.skip_string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.skip_number(),
            Some(b't') => self.skip_literal(b"true"),
            Some(b'f') => self.skip_literal(b"false"),
            Some(b'n') => self.skip_literal(b"null"),
            _ => Err(Stop::Value),
        }
    }

    /// Moves over an array or object, whose bracket comes next.
    fn skip_nested(&mut self, depth_max: usize, watch: &mut impl Watch) -> Result<(), Stop> {
        let mut open = Open::new(depth_max);
        loop {
            let ended = match self.peek() {
                Some(b'{') => self.open_object(&mut open, watch)?,
                Some(b'[') => self.open_array(&mut open)?,
                _ => self.skip_scalar().map(|()| true)?,
            };
            if ended && self.close_ended(&mut open, watch)? {
                return Ok(());
            }
        }
    }

    /// Moves to the first member's value. True if there is none and the object has ended.
    fn open_object(&mut self, open: &mut Open, watch: &mut impl Watch) -> Result<bool, Stop> {
        open.push(Bracket::Object)?;
        watch.object(self.at);
        self.at += 1;
        self.skip_whitespace();
        if self.eat(b'}') {
            open.pop();
            watch.object_end(self.at);
            return Ok(true);
        }
        self.skip_member_key(watch)?;
        Ok(false)
    }

    /// Moves over the key of a member of an object that lies in the value.
    #[inline]
    fn skip_member_key(&mut self, watch: &mut impl Watch) -> Result<(), Stop> {
        let key = self.skip_key()?;
        self.has_met_dollar |= begins_with_dollar(&self.bytes[key.inner()]);
        watch.key(&key);
        Ok(())
    }

    /// Moves to the first element. True if there is none and the array has ended.
    fn open_array(&mut self, open: &mut Open) -> Result<bool, Stop> {
        open.push(Bracket::Array)?;
        self.at += 1;
        self.skip_whitespace();
        if self.eat(b']') {
            open.pop();
            return Ok(true);
        }
        Ok(false)
    }

    /// After a value: moves over the brackets that end here, up to the next value. True if the
    /// outermost bracket has ended.
    #[inline]
    fn close_ended(&mut self, open: &mut Open, watch: &mut impl Watch) -> Result<bool, Stop> {
        while let Some(bracket) = open.innermost() {
            self.skip_whitespace();
            match (self.peek(), bracket) {
                (Some(b','), _) => {
                    self.at += 1;
                    self.skip_whitespace();
                    if bracket == Bracket::Object {
                        self.skip_member_key(watch)?;
                    }
                    return Ok(false);
                }
                (Some(b'}'), Bracket::Object) => {
                    self.at += 1;
                    open.pop();
                    watch.object_end(self.at);
                }
                (Some(b']'), Bracket::Array) => {
                    self.at += 1;
                    open.pop();
                }
                (_, Bracket::Object) => return Err(Stop::MemberEnd),
                (_, Bracket::Array) => return Err(Stop::ElementEnd),
            }
        }
        Ok(true)
    }

    /// Moves over a string, whose quote comes next.
    #[inline]
    pub(super) fn skip_string(&mut self) -> Result<StringSpan, Stop> {
        let start = self.at;
        let mut escaped = false;
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    let span = start..self.at;
                    return Ok(StringSpan { span, escaped });
                }
                Some(b'\\') => {
                    escaped = true;
                    self.skip_escape()?;
                }
                Some(0x20..) => self.at = end_of_plain_text(self.bytes, self.at),
                Some(_) => return Err(Stop::PlainText),
                None => return Err(Stop::Quote),
            }
        }
    }

    #[inline]
    fn skip_escape(&mut self) -> Result<(), Stop> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => match self.bytes[self.at + 2..].first_chunk::<4>() {
                Some(hex) if hex.iter().all(u8::is_ascii_hexdigit) => self.at += 6,
                _ => return Err(Stop::Hex),
            },
            _ => return Err(Stop::Escape),
        }
        Ok(())
    }

    fn skip_number(&mut self) -> Result<(), Stop> {
        self.eat(b'-');
        if !self.eat(b'0') {
            self.skip_digits()?;
        }
        if self.eat(b'.') {
            self.skip_digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.skip_digits()?;
        }
        Ok(())
    }

    fn skip_digits(&mut self) -> Result<(), Stop> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(Stop::Digit);
        }
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        Ok(())
    }

    fn skip_literal(&mut self, literal: &'static [u8]) -> Result<(), Stop> {
        if !self.bytes[self.at..].starts_with(literal) {
            return Err(Stop::Literal);
        }
        self.at += literal.len();
        Ok(())
    }
}

#[cfg(test)]
#[path = "tests/json.rs"]
mod tests;
