//! A child's use of the stash on behalf of its app: sent to the arbiter, and waited for. A mold does
//! it as a worker does.
//!
//! It blocks the process, which serves one app that waits for just this; what has a deadline is killed
//! from outside.

use crate::process::hop::{CallId, Up};
use crate::process::inbox::Inbox;
use crate::process::link::LinkWriter;
use crate::protocol::{BLOBS_MAX, check_app_value};
use crate::runtime::StashFault;
use crate::stash::{StashAnswer, StashError, StashRequest, StashValue};

/// Has the arbiter do it. `cancel` is told of calls that are cancelled meanwhile.
pub(crate) fn ask(
    writer: &mut LinkWriter,
    inbox: &mut Inbox,
    frame_bytes_max: usize,
    request: StashRequest,
    cancel: impl FnMut(CallId),
) -> Result<StashAnswer<'static>, StashFault> {
    check(&request)?;
    let encoded = Up::Stash(request).encode();
    let (bytes, max) = (encoded.body.len(), frame_bytes_max);
    if bytes > max {
        return Err(StashError::TooLarge { bytes, max }.into());
    }
    // If the arbiter is gone, the loop is about to find out.
    let reply = writer
        .send_parts(encoded.head(), &encoded.body)
        .and_then(|()| inbox.stash_reply(cancel))
        .map_err(|_| StashFault::Gone)?;
    Ok(reply?)
}

/// What is put must be sound: everybody else relies on it.
fn check(request: &StashRequest) -> Result<(), StashFault> {
    match request {
        StashRequest::Put { value, .. } => check_value(value),
        StashRequest::CompareAndSwap {
            expected, value, ..
        } => {
            expected.as_ref().map_or(Ok(()), check_count)?;
            check_value(value)
        }
        _ => Ok(()),
    }
}

fn check_value(value: &StashValue) -> Result<(), StashFault> {
    check_count(value)?;
    check_app_value(&value.json, &value.blobs)
        .map_err(|fault| StashFault::Malformed(fault.to_string()))
}

/// The arbiter takes no more of them.
fn check_count(value: &StashValue) -> Result<(), StashFault> {
    let (blobs, max) = (value.blobs.len(), BLOBS_MAX);
    match blobs <= max {
        true => Ok(()),
        false => Err(StashFault::TooManyBlobs { blobs, max }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    use std::thread;

    use super::*;
    use crate::process::hop::{Down, StashReply};
    use crate::process::link;

    fn put(json: &str) -> StashRequest {
        StashRequest::Put {
            table: "t".into(),
            key: "k".into(),
            value: StashValue::from_json(json),
            ttl: None,
        }
    }

    /// Asks an arbiter that answers so; None: it ends when it is asked.
    fn asked(
        request: StashRequest,
        answer: Option<StashReply>,
    ) -> Result<StashAnswer<'static>, StashFault> {
        let (mut arbiter, child) = UnixStream::pair().unwrap();
        let (reader, mut writer) = link::split(child.into(), 1000).unwrap();
        let mut inbox = Inbox::new(reader);
        thread::scope(|scope| {
            scope.spawn(move || {
                let asked = arbiter.read(&mut [0; 2000]).unwrap() > 0;
                if let Some(answer) = answer.filter(|_| asked) {
                    let encoded = Down::Stash(answer).encode();
                    arbiter.write_all(encoded.head()).unwrap();
                    arbiter.write_all(&encoded.body).unwrap();
                }
            });
            let outcome = ask(&mut writer, &mut inbox, 1000, request, |_| ());
            drop((writer, inbox));
            outcome
        })
    }

    #[test]
    fn the_answer_is_the_arbiters() {
        let full = || StashError::TooManyTables { max: 1 };
        assert_eq!(
            asked(put("[1]"), Some(Ok(StashAnswer::Done))),
            Ok(StashAnswer::Done)
        );
        assert_eq!(
            asked(put("[1]"), Some(Err(full()))),
            Err(StashFault::Refused(full()))
        );
        assert_eq!(asked(put("[1]"), None), Err(StashFault::Gone));
    }

    #[test]
    fn what_cannot_be_kept_is_not_even_sent() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for json in ["", "{", "nan", &deep, r#"[{"$blob":0}]"#] {
            let refused = asked(put(json), Some(Ok(StashAnswer::Done)));
            assert!(matches!(refused, Err(StashFault::Malformed(_))), "{json}");
        }
        let large = format!("\"{}\"", "x".repeat(1000));
        let refused = asked(put(&large), Some(Ok(StashAnswer::Done)));
        assert!(
            matches!(
                refused,
                Err(StashFault::Refused(StashError::TooLarge { max: 1000, .. }))
            ),
            "{refused:?}"
        );
        let many = StashValue {
            json: "0".into(),
            blobs: vec![Default::default(); BLOBS_MAX + 1],
        };
        let swap = StashRequest::CompareAndSwap {
            table: "t".into(),
            key: "k".into(),
            expected: Some(many),
            value: StashValue::from_json("0"),
            ttl: None,
        };
        let (blobs, max) = (BLOBS_MAX + 1, BLOBS_MAX);
        assert_eq!(
            asked(swap, None),
            Err(StashFault::TooManyBlobs { blobs, max })
        );
    }
}
