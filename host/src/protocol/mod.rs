//! What travels between clients and the host: frames, envelopes, replies and errors as bytes.
//!
//! Everything here is a pure function over buffers: no sockets, no clock, no processes. It routes
//! and checks messages. In the JSON dialect it does not convert the values inside them: arguments,
//! results and chunks stay the JSON text that somebody wrote, so that integers of any length come
//! through exactly; only binaries, and objects that look like them, are written in another way
//! (`client_values`). In the binary dialect (`gd`) values are converted to and from that text.

mod app_value;
mod buffer;
mod client_values;
mod control;
mod dialect;
mod dollars;
mod envelope;
mod error;
mod escape;
mod fields;
mod frame;
mod gd;
mod id;
mod intake;
mod json;
mod json_fault;
mod members;
mod nesting;
mod outcome;
mod outgoing;
mod plain_text;
mod reply;
mod request;
mod stash;
mod value;

pub use app_value::check_app_value;
pub use buffer::Buffer;
pub use control::{Command, Operation};
pub use dialect::Dialect;
pub use envelope::{Envelope, Message, Sketch, read_beginning, read_envelope};
pub(crate) use error::middle_cut;
pub use error::{ERROR_TEXT_BYTES_MAX, ErrorType, WireError};
pub use fields::{EnvelopeError, EnvelopeFault, TIMEOUT_MAX};
pub use frame::{FRAME_BYTES_MAX_DEFAULT, FrameError, begun_frame, bytes_wanted, decode_frame};
pub use gd::TlvError;
pub use id::{AppPath, ID_BYTES_MAX, RawId};
pub use intake::{BLOBS_MAX, IntakeFault};
pub use json::{DEPTH_MAX, ValueError, check_value};
pub use outcome::{AppOutcome, Outcome, Outcomes};
pub use outgoing::{
    ControlParts, RequestParts, StashParts, write_cancel, write_control, write_request,
    write_stash, write_status,
};
pub use reply::{
    Reply, ReplyBody, ReplyError, read_reply, write_chunk, write_end, write_error, write_response,
};
pub use request::{Request, read_request};
pub use stash::{StashOperation, StashRequest, StashValue};
pub use value::{Blobs, ReplyFault, ReplyValue};
