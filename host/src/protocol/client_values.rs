//! Values between the text of clients of the JSON dialect and that of apps, which differ in a few
//! objects only: `{"$bytes": BASE64}` for the one is `{"$blob": INDEX}` for the other, and what could
//! be taken for either has a dollar more there.
//!
//! Whatever is not such an object is passed on as it was written, and a text without any is not
//! copied.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::buffer::Buffer;
use super::dollars::{Changes, Piece, Turn, may_have_dollar_keys};
use super::escape::{ClientEscape, Escape};
use super::fields::{EnvelopeFault, decode_text, shortened};
use super::frame::{FrameError, check_length_max};
use super::intake::Intake;
use super::value::{Blobs, ReplyFault};

/// A client's value, which begins at `at` in its frame, as apps read it. Its binaries go to `intake`.
pub(super) fn for_app<'a>(
    text: &'a str,
    at: usize,
    intake: &mut Intake<'a>,
) -> Result<Cow<'a, str>, EnvelopeFault> {
    let changes = match may_have_dollar_keys(text) {
        true => Some(Changes::find(text, towards_app)?),
        false => None,
    };
    let Some(changes) = changes.filter(|changes| !changes.is_empty()) else {
        intake.check_text(text.len())?;
        return Ok(Cow::Borrowed(text));
    };
    let mut json = String::new();
    changes.try_for_each(|piece| {
        match piece {
            Piece::Text(text) => json.push_str(text),
            Piece::Object(object) => {
                let fault = EnvelopeFault::NotBase64 {
                    at: at + object.start,
                };
                let blob = decoded(changes.only_value(object)).ok_or(fault)?;
                let index = intake.push(Cow::Owned(blob))?;
                json.push_str(&format!(r#"{{"$blob":{index}}}"#));
            }
        }
        intake.check_text(json.len())?;
        Ok::<_, EnvelopeFault>(())
    })?;
    Ok(Cow::Owned(json))
}

/// Appends an app's value as clients read it to the payload that begins at `payload_at` in `out`. It
/// is an error if the payload gets longer than `payload_bytes_max`; on an error, what has been
/// appended is without meaning.
pub(super) fn append_for_client(
    out: &mut impl Buffer,
    json: &str,
    blobs: &dyn Blobs,
    payload_at: usize,
    payload_bytes_max: usize,
) -> Result<(), ReplyFault> {
    if !may_have_dollar_keys(json) {
        out.extend_from_slice(json.as_bytes());
        return Ok(());
    }
    // Before each piece is copied, because many objects may name one large binary.
    let check_length = |out: &[u8], more: usize| -> Result<(), FrameError> {
        check_length_max(out.len() - payload_at + more, payload_bytes_max).map(drop)
    };
    let changes = Changes::find(json, towards_client)?;
    changes.try_for_each(|piece| {
        match piece {
            Piece::Text(text) => {
                check_length(out, text.len())?;
                out.extend_from_slice(text.as_bytes());
            }
            Piece::Object(object) => {
                let index = changes.only_value(object);
                let blob = named_blob(index, blobs)?;
                let len = base64::encoded_len(blob.len(), true).unwrap_or(usize::MAX / 2);
                check_length(out, BYTES_BEGIN.len() + len + BYTES_END.len())?;
                append_bytes(out, blob, len);
            }
        }
        Ok(())
    })
}

fn towards_app(key: &str) -> Option<Turn> {
    match ClientEscape::of(key) {
        Some(ClientEscape::Bytes) => Some(Turn::Replace),
        Some(ClientEscape::Literal) => Some(Turn::DropDollar),
        None => Escape::of(key).map(|_| Turn::AddDollar),
    }
}

fn towards_client(key: &str) -> Option<Turn> {
    match Escape::of(key) {
        Some(Escape::Blob) => Some(Turn::Replace),
        // Clients get such a number as apps write it: JSON has no other word for it.
        Some(Escape::Float) => None,
        Some(Escape::Literal) => Some(Turn::DropDollar),
        None => ClientEscape::of(key).map(|_| Turn::AddDollar),
    }
}

/// The bytes of a JSON string of base64.
fn decoded(quoted: &str) -> Option<Vec<u8>> {
    // Some languages escape the slashes in it.
    let base64 = decode_text(quoted.as_bytes())?;
    STANDARD.decode(base64.as_bytes()).ok()
}

/// The binary whose index stands in an app's text.
pub(super) fn named_blob<'a>(index: &str, blobs: &'a dyn Blobs) -> Result<&'a [u8], ReplyFault> {
    let number = index.parse::<i64>().ok();
    let number = number.and_then(|number| usize::try_from(number).ok());
    number
        .and_then(|number| blobs.blob(number))
        .ok_or_else(|| ReplyFault::NoSuchBlob {
            index: shortened(index),
        })
}

const BYTES_BEGIN: &[u8] = br#"{"$bytes":""#;
const BYTES_END: &[u8] = br#""}"#;

/// Appends a binary, which takes `len` bytes in base64.
fn append_bytes(out: &mut impl Buffer, blob: &[u8], len: usize) {
    out.extend_from_slice(BYTES_BEGIN);
    let start = out.len();
    out.resize(start + len, 0);
    STANDARD
        .encode_slice(blob, &mut out[start..])
        .expect("there is as much room as it takes");
    out.extend_from_slice(BYTES_END);
}

#[cfg(test)]
#[path = "tests/client_values.rs"]
mod tests;
