//! How long the texts in messages may be, so that every message fits through the hop: what is
//! longer is cut where it is sent.

use super::Failure;
use crate::protocol::{ERROR_TEXT_BYTES_MAX, middle_cut};

/// The largest piece of a line for the log.
pub(crate) const LOG_LINE_BYTES_MAX: usize = 8 << 10;

/// A failure's texts together.
const FAILURE_TEXT_BYTES_MAX: usize = 32 << 10;

/// What JSON makes of a control character: `\u0001`.
const ESCAPED_BYTES_MAX: usize = 6;

/// What surrounds the texts of an error or a failure: names of fields, numbers, a client's id.
const ENVELOPE_BYTES_MAX: usize = 8 << 10;

/// What a payload may be longer than the largest client frame. An error is cut to a length of its
/// own, which may be above a small frame's, and so is a failure.
const PAYLOAD_SLACK_BYTES: usize = ESCAPED_BYTES_MAX * ERROR_TEXT_BYTES_MAX + ENVELOPE_BYTES_MAX;

/// The longest payload where client frames may have this length.
pub(crate) fn payload_bytes_max(frame_bytes_max: usize) -> usize {
    frame_bytes_max + PAYLOAD_SLACK_BYTES
}

const _: () = assert!(FAILURE_TEXT_BYTES_MAX <= ERROR_TEXT_BYTES_MAX);
const _: () = assert!(LOG_LINE_BYTES_MAX <= PAYLOAD_SLACK_BYTES);

/// A line for the log in pieces of at most [`LOG_LINE_BYTES_MAX`]; an empty line is one piece.
pub(crate) fn log_pieces(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest?;
        let (piece, more) = line.split_at(line.floor_char_boundary(LOG_LINE_BYTES_MAX));
        rest = (!more.is_empty()).then_some(more);
        Some(piece)
    })
}

impl Failure {
    /// The same failure with texts that fit: long ones keep their beginning and their end.
    pub(super) fn cut(&self) -> Failure {
        let message = middle_cut(&self.message, FAILURE_TEXT_BYTES_MAX / 4);
        let left = FAILURE_TEXT_BYTES_MAX - message.len();
        let traceback = self.traceback.as_deref();
        Failure {
            stage: self.stage,
            message,
            traceback: traceback.map(|traceback| middle_cut(traceback, left)),
            permanent: self.permanent,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Stage, Up, WorkerId};
    use super::*;
    use crate::protocol::{Dialect, ID_BYTES_MAX, WireError};

    /// Escaped, the longest that a text of this length can be.
    fn controls(bytes: usize) -> String {
        "\u{1}".repeat(bytes)
    }

    #[test]
    fn the_largest_error_fits_through_the_hop_whatever_the_largest_frame_is() {
        let id = format!("\"{}\"", "i".repeat(ID_BYTES_MAX));
        for bytes in [ERROR_TEXT_BYTES_MAX / 4, ERROR_TEXT_BYTES_MAX, 1 << 20] {
            let text = controls(bytes);
            let errors = [
                WireError::dirty(&text),
                WireError::app(&text, &text, &text, Some(text.clone())).with("kind", text.clone()),
                WireError::app("app", "action", "message", Some(text.clone())).with("kind", "Trap"),
                WireError::dirty("message")
                    .with(&text, 1)
                    .with("list", vec![text.clone(); 3]),
            ];
            for error in errors {
                let mut frame = Vec::new();
                Dialect::Json.write_error(&mut frame, &id, &error);
                assert!(frame.len() <= PAYLOAD_SLACK_BYTES, "{} bytes", frame.len());
            }
        }
    }

    #[test]
    fn a_long_failure_is_cut_to_fit_and_keeps_both_ends() {
        let long = format!("begin{}end", controls(1 << 20));
        let failure = Failure {
            stage: Stage::Initialising,
            message: long.clone(),
            traceback: Some(long),
            permanent: true,
        };
        for up in [
            Up::Failed(failure.clone()),
            Up::ForkFailed(WorkerId(1), failure),
        ] {
            let body = up.encode().body;
            assert!(body.len() <= PAYLOAD_SLACK_BYTES, "{} bytes", body.len());
            let cut: Failure = serde_json::from_slice(&body).unwrap();
            for text in [&cut.message, cut.traceback.as_ref().unwrap()] {
                assert!(text.starts_with("begin") && text.ends_with("end"));
                assert!(
                    text.contains("cut"),
                    "a reader sees that something is missing"
                );
            }
            assert!(cut.permanent);
        }
    }

    #[test]
    fn a_short_failure_stays_as_it_is() {
        let failure = Failure {
            stage: Stage::Compiling,
            message: "no".into(),
            traceback: Some("at".into()),
            permanent: false,
        };
        assert_eq!(failure.cut(), failure);
    }

    #[test]
    fn a_long_line_is_cut_between_characters_and_nothing_is_lost() {
        for line in ["", "short", &"ä€😀".repeat(LOG_LINE_BYTES_MAX)] {
            let pieces: Vec<_> = log_pieces(line).collect();
            assert_eq!(pieces.concat(), line);
            assert!(pieces.iter().all(|piece| piece.len() <= LOG_LINE_BYTES_MAX));
            assert_eq!(
                pieces.len(),
                line.len().div_ceil(LOG_LINE_BYTES_MAX - 3).max(1)
            );
        }
    }
}
