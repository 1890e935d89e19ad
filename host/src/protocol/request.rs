//! The worker's reading of a request: the authority on whether the whole frame is sound.
//!
//! What it hands out has been checked to the last byte, so that an app never sees text that is no
//! JSON. In the JSON dialect `args` and `kwargs` reach the app as the client wrote them, but for the
//! objects with a dollar that stand for binaries or could be taken for one.

use std::borrow::Cow;
use std::ops::Range;

use super::client_values::for_app;
use super::fields::{EnvelopeError, EnvelopeFault, Fields, Key, text_of};
use super::intake::Intake;

/// A request whose frame is sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'a> {
    /// The id's JSON text, `null` if the client sent none.
    pub id: Cow<'a, str>,
    /// The app's name.
    pub app_path: Cow<'a, str>,
    /// What the app is to do.
    pub action: Cow<'a, str>,
    /// A JSON array.
    pub args: Cow<'a, str>,
    /// A JSON object.
    pub kwargs: Cow<'a, str>,
    /// The binaries that args and kwargs name as `{"$blob": INDEX}`.
    pub blobs: Vec<Cow<'a, [u8]>>,
}

/// Reads and checks a whole request: UTF-8, one object at most
/// [`DEPTH_MAX`](super::DEPTH_MAX) deep, each field of the envelope once and of its type.
///
/// # Errors
/// Says what is wrong, with the id to answer under.
pub fn read_request(frame: &[u8]) -> Result<Request<'_>, EnvelopeError> {
    let mut fields = Fields::new(frame);
    fields
        .read_all()
        .and_then(|()| request(frame, &fields))
        .map_err(|fault| fields.refuse(fault))
}

fn request<'a>(frame: &'a [u8], fields: &Fields<'a>) -> Result<Request<'a>, EnvelopeFault> {
    let text = text_of(frame)?;
    let kind = fields.string(Key::Type)?;
    if kind != "request" {
        return Err(Fields::unknown_type(&kind));
    }
    // The arbiter has acted on these two; here they only need to be sound.
    fields.timeout()?;
    fields.multiplex()?;
    let args = fields.nested_span(Key::Args, b'[', "an array")?;
    let kwargs = fields.nested_span(Key::Kwargs, b'{', "an object")?;
    let mut intake = Intake::new();
    let mut json = |span: Option<Range<usize>>, absent| match span {
        Some(span) if fields.has_dollar_keys() => {
            for_app(&text[span.clone()], span.start, &mut intake)
        }
        Some(span) => Ok(Cow::Borrowed(&text[span])),
        None => Ok(Cow::Borrowed(absent)),
    };
    let (args, kwargs) = (json(args, "[]")?, json(kwargs, "{}")?);
    Ok(Request {
        id: Cow::Borrowed(fields.id()?.unwrap_or("null")),
        app_path: fields.string(Key::AppPath)?,
        action: fields.string(Key::Action)?,
        args,
        kwargs,
        blobs: intake.into_blobs(),
    })
}

#[cfg(test)]
#[path = "tests/request.rs"]
mod tests;
