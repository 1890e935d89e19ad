//! The payload of a frame in the binary dialect, as the arbiter and a worker read it, and what comes
//! back from an app that returns its arguments. The first byte of the input says what the message is.

use bytes::Bytes;

use super::sketch::{self, Expected};
use super::tlv::{Tlv, dict};
use super::{FRAME_BYTES_MAX, json, stash_message};
use crate::protocol::{Blobs, Command, Dialect, Message, Operation, ReplyValue, Request};

const REQUEST: u8 = 0x01;
const STASH: u8 = 0x10;
const STATUS: u8 = 0x11;
const MANAGE: u8 = 0x12;
const KINDS: [u8; 8] = [REQUEST, 0x02, 0x03, 0x04, 0x05, STASH, STATUS, MANAGE];

const HEADER_BYTES: usize = 16;
const ID: u64 = 0xfedc_ba98_7654_3210;

/// How much longer than its frame the text for an app may be: a control character becomes `\u0001`,
/// a `None` becomes `null`.
const GROWTH_MAX: usize = 8;

/// A request that every part of the host should take.
struct Sound {
    envelope: Expected,
    action: String,
    args: Tlv,
    kwargs: Tlv,
}

/// A frame of the binary dialect.
pub(crate) fn frame_of(kind: u8, payload: &[u8]) -> Bytes {
    let len = u32::try_from(payload.len()).unwrap();
    let header = [
        &b"GD\x01"[..],
        &[kind],
        &len.to_be_bytes(),
        &ID.to_be_bytes(),
    ]
    .concat();
    [&header, payload].concat().into()
}

/// Takes any bytes.
pub(crate) fn binary_message(data: &[u8]) {
    let Some((selector, payload)) = data.split_first() else {
        return;
    };
    let kind = KINDS[usize::from(*selector) % KINDS.len()];
    let frame = frame_of(kind, payload);
    // A frame without a payload is an empty dict.
    let members = match payload {
        [] => Some(Vec::new()),
        payload => match Tlv::decode(payload) {
            Some(Tlv::Dict(members)) => Some(members),
            _ => None,
        },
    };
    let sound = members.as_deref().and_then(sound);
    match (Dialect::Gd.read_request(&frame), sound) {
        (Ok(request), Some(sound)) if kind == REQUEST => check_request(&frame, &request, sound),
        (Err(refused), Some(_)) if kind == REQUEST => panic!("refused a sound request: {refused}"),
        (Ok(request), _) => panic!("took {request:?}"),
        (Err(refused), _) => assert_eq!(refused.id.as_str(), ID.to_string()),
    }
    check_other_messages(kind, &frame, members.as_deref());
}

fn sound(members: &[(String, Tlv)]) -> Option<Sound> {
    let timeout = match one(members, "timeout")? {
        None => None,
        Some(Tlv::Int(seconds)) => Some(*seconds as f64),
        Some(Tlv::Float(seconds)) => Some(*seconds),
        Some(_) => return None,
    };
    if timeout.is_some_and(|seconds| seconds.is_nan() || seconds <= 0.0) {
        return None;
    }
    Some(Sound {
        envelope: Expected {
            id: ID.to_string(),
            app_path: text(one(members, "app_path")?)?,
            timeout: timeout.is_some(),
            multiplex: match one(members, "multiplex")? {
                None => false,
                Some(Tlv::Bool(multiplex)) => *multiplex,
                Some(_) => return None,
            },
        },
        action: text(one(members, "action")?)?,
        args: match one(members, "args")? {
            None => Tlv::List(Vec::new()),
            Some(args @ Tlv::List(_)) => args.clone(),
            Some(_) => return None,
        },
        kwargs: match one(members, "kwargs")? {
            None => Tlv::Dict(Vec::new()),
            Some(kwargs @ Tlv::Dict(_)) => kwargs.clone(),
            Some(_) => return None,
        },
    })
}

