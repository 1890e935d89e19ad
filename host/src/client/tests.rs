#![allow(clippy::unwrap_used)]

use std::future::Future;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::protocol::{
    AppPath, Command, ErrorType, Message, WireError, bytes_wanted, decode_frame, read_envelope,
    read_request, write_chunk, write_end, write_error, write_response,
};

const MAX: usize = 1 << 20;

/// The host's end of a connection, played by a test.
struct Peer {
    stream: UnixStream,
    buf: BytesMut,
}

impl Peer {
    /// The next message, None when the client has closed the connection.
    async fn message(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = decode_frame(&mut self.buf, MAX).unwrap() {
                return Some(frame);
            }
            self.buf.reserve(bytes_wanted(&self.buf));
            if self.stream.read_buf(&mut self.buf).await.unwrap() == 0 {
                return None;
            }
        }
    }

    /// The next message, which must be a request: its id and action.
    async fn request(&mut self) -> (String, String) {
        let frame = self.message().await.unwrap();
        let request = read_request(&frame).unwrap();
        (request.id.into_owned(), request.action.into_owned())
    }

    async fn cancelled(&mut self) -> String {
        let frame = self.message().await.unwrap();
        match read_envelope(&frame) {
            Ok(Message::Cancel { id }) => id.to_string(),
            other => panic!("{other:?}"),
        }
    }

    async fn send(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut out = Vec::new();
        write(&mut out);
        self.stream.write_all(&out).await.unwrap();
    }

    async fn respond(&mut self, id: &str, result: &str) {
        self.send(|out| write_response(out, id, result, MAX).unwrap())
            .await;
    }
}

/// Runs a test on one thread, with a deadline in place of a hang.
fn run<F: Future<Output = ()>>(test: impl FnOnce(Client, Peer) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let peer = Peer {
            stream: theirs,
            buf: BytesMut::new(),
        };
        let test = test(Client::over(ours, MAX), peer);
        tokio::time::timeout(Duration::from_secs(30), test)
            .await
            .expect("the test hangs");
    });
}

