//! The binary dialect of gunicorn 25.1 and later, named for the "GD" that each of its frames begins
//! with: a header of 16 bytes, then one value in TLV (type, length, value), a dict.
//!
//! Unlike in the JSON dialect, values are converted here: apps speak JSON. It is done in one pass
//! between the bytes of the one and the text of the other, without a tree. What the messages mean
//! is for the modules around.

mod cursor;
mod envelope;
mod fields;
mod header;
mod reply;
mod request;
mod to_json;
mod to_tlv;

pub use cursor::TlvError;
pub(super) use envelope::{read_beginning, read_envelope, read_stash};
pub(super) use header::{MAGIC, begun_frame, bytes_wanted, decode_frame};
pub(super) use reply::{write_chunk, write_end, write_error, write_response};
pub(super) use request::read_request;

/// The types of values, as the byte that each begins with.
mod code {
    pub(super) const NONE: u8 = 0x00;
    pub(super) const BOOL: u8 = 0x01;
    pub(super) const INT64: u8 = 0x05;
    pub(super) const FLOAT64: u8 = 0x06;
    pub(super) const BYTES: u8 = 0x10;
    pub(super) const STRING: u8 = 0x11;
    pub(super) const LIST: u8 = 0x20;
    pub(super) const DICT: u8 = 0x21;
}

/// How many elements a list, and pairs a dict, may have: more is refused by the existing clients.
const ITEMS_MAX: u32 = 1 << 20;

#[cfg(test)]
#[path = "tests/mod.rs"]
mod tests;
