//! The members of an envelope: where each lies in its frame, and what the small ones mean.
//!
//! Arbiter and worker read envelopes through this one module, so that they cannot disagree. It
//! does not decide which fields a message needs: `envelope` and `request` do.

use std::borrow::Cow;
use std::ops::Range;
use std::time::Duration;

use super::error::WireError;
use super::gd::TlvError;
use super::id::{ID_BYTES_MAX, RawId};
use super::intake::IntakeFault;
use super::json::{DEPTH_MAX, Scanner, StringSpan, ValueError};

/// The longest timeout that is told apart: a hundred years. It can be added to any clock's reading.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// How much of an unknown name an error repeats, in characters.
const NAME_CHARS_MAX: usize = 64;

/// A message that is refused, with the id to answer it under.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct EnvelopeError {
    /// The message's id, `null` where none was found.
    pub id: RawId,
    /// What is wrong.
    #[source]
    pub fault: EnvelopeFault,
}

impl EnvelopeError {
    /// The answer to the client that sent `frame`.
    pub fn to_wire(&self, frame: &[u8]) -> WireError {
        WireError::protocol(self.fault.to_string(), Some(frame))
    }
}

/// What is wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeFault {
    /// It is not one JSON object, or is too deep.
    #[error(transparent)]
    Json(#[from] ValueError),
    /// Some of its text is not UTF-8.
    #[error("a message must be UTF-8 text: the byte at {at} is not")]
    NotUtf8 {
        /// Offset in the frame.
        at: usize,
    },
    /// It is not one dict in TLV, or is too deep.
    #[error(transparent)]
    Tlv(#[from] TlvError),
    /// A value is too much.
    #[error(transparent)]
    Intake(#[from] IntakeFault),
    /// An object with the one key `$bytes` that is no binary.
    #[error(
        "`$bytes` at byte {at} must be a string of base64 (RFC 4648, with padding); an object of \
         your own with this key alone is written with `$$bytes`"
    )]
    NotBase64 {
        /// Offset of the object in the frame.
        at: usize,
    },
    /// A field that must be there is not.
    #[error("the message lacks `{key}`")]
    Missing {
        /// The field's name.
        key: &'static str,
    },
    /// A field of the envelope is there twice.
    #[error("the message has `{key}` twice: send it once")]
    Duplicate {
        /// The field's name.
        key: &'static str,
    },
    /// A field is of another type.
    #[error("`{key}` must be {expected}")]
    WrongType {
        /// The field's name.
        key: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// The id is above [`ID_BYTES_MAX`].
    #[error("`id` is {len} bytes long (max: {ID_BYTES_MAX})")]
    IdTooLong {
        /// Length of the id's JSON text in bytes.
        len: usize,
    },
    /// The name of an optional field is spelled with escapes, where the arbiter may overlook it.
    #[error("write the name `{key}` without escapes")]
    EscapedKey {
        /// The field's name.
        key: &'static str,
    },
    /// The message is of no type that a client may send.
    #[error(
        "Unknown message type: {name} (known: request, cancel, status, control, manage, stash)"
    )]
    UnknownType {
        /// What it calls itself, shortened.
        name: String,
    },
    /// The command is none that there is.
    #[error("Unknown operation: {name} (known: reload, restart, scale)")]
    UnknownOperation {
        /// What it calls itself, shortened.
        name: String,
    },
}

/// The envelope's fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Type,
    Id,
    AppPath,
    Action,
    Args,
    Kwargs,
    Timeout,
    Multiplex,
}

impl Key {
    pub(super) const COUNT: usize = Self::Multiplex as usize + 1;

    #[inline]
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"type" => Self::Type,
            b"id" => Self::Id,
            b"app_path" => Self::AppPath,
            b"action" => Self::Action,
            b"args" => Self::Args,
            b"kwargs" => Self::Kwargs,
            b"timeout" => Self::Timeout,
            b"multiplex" => Self::Multiplex,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Id => "id",
            Self::AppPath => "app_path",
            Self::Action => "action",
            Self::Args => "args",
            Self::Kwargs => "kwargs",
            Self::Timeout => "timeout",
            Self::Multiplex => "multiplex",
        }
    }

    pub(super) fn wrong_type(self, expected: &'static str) -> EnvelopeFault {
        let key = self.name();
        EnvelopeFault::WrongType { key, expected }
    }
}

