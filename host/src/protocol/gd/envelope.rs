//! What the arbiter reads of a message in the binary dialect: enough to route it, in a time that
//! hardly depends on the size of its arguments. It does not vouch for the rest of the frame:
//! `request` does, in the worker.

use std::borrow::Cow;
use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::Finder;

use super::super::control::read_manage;
use super::super::envelope::{Envelope, Message, Sketch};
use super::super::fields::{EnvelopeError, EnvelopeFault, Key};
use super::super::id::{AppPath, RawId};
use super::super::intake::Intake;
use super::super::json::DEPTH_MAX;
use super::super::members::{Member, Members};
use super::super::stash::{self, StashRequest, StashValue};
use super::cursor::{Cursor, Head, Scalar};
use super::fields::{Fields, enter};
use super::header::{Header, Kind};
use super::to_json::{read_json, text};

/// So many values are moved over before it is asked whether anything of interest may follow.
const SKIPPED_VALUES_MAX: usize = 1024;

/// Reads the envelope of the message in `frame`, which [`decode_frame`](super::decode_frame) has
/// cut off.
///
/// # Errors
/// The message is malformed as far as it was read, or of a type that clients do not send.
pub(in super::super) fn read_envelope(frame: &Bytes) -> Result<Message, EnvelopeError> {
    let header = Header::of_frame(frame)?;
    let id = RawId::from(header.id);
    message(frame, header.kind, &id).map_err(|fault| EnvelopeError { id, fault })
}

/// Reads what can be told of a message of which only the beginning is there.
pub(in super::super) fn read_beginning(beginning: &Bytes) -> Sketch {
    let mut fields = Fields::new();
    // That it ends somewhere is no news.
    let _ = scan(beginning, &mut fields, is_complete);
    let header = Header::read(beginning).ok().flatten();
    Sketch {
        id: header.map_or_else(RawId::null, |header| RawId::from(header.id)),
        app_path: app_path(beginning, &fields).ok(),
        multiplex: match fields.has(Key::Multiplex) {
            true => fields.multiplex().ok(),
            false => None,
        },
    }
}

fn message(frame: &Bytes, kind: Kind, id: &RawId) -> Result<Message, EnvelopeFault> {
    match kind {
        Kind::Request => request(frame, id),
        Kind::Status => Ok(Message::Status { id: id.clone() }),
        Kind::Manage => Ok(Message::Control {
            id: id.clone(),
            command: read_manage(&read_members(frame)?)?,
        }),
        Kind::Stash => Ok(Message::Stash { id: id.clone() }),
        Kind::Response | Kind::Error | Kind::Chunk | Kind::End => Err(EnvelopeFault::UnknownType {
            name: kind.name().to_owned(),
        }),
    }
}

fn request(frame: &Bytes, id: &RawId) -> Result<Message, EnvelopeFault> {
    let mut fields = Fields::new();
    scan(frame, &mut fields, is_complete)?;
    Ok(Message::Request(Envelope {
        id: id.clone(),
        app_path: app_path(frame, &fields)?,
        timeout: fields.timeout()?,
        multiplex: fields.multiplex()?,
    }))
}

fn app_path(frame: &Bytes, fields: &Fields<'_>) -> Result<AppPath, EnvelopeFault> {
    Ok(AppPath::from_frame(frame, fields.string(Key::AppPath)?))
}

/// Notes the members of the dict in `frame`, until `is_complete` says that none of interest is in
/// what is left. On an error those before it have been noted.
///
/// That is asked once only. It costs a search of all that is left: asked after each large member, a
/// frame with many of them would cost the square of its length.
fn scan<'a>(
    frame: &'a [u8],
    fields: &mut Fields<'a>,
    mut is_complete: impl FnMut(&Fields<'a>, &[u8]) -> bool,
) -> Result<(), EnvelopeFault> {
    let mut cursor = Cursor::at_payload(frame);
    let mut is_asked = false;
    for _ in 0..enter(&mut cursor)? {
        let (_, found) = fields.read_member(&mut cursor)?;
        let left = cursor.skip(found.head.inner_values(), SKIPPED_VALUES_MAX)?;
        if left > 0 {
            if fields.has(Key::AppPath) && !is_asked {
                if is_complete(fields, cursor.rest()) {
                    return Ok(());
                }
                is_asked = true;
            }
            cursor.skip(left, usize::MAX)?;
        }
    }
    Ok(cursor.end()?)
}

