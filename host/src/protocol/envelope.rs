//! What the arbiter reads of a client's message in the JSON dialect: enough to route it, in a time that does not
//! depend on the size of its arguments where the fields come in the order in which clients send
//! them.
//!
//! It does not vouch for the rest of the frame: `request` does, in the worker.

use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use memchr::memmem::Finder;

use super::control::{Command, read_control, read_manage};
use super::fields::{EnvelopeError, EnvelopeFault, Fields, Key};
use super::id::{AppPath, RawId};
use super::json::Scanner;
use super::members::Members;

/// A client's message, as far as the arbiter reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A call for an app.
    Request(Envelope),
    /// The client no longer waits for the call with this id.
    Cancel {
        /// The id of the call.
        id: RawId,
    },
    /// The client asks for the host's status.
    Status {
        /// The id to answer under.
        id: RawId,
    },
    /// The client tells the host to do something.
    Control {
        /// The id to answer under.
        id: RawId,
        /// What.
        command: Command,
    },
    /// The client uses the shared tables. What it wants of them is read when its turn has come, by
    /// [`Dialect::read_stash`](super::Dialect::read_stash): until then its frame is all that it takes.
    Stash {
        /// The id to answer under.
        id: RawId,
    },
}

/// What the arbiter needs to know of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The id to answer under.
    pub id: RawId,
    /// The app's name.
    pub app_path: AppPath,
    /// The client's own limit, above zero and at most [`TIMEOUT_MAX`](super::TIMEOUT_MAX). It may
    /// only shorten the app's.
    pub timeout: Option<Duration>,
    /// Whether the client may have several calls in flight on its connection and tells their
    /// replies apart by id.
    pub multiplex: bool,
}

/// What the beginning of a message tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    /// The id to answer under; `null` if it was not found.
    pub id: RawId,
    /// The app's name, if it was found.
    pub app_path: Option<AppPath>,
    /// What the message says of it, if that was found.
    pub multiplex: Option<bool>,
}

/// Reads what can be told of a message of which only the beginning is there: the fields before its
/// arguments.
pub fn read_beginning(beginning: &Bytes) -> Sketch {
    let mut fields = Fields::new(beginning);
    scan_scalars(beginning, &mut fields);
    Sketch {
        id: id(beginning, &fields).unwrap_or_else(|_| RawId::null()),
        app_path: app_path(beginning, &fields).ok(),
        multiplex: fields
            .span(Key::Multiplex)
            .and_then(|_| fields.multiplex().ok()),
    }
}

/// Reads the envelope of the message in `frame`.
///
/// The frame's `args` and `kwargs` are not looked at if the fields come in the usual order, so a
/// request that this function takes may still be refused by [`read_request`](super::read_request).
///
/// # Errors
/// The envelope is malformed as far as it was read, or the message is of a type that is none of
/// [`Message`]'s.
pub fn read_envelope(frame: &Bytes) -> Result<Message, EnvelopeError> {
    let mut fields = Fields::new(frame);
    if scan_prefix(frame, &mut fields).is_some() {
        request(frame, &fields).map_err(|fault| fields.refuse(fault))
    } else {
        read_envelope_whole(frame)
    }
}

/// The same, walking the whole frame.
pub(super) fn read_envelope_whole(frame: &Bytes) -> Result<Message, EnvelopeError> {
    let mut fields = Fields::new(frame);
    fields
        .read_all()
        .and_then(|()| message(frame, &fields))
        .map_err(|fault| fields.refuse(fault))
}

/// Reads the scalar fields before the first array or object. None if that does not yield a
/// request's envelope for certain; then the whole frame must be walked.
fn scan_prefix(frame: &[u8], fields: &mut Fields<'_>) -> Option<()> {
    let (key, start) = scan_scalars(frame, fields)?;
    let usual = matches!(key, Some(Key::Args | Key::Kwargs));
    (usual && is_complete(fields, &frame[start..])).then_some(())
}

/// Notes the scalar fields before the first array or object, and returns the name and the position
/// of that. None if it does not get as far; the fields until there have been noted.
fn scan_scalars(frame: &[u8], fields: &mut Fields<'_>) -> Option<(Option<Key>, usize)> {
    let mut scanner = Scanner::new(frame);
    let mut more = scanner.enter_object().ok()?;
    while more {
        let name = scanner.skip_key().ok()?;
        if name.escaped {
            return None;
        }
        let key = Key::of(&frame[name.inner()]);
        let start = scanner.position();
        if let Some(b'{' | b'[') = scanner.peek() {
            return Some((key, start));
        }
        scanner.skip_scalar().ok()?;
        let value = start..scanner.position();
        // At the end of a beginning a number may go on: only what follows it shows that it is whole.
        more = scanner.next_member().ok()?;
        if let Some(key) = key {
            fields.note(key, value).ok()?;
        }
    }
    None
}

/// Whether `fields` is all that the arbiter would find, too, if it read on into `rest`.
fn is_complete(fields: &Fields<'_>, rest: &[u8]) -> bool {
    static TIMEOUT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""timeout""#));
    static MULTIPLEX: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""multiplex""#));
    fields.raw(Key::Type) == Some(br#""request""#)
        && fields.span(Key::Id).is_some()
        && fields.span(Key::AppPath).is_some()
        && (fields.span(Key::Timeout).is_some() || !occurs_as_key(&TIMEOUT, rest))
        && (fields.span(Key::Multiplex).is_some() || !occurs_as_key(&MULTIPLEX, rest))
}

/// Whether a quoted name stands before a colon somewhere in `text`, at whatever depth.
fn occurs_as_key(quoted_name: &Finder<'_>, text: &[u8]) -> bool {
    quoted_name.find_iter(text).any(|at| {
        let mut after = Scanner::new(&text[at + quoted_name.needle().len()..]);
        after.skip_whitespace();
        after.eat(b':')
    })
}

fn message(frame: &Bytes, fields: &Fields<'_>) -> Result<Message, EnvelopeFault> {
    match fields.string(Key::Type)?.as_ref() {
        "request" => request(frame, fields),
        "cancel" => Ok(Message::Cancel {
            id: id(frame, fields)?,
        }),
        "status" => Ok(Message::Status {
            id: id(frame, fields)?,
        }),
        "control" => Ok(Message::Control {
            id: id(frame, fields)?,
            command: read_control(&Members::read_json(frame)?)?,
        }),
        "manage" => Ok(Message::Control {
            id: id(frame, fields)?,
            command: read_manage(&Members::read_json(frame)?)?,
        }),
        "stash" => Ok(Message::Stash {
            id: id(frame, fields)?,
        }),
        unknown => Err(Fields::unknown_type(unknown)),
    }
}

fn request(frame: &Bytes, fields: &Fields<'_>) -> Result<Message, EnvelopeFault> {
    Ok(Message::Request(Envelope {
        id: id(frame, fields)?,
        app_path: app_path(frame, fields)?,
        timeout: fields.timeout()?,
        multiplex: fields.multiplex()?,
    }))
}

fn id(frame: &Bytes, fields: &Fields<'_>) -> Result<RawId, EnvelopeFault> {
    let id = fields.id()?;
    Ok(id.map_or_else(RawId::null, |id| RawId::from_frame(frame, id)))
}

fn app_path(frame: &Bytes, fields: &Fields<'_>) -> Result<AppPath, EnvelopeFault> {
    Ok(match fields.string(Key::AppPath)? {
        Cow::Borrowed(name) => AppPath::from_frame(frame, name),
        Cow::Owned(name) => AppPath::from(name),
    })
}

#[cfg(test)]
#[path = "tests/envelope.rs"]
mod tests;
