#![allow(clippy::unwrap_used)]
use super::super::{Exit, ExitStatus, Failure, Initialised, Setup, Stage, VERSION};
use super::*;
use crate::config::{AppSettings, DirSettings, InitMode, OnDisconnect, RecycleSettings};
use crate::stash::{StashRequest, StashValue};
use std::borrow::Cow;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

fn wire(encoded: &Encoded) -> BytesMut {
    let mut wire = BytesMut::from(encoded.head());
    wire.extend_from_slice(&encoded.body);
    wire
}

fn decode_down(header: Header, payload: Bytes) -> Result<Down, HopError> {
    Down::decode_with(header, payload, |_| None)
}

#[test]
fn every_message_survives_the_hop_split_at_every_byte() {
    let exit = Exit {
        status: ExitStatus::Signal(9),
        cpu_micros: 7,
        rss_kib_max: 9,
    };
    let failure = Failure {
        stage: Stage::Forking,
        message: "no".into(),
        traceback: Some("at".into()),
        permanent: true,
    };
    let ups = [
        Up::Hello(VERSION),
        Up::Stage(Stage::Compiling),
        Up::WantsWorkers(7),
        Up::Initialised(Initialised::PerWorkerBecause("a file".into())),
        Up::Failed(failure.clone()),
        Up::Forked {
            worker: WorkerId(3),
            pid: 4711,
        },
        Up::ForkFailed(WorkerId(4), failure),
        Up::Exited(WorkerId(3), exit),
        Up::Ready,
        Up::Chunk(CallId(1), Bytes::from_static(b"chunk")),
        Up::Final(CallId(2), Fate::Healthy, Bytes::from_static(b"end")),
        Up::Final(CallId(3), Fate::Tainted(Taint::Trap), Bytes::new()),
        Up::Final(CallId(4), Fate::Tainted(Taint::Memory), Bytes::new()),
        Up::Stash(StashRequest::Tables),
        Up::OverMemory(u64::MAX),
        Up::Log {
            call: Some(CallId(5)),
            source: LogSource::Stderr,
            level: LogLevel::Warn,
            message: Bytes::from_static(b"line"),
        },
    ];
    for up in ups {
        let whole = wire(&up.encode());
        for cut in 0..whole.len() {
            let mut buf = BytesMut::from(&whole[..cut]);
            assert!(next_message(&mut buf, 1 << 20).unwrap().is_none());
            buf.extend_from_slice(&whole[cut..]);
            let (header, payload) = next_message(&mut buf, 1 << 20).unwrap().unwrap();
            assert_eq!(Up::decode(header, payload).unwrap(), up);
        }
    }
}

#[test]
fn an_answer_of_the_stash_survives_the_hop() {
    let value = StashValue {
        json: "[{\"$blob\":0}]".into(),
        blobs: vec![Bytes::from_static(b"\xff")],
    };
    for answer in [
        Ok(StashAnswer::Value(Cow::Owned(value))),
        Err(StashError::TooManyTables { max: 1 }),
    ] {
        let down = Down::Stash(answer);
        let mut buf = wire(&down.encode());
        let (header, payload) = next_message(&mut buf, 4096).unwrap().unwrap();
        assert_eq!(decode_down(header, payload).unwrap(), down);
    }
}

#[test]
fn a_use_of_the_stash_that_is_none_is_refused() {
    for payload in [&b""[..], b"\xff", b"\x00\x05ab"] {
        let header = Header {
            len: payload.len(),
            kind: kind::STASH,
            flags: 0,
            subject: 0,
        };
        let refused = Up::decode(header, Bytes::from_static(payload));
        assert!(matches!(refused, Err(HopError::Payload { .. })));
    }
}

#[test]
fn a_call_survives_the_hop() {
    for timeout in [None, Some(Duration::from_millis(1500))] {
        let deadline = Deadline {
            at_nanos: timeout.map(|_| 99),
            timeout,
        };
        let call = Down::Call {
            call: CallId(8),
            deadline,
            frame: Bytes::from_static(b"{}"),
        };
        let mut buf = wire(&call.encode());
        let (header, payload) = next_message(&mut buf, 16).unwrap().unwrap();
        assert_eq!(decode_down(header, payload).unwrap(), call);
    }
}

