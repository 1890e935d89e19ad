//! The payload of a frame in the JSON dialect, as the arbiter, a worker and a client read it.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::json::{self, BareFloat, Json, Members};
use super::sketch::{self, Expected};
use crate::protocol::{
    Blobs, Dialect, ID_BYTES_MAX, Message, StashRequest, check_value, read_reply, read_request,
};

/// The longest value of the stash.
const VALUE_BYTES_MAX: usize = 1 << 10;

/// A request that every part of the host should take.
struct Sound<'a> {
    envelope: Expected,
    action: String,
    args: &'a str,
    kwargs: &'a str,
}

/// Takes any bytes.
pub(crate) fn json_message(data: &[u8]) {
    let frame = Bytes::copy_from_slice(data);
    let members = json::members(data);
    let sound = members.as_ref().and_then(sound);
    match (read_request(data), &sound) {
        (Ok(request), Some(sound)) => {
            assert_eq!(request.id, sound.envelope.id);
            assert_eq!(request.app_path, sound.envelope.app_path);
            assert_eq!(request.action, sound.action);
            check_value_for_app(&request.args, &request.blobs, sound.args);
            check_value_for_app(&request.kwargs, &request.blobs, sound.kwargs);
            sketch::check(Dialect::Json, &frame, &sound.envelope);
        }
        (Err(_), None) => check_other_messages(&frame, members.as_ref()),
        (Ok(request), None) => panic!("took {request:?}"),
        (Err(refused), Some(_)) => panic!("refused a sound request: {refused}"),
    }
    // A client does not trust its host either.
    let _ = read_reply(data);
    if let Ok(text) = std::str::from_utf8(data) {
        let sound = json::parse(data).is_some();
        assert_eq!(check_value(text).is_ok(), sound);
    }
}

/// An app gets what the client means; if no key has a dollar, as it is written.
fn check_value_for_app(json: &str, blobs: &dyn Blobs, sent: &str) {
    if !sent.contains('$') && !sent.contains("\\u") {
        assert_eq!(json, sent);
    }
    let got = json::parse(json.as_bytes()).expect("apps get sound JSON");
    assert_eq!(got.of_app(blobs, BareFloat::Fails), meaning(sent));
}

/// What a client means with a part of a sound message.
fn meaning(sent: &str) -> Option<Json> {
    json::parse(sent.as_bytes()).and_then(|sent| sent.of_client())
}

fn sound(members: &Members) -> Option<Sound<'_>> {
    for name in ["timeout", "multiplex"] {
        let spelled = format!("\"{name}\"");
        let escaped = |(key, _): &(Box<RawValue>, _)| is(key, name) && key.get() != spelled;
        if members.0.iter().any(escaped) {
            return None;
        }
    }
    let id = raw(members, "id")?.unwrap_or("null");
    let args = raw(members, "args")?.unwrap_or("[]");
    let kwargs = raw(members, "kwargs")?.unwrap_or("{}");
    let timeout = raw(members, "timeout")?;
    let multiplex = raw(members, "multiplex")?;
    let fits = string(members, "type")? == "request"
        && !id.starts_with(['[', '{'])
        && id.len() <= ID_BYTES_MAX
        && args.starts_with('[')
        && kwargs.starts_with('{')
        && meaning(args).is_some()
        && meaning(kwargs).is_some()
        && timeout.is_none_or(|text| text.parse().is_ok_and(|seconds: f64| seconds > 0.0))
        && multiplex.is_none_or(|text| matches!(text, "true" | "false"));
    fits.then_some(Sound {
        envelope: Expected {
            id: id.to_owned(),
            app_path: string(members, "app_path")?,
            timeout: timeout.is_some(),
            multiplex: multiplex == Some("true"),
        },
        action: string(members, "action")?,
        args,
        kwargs,
    })
}

fn is(key: &RawValue, name: &str) -> bool {
    json::unquoted(key).is_some_and(|key| key == name)
}

/// The text of a member, if there is one; None if there are several.
fn raw<'a>(members: &'a Members, name: &str) -> Option<Option<&'a str>> {
    let mut named = members.0.iter().filter(|(key, _)| is(key, name));
    match (named.next(), named.next()) {
        (_, Some(_)) => None,
        (first, None) => Some(first.map(|(_, value)| value.get())),
    }
}

fn string(members: &Members, name: &str) -> Option<String> {
    serde_json::from_str(raw(members, name)??).ok()
}

/// The arbiter takes only what is sound. (Of a request it does not read the arguments, and never
/// whether texts that it has no use for are UTF-8.)
fn check_other_messages(frame: &Bytes, members: Option<&Members>) {
    let (id, kind) = match Dialect::Json.read_envelope(frame) {
        Ok(Message::Request(_)) | Err(_) => return,
        Ok(Message::Cancel { id }) => (id, "cancel"),
        Ok(Message::Status { id }) => (id, "status"),
        Ok(Message::Control { id, .. }) => (id, "control, manage"),
        Ok(Message::Stash { id }) => {
            if let Ok(
                StashRequest::Put { value, .. } | StashRequest::CompareAndSwap { value, .. },
            ) = Dialect::Json.read_stash(frame, VALUE_BYTES_MAX)
            {
                assert!(value.len_bytes() <= VALUE_BYTES_MAX);
                assert_eq!(check_value(&value.json), Ok(()));
            }
            (id, "stash")
        }
    };
    if std::str::from_utf8(frame).is_ok() {
        let members = members.expect("it is an object");
        assert!(kind.contains(&*string(members, "type").unwrap()));
        assert_eq!(id.as_str(), raw(members, "id").unwrap().unwrap_or("null"));
    }
}