/// Where the fields of the envelope in `frame` lie, as far as it has been read.
pub(super) struct Fields<'a> {
    frame: &'a [u8],
    spans: [Option<Range<usize>>; Key::COUNT],
    has_dollar_keys: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn new(frame: &'a [u8]) -> Self {
        Self {
            frame,
            spans: [const { None }; Key::COUNT],
            has_dollar_keys: false,
        }
    }

    /// Walks the whole frame, which must be one object that is at most [`DEPTH_MAX`] deep. On an
    /// error the fields before it have been noted. UTF-8 is not checked.
    pub(super) fn read_all(&mut self) -> Result<(), EnvelopeFault> {
        self.has_dollar_keys = walk(self.frame, |name, value| match self.resolve(name)? {
            Some(key) => self.note(key, value),
            None => Ok(()),
        })?;
        Ok(())
    }

    /// Whether any object in a member, once all have been read, has a key that begins with a
    /// dollar.
    pub(super) fn has_dollar_keys(&self) -> bool {
        self.has_dollar_keys
    }

    /// Notes where the value of `key` lies; a second one is refused.
    #[inline]
    pub(super) fn note(&mut self, key: Key, span: Range<usize>) -> Result<(), EnvelopeFault> {
        match &mut self.spans[key as usize] {
            Some(_) => Err(EnvelopeFault::Duplicate { key: key.name() }),
            vacant => {
                *vacant = Some(span);
                Ok(())
            }
        }
    }

    fn resolve(&self, name: &StringSpan) -> Result<Option<Key>, EnvelopeFault> {
        if !name.escaped {
            return Ok(Key::of(&self.frame[name.inner()]));
        }
        // A name that stands for no Unicode text is none of ours.
        let decoded = decode_text(&self.frame[name.span.clone()]);
        match decoded.and_then(|name| Key::of(name.as_bytes())) {
            Some(key @ (Key::Timeout | Key::Multiplex)) => {
                Err(EnvelopeFault::EscapedKey { key: key.name() })
            }
            key => Ok(key),
        }
    }

    #[inline]
    pub(super) fn span(&self, key: Key) -> Option<Range<usize>> {
        self.spans[key as usize].clone()
    }

    #[inline]
    pub(super) fn raw(&self, key: Key) -> Option<&'a [u8]> {
        self.span(key).map(|span| &self.frame[span])
    }

    /// The string at `key`, decoded.
    #[inline]
    pub(super) fn string(&self, key: Key) -> Result<Cow<'a, str>, EnvelopeFault> {
        let missing = EnvelopeFault::Missing { key: key.name() };
        let quoted = self.raw(key).ok_or(missing)?;
        if quoted.first() != Some(&b'"') {
            return Err(key.wrong_type("a string"));
        }
        decode_text(quoted).ok_or_else(|| key.wrong_type("a string of Unicode text"))
    }

    /// The id's JSON text; None if the message has none.
    #[inline]
    pub(super) fn id(&self) -> Result<Option<&'a str>, EnvelopeFault> {
        let Some(raw) = self.raw(Key::Id) else {
            return Ok(None);
        };
        if raw.len() > ID_BYTES_MAX {
            return Err(EnvelopeFault::IdTooLong { len: raw.len() });
        }
        match std::str::from_utf8(raw) {
            Ok(text) if !text.starts_with(['{', '[']) => Ok(Some(text)),
            _ => Err(Key::Id.wrong_type("a string of Unicode text, a number, a boolean or null")),
        }
    }

    /// The timeout that the client asks for.
    pub(super) fn timeout(&self) -> Result<Option<Duration>, EnvelopeFault> {
        let Some(raw) = self.raw(Key::Timeout) else {
            return Ok(None);
        };
        let seconds = std::str::from_utf8(raw)
            .ok()
            .and_then(|text| text.parse().ok());
        timeout_of(seconds).map(Some)
    }

    /// Whether the client matches replies to requests by their ids.
    pub(super) fn multiplex(&self) -> Result<bool, EnvelopeFault> {
        match self.raw(Key::Multiplex) {
            None | Some(b"false") => Ok(false),
            Some(b"true") => Ok(true),
            Some(_) => Err(Key::Multiplex.wrong_type("true or false")),
        }
    }

    /// The args or kwargs, whose first byte must be `bracket`; None if the message has none.
    pub(super) fn nested_span(
        &self,
        key: Key,
        bracket: u8,
        expected: &'static str,
    ) -> Result<Option<Range<usize>>, EnvelopeFault> {
        match self.span(key) {
            Some(span) if self.frame[span.start] != bracket => Err(key.wrong_type(expected)),
            span => Ok(span),
        }
    }

    /// The fault of a message whose type nobody knows.
    pub(super) fn unknown_type(name: &str) -> EnvelopeFault {
        EnvelopeFault::UnknownType {
            name: shortened(name),
        }
    }

    /// Wraps a fault for the client; the id is `null` where it is itself at fault.
    pub(super) fn refuse(&self, fault: EnvelopeFault) -> EnvelopeError {
        let id = self.id().ok().flatten();
        let id = id.map_or_else(RawId::null, RawId::copied_from);
        EnvelopeError { id, fault }
    }
}