#[test]
fn a_setup_survives_the_hop_even_if_its_paths_are_no_text() {
    let path = |name: &[u8]| PathBuf::from(OsString::from_vec(name.to_vec()));
    let app = AppSettings {
        name: "app".into(),
        component: path(b"/\xff/app.wasm"),
        build: None,
        workers: 2,
        workers_as_described: true,
        timeout: Some(Duration::from_millis(1500)),
        init: InitMode::PerWorker,
        config: "{}".into(),
        env: [("A".into(), "b".into())].into(),
        dirs: vec![DirSettings {
            guest: "/data".into(),
            host: path(b"/data\xfe\"\n"),
            writable: true,
        }],
        memory_limit_bytes: u64::MAX,
        queue_max: 1,
        recycle: RecycleSettings::default(),
        spare: true,
        on_disconnect: OnDisconnect::Cancel,
        stashes: Some(vec!["table".into()]),
    };
    let setup = Down::Setup(Box::new(Setup {
        version: VERSION,
        arbiter_pid: 1,
        frame_bytes_max: 4096,
        cache_dir: path(b"/cache/\x80"),
        app,
    }));
    let mut buf = wire(&setup.encode());
    let (header, payload) = next_message(&mut buf, 4096).unwrap().unwrap();
    assert_eq!(decode_down(header, payload).unwrap(), setup);
}

#[test]
fn broken_messages_are_refused() {
    let mut long = BytesMut::from(&Header::chunk(CallId(1), 1 << 30).bytes()[..]);
    assert!(matches!(
        next_message(&mut long, 1 << 20),
        Err(HopError::TooLong(_))
    ));
    let header = Header {
        len: 0,
        kind: 200,
        flags: 0,
        subject: 0,
    };
    assert!(matches!(
        Up::decode(header, Bytes::new()),
        Err(HopError::UnknownKind(200))
    ));
    assert!(matches!(
        decode_down(header, Bytes::new()),
        Err(HopError::UnknownKind(200))
    ));
    let header = Header {
        len: 1,
        kind: kind::CALL,
        flags: 0,
        subject: 0,
    };
    assert!(matches!(
        decode_down(header, Bytes::from_static(b"x")),
        Err(HopError::Payload { .. })
    ));
    for kind in [kind::LOG, kind::FINAL] {
        let header = Header {
            len: 0,
            kind,
            flags: 0xff,
            subject: 0,
        };
        assert!(matches!(
            Up::decode(header, Bytes::new()),
            Err(HopError::Payload { .. })
        ));
    }
}

#[test]
fn a_frame_that_lies_in_shared_memory_takes_the_place_of_the_payload() {
    let lying = Bytes::from_static(b"lies elsewhere");
    let borrow = |len: usize| (len == lying.len()).then(|| lying.clone());
    let deadline = Deadline {
        at_nanos: Some(1),
        timeout: None,
    };
    let mut buf = wire(&call_in_area(CallId(8), deadline, lying.len()));
    let (header, payload) = next_message(&mut buf, 0).unwrap().unwrap();
    let call = Down::Call {
        call: CallId(8),
        deadline,
        frame: lying.clone(),
    };
    assert_eq!(Down::decode_with(header, payload, borrow).unwrap(), call);
    for (header, up) in [
        (
            Header::chunk(CallId(1), lying.len()),
            Up::Chunk(CallId(1), lying.clone()),
        ),
        (
            Header::last(CallId(2), Fate::Tainted(Taint::Memory), lying.len()),
            Up::Final(CallId(2), Fate::Tainted(Taint::Memory), lying.clone()),
        ),
    ] {
        let (header, len) = header.in_area();
        let mut buf = BytesMut::from(&[&header.bytes()[..], &len].concat()[..]);
        let (header, payload) = next_message(&mut buf, 0).unwrap().unwrap();
        let read = Up::decode_with(header, payload.clone(), borrow);
        assert_eq!(read.unwrap(), up);
        let (none, short) = (payload.clone(), payload.slice(..7));
        for refused in [
            Up::decode(header, none),
            Up::decode_with(header, short, borrow),
            Up::decode_with(header, payload, |_| None),
        ] {
            assert!(matches!(refused, Err(HopError::Payload { .. })));
        }
    }
}

#[test]
fn a_header_keeps_its_place() {
    let header = Header::chunk(CallId(1), 5).bytes();
    assert_eq!(order_of(&header), Some(0));
    let header = with_order(&header, 0xabcd).unwrap();
    assert_eq!(with_order(&header[..15], 1), None);
    assert_eq!(order_of(&header), Some(0xabcd));
    assert_eq!(order_of(&header[..15]), None);
    let mut buf = BytesMut::from(&[&header[..], b"chunk"].concat()[..]);
    let (header, payload) = next_message(&mut buf, 16).unwrap().unwrap();
    let chunk = Up::Chunk(CallId(1), Bytes::from_static(b"chunk"));
    assert_eq!(Up::decode(header, payload).unwrap(), chunk);
}
