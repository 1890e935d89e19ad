//! Values on their way to a client: JSON text, and the binaries that it may name.

use super::frame::FrameError;
use super::json::ValueError;

/// A result or a chunk that is to be written. Text alone is what the host itself says.
#[derive(Clone, Copy)]
pub enum ReplyValue<'a> {
    /// JSON text of the host's own, which means nothing but what it says.
    Plain(&'a str),
    /// What an app says, unseen: it is checked as it is written, else as [`App`](Self::App).
    Unchecked {
        /// The text.
        json: &'a str,
        /// The binaries that it may name.
        blobs: &'a dyn Blobs,
    },
    /// JSON text of an app or of the stash that has been checked, in which `{"$blob": INDEX}` and
    /// `{"$float": NAME}` stand for what JSON has no words for.
    App {
        /// The text.
        json: &'a str,
        /// The binaries that it may name.
        blobs: &'a dyn Blobs,
    },
}

impl<'a> ReplyValue<'a> {
    /// The text.
    pub fn json(self) -> &'a str {
        match self {
            Self::Plain(json) | Self::Unchecked { json, .. } | Self::App { json, .. } => json,
        }
    }
}

impl<'a> From<&'a str> for ReplyValue<'a> {
    fn from(json: &'a str) -> Self {
        Self::Plain(json)
    }
}

impl<'a> From<&'a String> for ReplyValue<'a> {
    fn from(json: &'a String) -> Self {
        Self::Plain(json)
    }
}

/// The binaries of a call, by their index.
pub trait Blobs {
    /// The binary of this index; None if there is none.
    fn blob(&self, index: usize) -> Option<&[u8]>;
}

impl<T: AsRef<[u8]>> Blobs for Vec<T> {
    fn blob(&self, index: usize) -> Option<&[u8]> {
        self.get(index).map(AsRef::as_ref)
    }
}

/// No binaries.
impl Blobs for () {
    fn blob(&self, _index: usize) -> Option<&[u8]> {
        None
    }
}

/// Why a value cannot be sent to a client. Nothing of it has been written; tell the client that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyFault {
    /// It is too large.
    #[error("it does not fit into a frame: {0}")]
    Frame(#[from] FrameError),
    /// It is no JSON, or too deep.
    #[error(transparent)]
    Json(#[from] ValueError),
    /// The client's dialect has integers of 64 bits.
    #[error(
        "the integer {digits} does not fit into 64 bits, and this client's protocol has none \
         longer: send it as a string or a float"
    )]
    IntegerTooLong {
        /// The integer, shortened.
        digits: String,
    },
    /// The client's dialect has strings of Unicode text.
    #[error("the string {quoted} has half a surrogate pair, which is no Unicode text")]
    NoUnicode {
        /// The string as it stands in the JSON text, shortened.
        quoted: String,
    },
    /// The client's dialect limits lists and dicts.
    #[error("a list or dict has more than {max} items: send it in parts")]
    TooManyItems {
        /// The limit.
        max: u32,
    },
    /// A binary that does not exist.
    #[error("`$blob` is {index}, which names no binary")]
    NoSuchBlob {
        /// What should be an index, as it stands in the JSON text, shortened.
        index: String,
    },
    /// A number that does not exist.
    #[error("`$float` is {name}, which must be \"nan\", \"inf\" or \"-inf\"")]
    NoSuchFloat {
        /// What should be a name, as it stands in the JSON text, shortened.
        name: String,
    },
}
