//! TLV to JSON text for apps, in one pass.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::Number;

use super::super::escape::{Escape, float_name};
use super::super::fields::EnvelopeFault;
use super::super::intake::Intake;
use super::super::plain_text::end_of_plain_text;
use super::cursor::{Cursor, Head, Scalar, TlvError};

/// What comes out: JSON text, and the binaries that it names by their index.
struct Json<'a, 'b> {
    text: String,
    intake: &'b mut Intake<'a>,
}

/// Room for what stands around a text: quotes, commas, brackets and the like.
const BESIDE_TEXT_BYTES: usize = 64;

/// A list or dict that is open.
struct Level {
    is_dict: bool,
    /// How many elements or pairs it has.
    count: u32,
    /// How many of them are still to come.
    left: u32,
}

/// Reads the value at the cursor, which must be at most `depth_max` deep, as JSON text. Its
/// binaries go to `intake`.
pub(super) fn read_json<'a>(
    cursor: &mut Cursor<'a>,
    depth_max: usize,
    intake: &mut Intake<'a>,
) -> Result<String, EnvelopeFault> {
    let mut json = Json {
        text: String::new(),
        intake,
    };
    json.read(cursor, depth_max)?;
    json.intake.check_text(json.text.len())?;
    Ok(json.text)
}

impl<'a> Json<'a, '_> {
    fn read(&mut self, cursor: &mut Cursor<'a>, depth_max: usize) -> Result<(), EnvelopeFault> {
        let mut open: Vec<Level> = Vec::new();
        loop {
            self.intake.check_text(self.text.len())?;
            let at = cursor.position();
            let (is_dict, count) = match cursor.head()? {
                Head::List(count) => (false, count),
                Head::Dict(count) => (true, count),
                Head::Scalar(scalar) => {
                    self.scalar(scalar, at)?;
                    if self.next(cursor, &mut open)? {
                        continue;
                    }
                    return Ok(());
                }
            };
            if open.len() == depth_max {
                return Err(TlvError::TooDeep { at }.into());
            }
            self.text.push(if is_dict { '{' } else { '[' });
            open.push(Level {
                is_dict,
                count,
                left: count,
            });
            if !self.next(cursor, &mut open)? {
                return Ok(());
            }
        }
    }

    /// Closes what ends here, and goes on to the next value. False if there is none.
    #[inline]
    fn next(&mut self, cursor: &mut Cursor<'a>, open: &mut Vec<Level>) -> Result<bool, TlvError> {
        while let Some(level) = open.last_mut() {
            if level.left == 0 {
                self.text.push(if level.is_dict { '}' } else { ']' });
                open.pop();
                continue;
            }
            if level.left < level.count {
                self.text.push(',');
            }
            level.left -= 1;
            if level.is_dict {
                self.key(cursor, level.count == 1)?;
            }
            return Ok(true);
        }
        Ok(false)
    }

    #[inline]
    fn key(&mut self, cursor: &mut Cursor<'a>, is_only: bool) -> Result<(), TlvError> {
        let at = cursor.position();
        let key = text(cursor.key()?, at)?;
        if is_only && Escape::of(key).is_some() {
            // Of dollars and letters, so it needs no escaping.
            self.push_all(&["\"$", key, "\":"]);
        } else {
            self.string(key);
            self.text.push(':');
        }
        Ok(())
    }

    #[inline]
    fn scalar(&mut self, scalar: Scalar<'a>, at: usize) -> Result<(), EnvelopeFault> {
        match scalar {
            Scalar::None => self.push_all(&["null"]),
            Scalar::Bool(true) => self.push_all(&["true"]),
            Scalar::Bool(false) => self.push_all(&["false"]),
            Scalar::Int(number) => self.number(&number.into()),
            Scalar::Float(number) => match Number::from_f64(number) {
                Some(number) => self.number(&number),
                None => self.push_all(&[r#"{"$float":""#, float_name(number), r#""}"#]),
            },
            Scalar::Bytes(bytes) => {
                let index = self.intake.push(Cow::Borrowed(bytes))?;
                write!(self.text, r#"{{"$blob":{index}}}"#).expect("memory takes everything");
            }
            Scalar::Text(bytes) => self.string(text(bytes, at)?),
        }
        Ok(())
    }

    fn number(&mut self, number: &Number) {
        write!(self.text, "{number}").expect("memory takes everything");
    }

    /// Writes a string: as it is from one byte to the next that has to be escaped.
    fn string(&mut self, text: &str) {
        // So that what follows a long one does not move it.
        self.text.reserve(text.len() + BESIDE_TEXT_BYTES);
        self.text.push('"');
        let mut done = 0;
        loop {
            let end = end_of_plain_text(text.as_bytes(), done);
            self.text.push_str(&text[done..end]);
            let Some(special) = text.as_bytes().get(end) else {
                break;
            };
            self.escape(*special);
            done = end + 1;
        }
        self.text.push('"');
    }

    fn escape(&mut self, special: u8) {
        let letter = match special {
            b'"' | b'\\' => special,
            0x08 => b'b',
            0x0c => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            control => {
                write!(self.text, "\\u{control:04x}").expect("memory takes everything");
                return;
            }
        };
        self.text.push('\\');
        self.text.push(char::from(letter));
    }

    fn push_all(&mut self, parts: &[&str]) {
        for part in parts {
            self.text.push_str(part);
        }
    }
}

/// The text of the string at `at`.
#[inline]
pub(super) fn text(bytes: &[u8], at: usize) -> Result<&str, TlvError> {
    simdutf8::basic::from_utf8(bytes).map_err(|_| TlvError::NotUtf8 { at })
}
