//! The worker's reading of a request in the binary dialect: the authority on whether the frame is
//! sound, and where its arguments become the app's JSON.

use std::borrow::Cow;

use super::super::fields::{EnvelopeError, EnvelopeFault, Key};
use super::super::id::RawId;
use super::super::intake::Intake;
use super::super::json::DEPTH_MAX;
use super::super::request::Request;
use super::cursor::Cursor;
use super::fields::{Fields, enter};
use super::header::{Header, Kind};
use super::to_json::read_json;

/// Reads and checks a whole request: one dict at most [`DEPTH_MAX`] deep, each field of the envelope
/// once and of its type.
///
/// # Errors
/// Says what is wrong, with the id to answer under.
pub(in super::super) fn read_request(frame: &[u8]) -> Result<Request<'_>, EnvelopeError> {
    let header = Header::of_frame(frame)?;
    request(frame, header).map_err(|fault| EnvelopeError {
        id: RawId::from(header.id),
        fault,
    })
}

fn request(frame: &[u8], header: Header) -> Result<Request<'_>, EnvelopeFault> {
    if header.kind != Kind::Request {
        let name = header.kind.name().to_owned();
        return Err(EnvelopeFault::UnknownType { name });
    }
    let fields = read_fields(frame)?;
    // The arbiter has acted on these two; here they only need to be sound.
    fields.timeout()?;
    fields.multiplex()?;
    let mut intake = Intake::new();
    let mut json = |at: Option<usize>, absent| match at {
        Some(at) => {
            let mut cursor = Cursor::at(frame, at);
            read_json(&mut cursor, DEPTH_MAX - 1, &mut intake).map(Cow::Owned)
        }
        None => Ok::<_, EnvelopeFault>(Cow::Borrowed(absent)),
    };
    let args = json(fields.list(Key::Args)?, "[]")?;
    let kwargs = json(fields.dict(Key::Kwargs)?, "{}")?;
    Ok(Request {
        id: Cow::Owned(header.id.to_string()),
        app_path: Cow::Borrowed(fields.string(Key::AppPath)?),
        action: Cow::Borrowed(fields.string(Key::Action)?),
        args,
        kwargs,
        blobs: intake.into_blobs(),
    })
}

fn read_fields(frame: &[u8]) -> Result<Fields<'_>, EnvelopeFault> {
    let mut fields = Fields::new();
    let mut cursor = Cursor::at_payload(frame);
    for _ in 0..enter(&mut cursor)? {
        let (key, found) = fields.read_member(&mut cursor)?;
        cursor.skip(found.head.inner_values(), usize::MAX)?;
        if key.is_none() {
            // It means nothing, but has to be sound.
            let mut unknown = Cursor::at(frame, found.at);
            read_json(&mut unknown, DEPTH_MAX - 1, &mut Intake::new())?;
        }
    }
    cursor.end()?;
    Ok(fields)
}