fn chunk(reply: Option<Result<Reply, ClientError>>) -> String {
    match reply {
        Some(Ok(Reply::Chunk(data))) => data.get().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_carries_its_arguments_and_brings_its_result() {
    run(async |client, mut peer| {
        let call = client
            .call("a:B", "add")
            .arg(1)
            .args(vec![RawValue::from_string("1e999".to_owned()).unwrap()])
            .kwarg("k", json!({"x": null}))
            .timeout(Duration::from_millis(2500));
        let host = async {
            let frame = peer.message().await.unwrap();
            let request = read_request(&frame).unwrap();
            assert_eq!((&*request.app_path, &*request.action), ("a:B", "add"));
            assert_eq!(request.args, "[1,1e999]");
            assert_eq!(request.kwargs, r#"{"k":{"x":null}}"#);
            let Ok(Message::Request(envelope)) = read_envelope(&frame) else {
                panic!("not a request");
            };
            assert_eq!(envelope.timeout, Some(Duration::from_millis(2500)));
            assert!(envelope.multiplex);
            peer.respond(&request.id, "[3]").await;
        };
        let (result, ()) = tokio::join!(call.execute::<Vec<u64>>(), host);
        assert_eq!(result.unwrap(), [3]);
    });
}

#[test]
fn replies_find_their_calls_in_any_order() {
    run(async |client, mut peer| {
        let calls = (0..50).map(|number| {
            let call = client.call("a", &format!("{number}"));
            tokio::spawn(async move { (number, call.execute::<u64>().await.unwrap()) })
        });
        let calls: Vec<_> = calls.collect();
        let mut requests = Vec::new();
        for _ in 0..calls.len() {
            requests.push(peer.request().await);
        }
        for (id, action) in requests.iter().rev() {
            peer.respond(id, action).await;
        }
        for call in calls {
            let (number, result) = call.await.unwrap();
            assert_eq!(number, result);
        }
    });
}

#[test]
fn a_stream_is_read_to_its_end_or_its_error() {
    run(async |client, mut peer| {
        let mut replies = client.call("a", "b").send().await.unwrap();
        let (id, _) = peer.request().await;
        peer.send(|out| {
            write_chunk(out, &id, "1", MAX).unwrap();
            write_chunk(out, &id, "null", MAX).unwrap();
            write_end(out, &id);
        })
        .await;
        assert_eq!(chunk(replies.next().await), "1");
        assert_eq!(chunk(replies.next().await), "null");
        assert!(replies.next().await.is_none());
        assert!(replies.next().await.is_none());

        let mut replies = client.call("a", "b").send().await.unwrap();
        let (id, _) = peer.request().await;
        peer.send(|out| {
            write_chunk(out, &id, "1", MAX).unwrap();
            write_error(out, &id, &WireError::worker(7, "died"));
        })
        .await;
        assert_eq!(chunk(replies.next().await), "1");
        match replies.next().await {
            Some(Err(ClientError::Remote(error))) => {
                assert_eq!(error, WireError::worker(7, "died"));
            }
            other => panic!("{other:?}"),
        }
        assert!(replies.next().await.is_none());
    });
}

#[test]
fn a_stream_that_is_dropped_is_cancelled_and_one_that_ended_is_not() {
    run(async |client, mut peer| {
        let mut replies = client.call("a", "b").send().await.unwrap();
        let (first, _) = peer.request().await;
        peer.send(|out| write_chunk(out, &first, "1", MAX).unwrap())
            .await;
        chunk(replies.next().await);
        drop(replies);
        assert_eq!(peer.cancelled().await, first);
        // What was under way is for nobody.
        peer.send(|out| {
            write_chunk(out, &first, "2", MAX).unwrap();
            write_end(out, &first);
        })
        .await;

        let mut replies = client.call("a", "b").send().await.unwrap();
        let (second, _) = peer.request().await;
        peer.respond(&second, "2").await;
        assert!(matches!(replies.next().await, Some(Ok(Reply::Result(_)))));
        drop((replies, client));
        assert_eq!(peer.message().await, None);
    });
}

#[test]
fn dropping_everything_still_sends_the_cancel() {
    run(async |client, mut peer| {
        let replies = client.call("a", "b").send().await.unwrap();
        drop((client, replies));
        let (id, _) = peer.request().await;
        assert_eq!(peer.cancelled().await, id);
        assert_eq!(peer.message().await, None);
    });
}

#[test]
fn a_call_that_ended_unread_is_not_cancelled() {
    run(async |client, mut peer| {
        let replies = client.call("a", "b").send().await.unwrap();
        let (id, _) = peer.request().await;
        peer.respond(&id, "1").await;
        // The answer to this one comes after the other's on the same connection.
        let (status, ()) = tokio::join!(client.status(), async {
            peer.message().await.unwrap();
            peer.respond("2", "{}").await;
        });
        assert_eq!(status.unwrap().get(), "{}");
        drop((replies, client));
        assert_eq!(peer.message().await, None);
    });
}

#[test]
fn execute_refuses_a_stream_and_cancels_it() {
    run(async |client, mut peer| {
        let host = async {
            let (id, _) = peer.request().await;
            peer.send(|out| write_chunk(out, &id, "1", MAX).unwrap())
                .await;
            assert_eq!(peer.cancelled().await, id);
            let (id, _) = peer.request().await;
            peer.send(|out| write_end(out, &id)).await;
        };
        let calls = async {
            for _ in 0..2 {
                let error = client.call("a", "b").execute::<u64>().await.unwrap_err();
                assert!(matches!(error, ClientError::Stream), "{error}");
            }
        };
        tokio::join!(host, calls);
    });
}

#[test]
fn a_slow_reader_loses_nothing() {
    const CHUNKS: usize = 5000;
    run(async |client, mut peer| {
        let mut replies = client.call("a", "b").send().await.unwrap();
        let (id, _) = peer.request().await;
        let (written, mut all_written) = tokio::sync::oneshot::channel();
        let host = tokio::spawn(async move {
            for number in 0..CHUNKS {
                let data = format!("\"{number} {}\"", "x".repeat(1000));
                peer.send(|out| write_chunk(out, &id, &data, MAX).unwrap())
                    .await;
            }
            peer.send(|out| write_end(out, &id)).await;
            written.send(()).unwrap();
            peer
        });
        assert!(chunk(replies.next().await).starts_with("\"0 "));
        // The host cannot be done: neither the call nor the socket holds that much.
        assert!(all_written.try_recv().is_err());
        for number in 1..CHUNKS {
            let data = chunk(replies.next().await);
            assert!(data.starts_with(&format!("\"{number} ")));
        }
        assert!(replies.next().await.is_none());
        host.await.unwrap();
    });
}

#[test]
fn a_dropped_stream_that_nobody_read_lets_the_others_go_on() {
    run(async |client, mut peer| {
        let unread = client.call("a", "unread").send().await.unwrap();
        let (unread_id, _) = peer.request().await;
        let other = tokio::spawn(client.call("a", "other").execute::<u64>());
        let (other_id, _) = peer.request().await;
        peer.send(|out| {
            for _ in 0..100 {
                write_chunk(out, &unread_id, "1", MAX).unwrap();
            }
            write_response(out, &other_id, "5", MAX).unwrap();
        })
        .await;
        drop(unread);
        assert_eq!(other.await.unwrap().unwrap(), 5);
        assert_eq!(peer.cancelled().await, unread_id);
    });
}

#[test]
fn requests_wait_while_the_host_reads_nothing() {
    const CALLS: usize = 40;
    run(async |client, mut peer| {
        let text = "x".repeat(200_000);
        let calls: Vec<_> = (0..CALLS)
            .map(|_| tokio::spawn(client.call("a", "b").arg(&text).execute::<u64>()))
            .collect();
        for _ in 0..CALLS {
            let (id, _) = peer.request().await;
            peer.respond(&id, "1").await;
        }
        for call in calls {
            assert_eq!(call.await.unwrap().unwrap(), 1);
        }
    });
}

#[test]
fn status_is_what_the_host_sends() {
    run(async |client, mut peer| {
        let host = async {
            let frame = peer.message().await.unwrap();
            let Ok(Message::Status { id }) = read_envelope(&frame) else {
                panic!("not a status request");
            };
            peer.respond(id.as_str(), r#"{"apps": [], "x": 1e999}"#)
                .await;
        };
        let (status, ()) = tokio::join!(client.status(), host);
        assert_eq!(status.unwrap().get(), r#"{"apps": [], "x": 1e999}"#);
    });
}

#[test]
fn commands_bring_what_came_of_them() {
    const ANSWER: &str = r#"{"apps": {"a": {"outcome": "serving", "generation": 2}}}"#;
    run(async |client, mut peer| {
        let app = || AppPath::from("a".to_owned());
        let host = async {
            for expected in [
                Command::Reload { app: None },
                Command::Reload { app: Some(app()) },
                Command::Restart { app: app() },
                Command::Scale {
                    app: app(),
                    workers: 3,
                },
            ] {
                let frame = peer.message().await.unwrap();
                let Ok(Message::Control { id, command }) = read_envelope(&frame) else {
                    panic!("not a command");
                };
                assert_eq!(command, expected);
                peer.respond(id.as_str(), ANSWER).await;
            }
        };
        let ask = async {
            assert_eq!(client.reload(None).await.unwrap().get(), ANSWER);
            assert_eq!(client.reload(Some("a")).await.unwrap().get(), ANSWER);
            assert_eq!(client.restart("a").await.unwrap().get(), ANSWER);
            assert_eq!(client.scale("a", 3).await.unwrap().get(), ANSWER);
        };
        tokio::join!(ask, host);
    });
}

#[test]
fn arguments_that_cannot_be_sent_fail_the_call_alone() {
    run(async |client, mut peer| {
        let no_json = std::collections::BTreeMap::from([((1, 2), 3)]);
        let error = client.call("a", "b").arg(no_json).send().await.unwrap_err();
        assert!(matches!(error, ClientError::Encode(_)), "{error}");
        let large = client.call("a", "b").arg("x".repeat(MAX));
        let error = large.send().await.unwrap_err();
        assert!(matches!(error, ClientError::TooLarge(_)), "{error}");

        let call = tokio::spawn(client.call("a", "fits").execute::<String>());
        let (id, action) = peer.request().await;
        assert_eq!(action, "fits");
        peer.respond(&id, "1").await;
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error, ClientError::Decode(_)), "{error}");
    });
}

#[test]
fn every_call_learns_why_the_connection_ended() {
    type Act = fn(&mut Vec<u8>);
    let too_large: Act = |out| out.extend([0xff; 4]);
    let no_reply: Act = |out| out.extend(*b"\0\0\0\x02{}");
    let refused: Act = |out| write_error(out, "null", &WireError::protocol("bad length", None));
    let nothing: Act = |_| {};
    for (act, message) in [
        (nothing, "the host closed it"),
        (too_large, "the host broke the protocol"),
        (no_reply, "the host sent a malformed reply"),
        (
            refused,
            "the host refused a message: DirtyProtocolError: bad length",
        ),
    ] {
        run(async |client, mut peer| {
            let mut unread = client.call("a", "b").send().await.unwrap();
            let call = tokio::spawn(client.call("a", "b").execute::<u64>());
            let (id, _) = peer.request().await;
            peer.request().await;
            peer.send(|out| write_chunk(out, &id, "1", MAX).unwrap())
                .await;
            peer.send(act).await;
            drop(peer);
            let error = call.await.unwrap().unwrap_err();
            assert!(matches!(error, ClientError::Closed(_)));
            assert!(error.to_string().contains(message), "{error}");
            // What had arrived is not lost.
            assert_eq!(chunk(unread.next().await), "1");
            assert!(matches!(
                unread.next().await,
                Some(Err(ClientError::Closed(_)))
            ));
            assert!(unread.next().await.is_none());
            let later = client.call("a", "b").send().await.unwrap_err();
            assert!(later.to_string().contains(message), "{later}");
        });
    }
}

#[test]
fn connecting_to_nobody_names_the_socket() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("nobody.sock");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let error = runtime.block_on(Client::connect(&path)).unwrap_err();
    assert!(error.to_string().contains("nobody.sock"), "{error}");
}

#[test]
fn an_unknown_class_of_error_is_still_an_error() {
    run(async |client, mut peer| {
        let call = tokio::spawn(client.call("a", "b").execute::<u64>());
        let (id, _) = peer.request().await;
        let text = format!(
            r#"{{"type":"error","id":{id},"error":{{"error_type":"New","message":"m","details":{{}}}}}}"#
        );
        peer.send(|out| {
            out.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
            out.extend(text.as_bytes());
        })
        .await;
        match call.await.unwrap() {
            Err(ClientError::Remote(error)) => {
                assert_eq!(error.error_type, ErrorType::DirtyError);
            }
            other => panic!("{other:?}"),
        }
    });
}