/// A member, if there is one; None if there are several.
fn one<'a>(members: &'a [(String, Tlv)], name: &str) -> Option<Option<&'a Tlv>> {
    let mut named = members.iter().filter(|(key, _)| key == name);
    match (named.next(), named.next()) {
        (_, Some(_)) => None,
        (first, None) => Some(first.map(|(_, value)| value)),
    }
}

pub(super) fn text(member: Option<&Tlv>) -> Option<String> {
    match member {
        Some(Tlv::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

fn check_request(frame: &Bytes, request: &Request<'_>, sound: Sound) {
    assert_eq!(request.id, sound.envelope.id);
    assert_eq!(request.app_path, sound.envelope.app_path);
    assert_eq!(request.action, sound.action);
    assert!(request.args.len() + request.kwargs.len() <= GROWTH_MAX * frame.len());
    let (args, kwargs) = (sound.args.with_one_nan(), sound.kwargs.with_one_nan());
    let blobs: Vec<&[u8]> = request.blobs.iter().map(AsRef::as_ref).collect();
    assert_eq!(as_tlv(&request.args, &blobs), args.encode());
    assert_eq!(as_tlv(&request.kwargs, &blobs), kwargs.encode());
    let mut reply = Vec::new();
    let result = ReplyValue::App {
        json: &request.args,
        blobs: &request.blobs,
    };
    let written = Dialect::Gd.write_response(&mut reply, &request.id, result, FRAME_BYTES_MAX);
    written.expect("what came from a client can go back to it");
    assert_eq!(reply[HEADER_BYTES..], dict([("result", args)]).encode());
    sketch::check(Dialect::Gd, frame, &sound.envelope);
}

/// What JSON text for an app is in TLV.
pub(super) fn as_tlv(json: &str, blobs: &dyn Blobs) -> Vec<u8> {
    let json = json::parse(json.as_bytes()).expect("apps get sound JSON");
    json.to_tlv(Some(blobs)).expect("it came from TLV").encode()
}

/// Of what is sound it is known what the arbiter has to find. (Of what it has no use for it checks
/// lengths and counts only.)
fn check_other_messages(kind: u8, frame: &Bytes, members: Option<&[(String, Tlv)]>) {
    let told = Dialect::Gd.read_envelope(frame);
    match kind {
        REQUEST => {}
        STATUS => assert!(matches!(told, Ok(Message::Status { .. }))),
        MANAGE | STASH => {
            let Some(members) = members else {
                return;
            };
            let names = [
                "op", "app", "workers", "count", "table", "key", "value", "pattern", "ttl",
                "delta", "expected",
            ];
            let unique = names.iter().all(|name| one(members, name).is_some());
            let find = |name| one(members, name).flatten();
            match told {
                Ok(Message::Control { command, .. }) => {
                    assert!(unique);
                    assert_eq!(Some(command), managed(find));
                }
                Ok(Message::Stash { .. }) => {
                    match Dialect::Gd.read_stash(frame, GROWTH_MAX * frame.len()) {
                        Ok(request) => {
                            assert!(unique);
                            stash_message::check(&request, find);
                        }
                        Err(_) => assert!(!unique || !stash_message::is_sound(find)),
                    }
                }
                Ok(other) => panic!("{other:?}"),
                Err(_) => assert!(kind == MANAGE && (!unique || managed(find).is_none())),
            }
        }
        _ => assert!(told.is_err(), "clients do not send replies"),
    }
}

fn managed<'a>(find: impl Fn(&'static str) -> Option<&'a Tlv>) -> Option<Command> {
    Some(Command::Manage {
        operation: match find("op")? {
            Tlv::Int(1) => Operation::Add,
            Tlv::Int(2) => Operation::Remove,
            _ => return None,
        },
        count: match find("count") {
            None => 1,
            Some(Tlv::Int(count)) => u32::try_from(*count).ok()?.max(1),
            Some(_) => return None,
        },
        app: match find("app") {
            None => None,
            app => Some(text(app)?.into()),
        },
    })
}