/// The timeout of so many seconds; None stands for what is no number.
pub(super) fn timeout_of(seconds: Option<f64>) -> Result<Duration, EnvelopeFault> {
    seconds
        .and_then(positive_seconds)
        .ok_or_else(|| Key::Timeout.wrong_type("a number of seconds above 0"))
}

/// So many seconds, at most [`TIMEOUT_MAX`]; None where they are not above 0.
pub(super) fn positive_seconds(seconds: f64) -> Option<Duration> {
    if seconds.is_nan() || seconds <= 0.0 {
        return None;
    }
    let duration = Duration::try_from_secs_f64(seconds).unwrap_or(TIMEOUT_MAX);
    // Zero means no deadline elsewhere, so what rounds to it must stay above it.
    Some(duration.clamp(Duration::from_nanos(1), TIMEOUT_MAX))
}

/// A name that nobody knows, as far as an error repeats it.
pub(super) fn shortened(name: &str) -> String {
    name.chars().take(NAME_CHARS_MAX).collect()
}

/// Shows each member of the message in `frame`, which must be one object that is at most
/// [`DEPTH_MAX`] deep: its name, with quotes, and where its value lies. UTF-8 is not checked. Says
/// whether any object in its members has a key that begins with a dollar.
pub(super) fn walk(
    frame: &[u8],
    mut visit: impl FnMut(&StringSpan, Range<usize>) -> Result<(), EnvelopeFault>,
) -> Result<bool, EnvelopeFault> {
    let mut scanner = Scanner::new(frame);
    let mut more = scanner.checked(Scanner::enter_object)?;
    while more {
        let name = scanner.checked(Scanner::skip_key)?;
        let value = scanner.checked(|scanner| scanner.skip_value(DEPTH_MAX - 1))?;
        visit(&name, value)?;
        more = scanner.checked(Scanner::next_member)?;
    }
    scanner.checked(Scanner::skip_end)?;
    Ok(scanner.has_met_dollar())
}

/// The text of a whole frame. Most of it may be one long string, hence the vector instructions.
pub(super) fn text_of(frame: &[u8]) -> Result<&str, EnvelopeFault> {
    simdutf8::compat::from_utf8(frame).map_err(|error| EnvelopeFault::NotUtf8 {
        at: error.valid_up_to(),
    })
}

/// The text of a JSON string; None if it is something else, or no Unicode text.
#[inline]
pub(super) fn decode_text(quoted: &[u8]) -> Option<Cow<'_, str>> {
    let [b'"', text @ .., _] = quoted else {
        return None;
    };
    if memchr::memchr(b'\\', text).is_some() {
        serde_json::from_slice(quoted).ok().map(Cow::Owned)
    } else {
        std::str::from_utf8(text).ok().map(Cow::Borrowed)
    }
}
