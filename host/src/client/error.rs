//! What can go wrong on the client's side of a call.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::protocol::{FrameError, ReplyError, WireError};

/// Why a call, or the connection under it, has failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody can be reached on the socket.
    #[error("cannot connect to the host on {}: {source}", path.display())]
    Connect {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The connection is closed: the call may or may not have been served. Connect anew.
    #[error("the connection to the host is closed: {0}")]
    Closed(Arc<Ending>),
    /// The host's answer is an error.
    #[error(transparent)]
    Remote(#[from] WireError),
    /// The request is above the frame limit; it was not sent.
    #[error("the request is too large: {0}")]
    TooLarge(#[from] FrameError),
    /// An argument cannot be written as JSON; the request was not sent.
    #[error("an argument cannot be written as JSON: {0}")]
    Encode(#[source] serde_json::Error),
    /// The result is of another shape than the caller expects.
    #[error("the result is not of the expected type: {0}")]
    Decode(#[source] serde_json::Error),
    /// The reply is a stream, where one result was asked for. The call has been cancelled.
    #[error("the app answered with a stream: use `send()` and read its chunks")]
    Stream,
}

/// How a connection ended.
#[derive(Debug, thiserror::Error)]
pub enum Ending {
    /// The host closed it.
    #[error("the host closed it")]
    Eof,
    /// Reading or writing failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The host sent what is no frame.
    #[error("the host broke the protocol: {0}")]
    Frame(#[from] FrameError),
    /// The host sent what is no reply.
    #[error(transparent)]
    Reply(#[from] ReplyError),
    /// The host answered something that it could not read.
    #[error("the host refused a message: {0}")]
    Refused(WireError),
}
