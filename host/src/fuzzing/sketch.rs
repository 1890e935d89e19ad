//! What both dialects promise of the arbiter's quick readings: they find what a whole reading finds.

use bytes::Bytes;

use crate::protocol::{Dialect, Envelope, Message};

/// So many beginnings of a message are looked at.
const BEGINNINGS_MAX: usize = 256;

/// What a whole reading of a request has found.
pub(super) struct Expected {
    pub(super) id: String,
    pub(super) app_path: String,
    /// Whether there is a timeout of the client's own.
    pub(super) timeout: bool,
    pub(super) multiplex: bool,
}

/// Checks the readings of a sound request.
pub(super) fn check(dialect: Dialect, frame: &Bytes, expected: &Expected) {
    match dialect.read_envelope(frame) {
        Ok(Message::Request(Envelope {
            id,
            app_path,
            timeout,
            multiplex,
        })) => {
            assert_eq!(id.as_str(), expected.id);
            assert_eq!(app_path.as_str(), expected.app_path);
            assert_eq!(timeout.is_some(), expected.timeout);
            assert_eq!(multiplex, expected.multiplex);
        }
        other => panic!("the worker would serve it, but the arbiter finds {other:?}"),
    }
    for len in (0..=frame.len()).step_by(frame.len() / BEGINNINGS_MAX + 1) {
        let told = dialect.read_beginning(&frame.slice(..len));
        let id = told.id.as_str();
        assert!(id == "null" || id == expected.id, "{id} after {len} bytes");
        if let Some(app_path) = told.app_path {
            assert_eq!(app_path.as_str(), expected.app_path, "after {len} bytes");
        }
        if let Some(multiplex) = told.multiplex {
            assert_eq!(multiplex, expected.multiplex, "after {len} bytes");
        }
    }
}