/// Whether `fields` is all that would be found, too, if `rest` were read.
fn is_complete(fields: &Fields<'_>, rest: &[u8]) -> bool {
    static TIMEOUT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\x07timeout"));
    static MULTIPLEX: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\x09multiplex"));
    // With the last byte of its length before it, a name hardly ever occurs as a part of a text.
    (fields.has(Key::Timeout) || TIMEOUT.find(rest).is_none())
        && (fields.has(Key::Multiplex) || MULTIPLEX.find(rest).is_none())
}

/// The fields of a message that is no request.
fn read_members(frame: &[u8]) -> Result<Members<'_>, EnvelopeFault> {
    let mut members = Members::new();
    let mut cursor = Cursor::at_payload(frame);
    for _ in 0..enter(&mut cursor)? {
        let name_at = cursor.position();
        let name = text(cursor.key()?, name_at)?;
        let at = cursor.position();
        let head = cursor.head()?;
        cursor.skip(head.inner_values(), usize::MAX)?;
        let member = match head {
            Head::Scalar(Scalar::Text(bytes)) => Member::Text(Cow::Borrowed(text(bytes, at)?)),
            Head::Scalar(Scalar::Int(number)) => Member::Integer(number),
            Head::Scalar(Scalar::Float(number)) => Member::Float(number),
            _ => Member::Other,
        };
        members.note(name, member, at..cursor.position())?;
    }
    cursor.end()?;
    Ok(members)
}

/// See [`Dialect::read_stash`](super::super::Dialect::read_stash).
pub(in super::super) fn read_stash(
    frame: &[u8],
    value_bytes_max: usize,
) -> Result<StashRequest, EnvelopeFault> {
    stash::read_stash(&read_members(frame)?, |span| {
        let mut intake = Intake::with_bytes_max(value_bytes_max);
        let mut cursor = Cursor::at(frame, span.start);
        let json = read_json(&mut cursor, DEPTH_MAX - 1, &mut intake)?;
        Ok(StashValue::new(json, intake.into_blobs()))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::ITEMS_MAX;
    use super::*;

    /// A string, or a list of so many `None`.
    fn text(text: &str) -> Vec<u8> {
        let len = text.len() as u32;
        [&[0x11][..], &len.to_be_bytes(), text.as_bytes()].concat()
    }

    fn list(len: u32) -> Vec<u8> {
        assert!(len <= ITEMS_MAX);
        [&[0x20][..], &len.to_be_bytes(), &vec![0; len as usize]].concat()
    }

    fn dict(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let count = members.len() as u32;
        let pairs = members
            .iter()
            .flat_map(|(name, value)| [text(name), value.clone()]);
        let pairs: Vec<_> = pairs.flatten().collect();
        let header = [0; 16];
        [&header[..], &[0x21], &count.to_be_bytes(), &pairs].concat()
    }

    #[test]
    fn what_is_left_of_a_frame_is_searched_once_however_many_large_members_it_has() {
        let names: Vec<_> = (0..500).map(|number| number.to_string()).collect();
        let mut members = vec![("app_path", text("demo"))];
        members.extend(names.iter().map(|name| (&**name, list(1025))));
        // Not members, but what the search takes for them: it never says that none follow.
        members.push(("late", text("\x09multiplex\x07timeout")));
        let frame = dict(&members);
        let mut searched = 0;
        scan(&frame, &mut Fields::new(), |fields, rest| {
            searched += rest.len();
            is_complete(fields, rest)
        })
        .unwrap();
        assert!(searched > 0 && searched < frame.len(), "{searched} bytes");
    }
}
