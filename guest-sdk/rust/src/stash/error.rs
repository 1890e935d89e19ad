//! Why a use of the stash came to nothing.

use std::fmt;

/// Why nothing was done. Each but [`Decode`](Self::Decode) carries the host's line for humans.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StashError {
    /// A table's name, a key or a pattern is over its limit.
    TooLong(String),
    /// A limit of the host's configuration is reached.
    Full(String),
    /// What should be added to is no integer of 64 bits, or the sum would be none.
    NotAnInteger(String),
    /// The value is no JSON, or too deep.
    Malformed(String),
    /// What is put or asked for does not fit into one message.
    TooLarge(String),
    /// The host is about to end.
    Unavailable(String),
    /// The value is there, and of another type.
    Decode(String),
}

impl StashError {
    pub(super) fn decode(error: &serde_json::Error) -> Self {
        Self::Decode(crate::args::without_position(error))
    }
}

impl fmt::Display for StashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong(message)
            | Self::Full(message)
            | Self::NotAnInteger(message)
            | Self::Malformed(message)
            | Self::TooLarge(message)
            | Self::Unavailable(message)
            | Self::Decode(message) => message,
        })
    }
}

impl std::error::Error for StashError {}
