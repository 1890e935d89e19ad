//! JSON as a tree, read by `serde_json`, and what it means, by the letter of the protocol's
//! description: what fuzzers compare with. Slow: each level is read once more for every level around.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::tlv::Tlv;
use crate::protocol::{Blobs, DEPTH_MAX};

/// A value; its numbers as they are written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(String),
    /// None: it stands for no Unicode text.
    Text(Option<String>),
    List(Vec<Json>),
    Object(Vec<(Option<String>, Json)>),
    /// What no text has: an object that has been taken for what it means.
    Bytes(Vec<u8>),
}

/// What a bare `$float` of an app's is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BareFloat {
    /// Clients of the JSON dialect get it as it is.
    Passes,
    /// A client's own object cannot have become one.
    Fails,
}

/// The members of an object, as they are written.
pub(super) struct Members(pub(super) Vec<(Box<RawValue>, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// The members of the object that is the text, if it is one and not too deep.
pub(super) fn members(text: &[u8]) -> Option<Members> {
    if depth(text) > DEPTH_MAX {
        return None;
    }
    serde_json::from_slice(text).ok()
}

/// The value that the text is, if it is one and not too deep.
pub(super) fn parse(text: &[u8]) -> Option<Json> {
    if depth(text) > DEPTH_MAX {
        return None;
    }
    let raw: &RawValue = serde_json::from_slice(text).ok()?;
    Some(tree(raw))
}

/// The text of a string.
pub(super) fn unquoted(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

fn tree(raw: &RawValue) -> Json {
    let text = raw.get();
    match text.as_bytes()[0] {
        b'n' => Json::Null,
        b't' => Json::Bool(true),
        b'f' => Json::Bool(false),
        b'"' => Json::Text(unquoted(raw)),
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).unwrap();
            Json::List(items.into_iter().map(tree).collect())
        }
        b'{' => {
            let Members(members) = serde_json::from_str(text).unwrap();
            let members = members.iter();
            Json::Object(
                members
                    .map(|(key, value)| (unquoted(key), tree(value)))
                    .collect(),
            )
        }
        _ => Json::Number(text.to_owned()),
    }
}

/// How deep a sound text is.
fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

impl Json {
    /// What a client of the JSON dialect means with it; None if it is mistaken.
    pub(super) fn of_client(&self) -> Option<Json> {
        self.meaning(&|dollars, word, value| match (dollars, word, value) {
            (1, "bytes", Json::Text(Some(base64))) => {
                Some(Meaning::Bytes(STANDARD.decode(base64).ok()?))
            }
            (1, "bytes", _) => None,
            (2.., "bytes", _) => Some(Meaning::LessADollar),
            _ => Some(Meaning::Itself),
        })
    }

    /// What an app means with it; None if it is mistaken.
    pub(super) fn of_app(&self, blobs: &dyn Blobs, bare_float: BareFloat) -> Option<Json> {
        self.meaning(&|dollars, word, value| match (dollars, word, value) {
            (1, "blob", Json::Number(index)) => Some(Meaning::Bytes(blob_at(index, blobs)?)),
            (1, "blob", _) => None,
            (1, "float", _) if bare_float == BareFloat::Fails => None,
            (2.., "blob" | "float", _) => Some(Meaning::LessADollar),
            _ => Some(Meaning::Itself),
        })
    }

    /// `of_one` is asked what an object with one key is, by its dollars, what follows them, and its value.
    fn meaning(&self, of_one: &dyn Fn(usize, &str, &Json) -> Option<Meaning>) -> Option<Json> {
        match self {
            Json::List(items) => {
                let items = items.iter().map(|item| item.meaning(of_one));
                Some(Json::List(items.collect::<Option<_>>()?))
            }
            Json::Object(members) => {
                let meaning = match &members[..] {
                    [(Some(key), value)] => {
                        let word = key.trim_start_matches('$');
                        of_one(key.len() - word.len(), word, value)?
                    }
                    _ => Meaning::Itself,
                };
                let skipped = match meaning {
                    Meaning::Bytes(bytes) => return Some(Json::Bytes(bytes)),
                    Meaning::LessADollar => 1,
                    Meaning::Itself => 0,
                };
                let members = members.iter().map(|(key, value)| {
                    let key = key.as_ref().map(|key| key[skipped..].to_owned());
                    Some((key, value.meaning(of_one)?))
                });
                Some(Json::Object(members.collect::<Option<_>>()?))
            }
            scalar => Some(scalar.clone()),
        }
    }

    /// What a client of the binary dialect gets; None if there are no words for it. Without `blobs`
    /// dollars mean nothing.
    pub(super) fn to_tlv(&self, blobs: Option<&dyn Blobs>) -> Option<Tlv> {
        Some(match self {
            Json::Bytes(bytes) => Tlv::Bytes(bytes.clone()),
            Json::Null => Tlv::None,
            Json::Bool(value) => Tlv::Bool(*value),
            Json::Number(text) if text.contains(['.', 'e', 'E']) => {
                Tlv::Float(text.parse().unwrap())
            }
            Json::Number(text) => Tlv::Int(text.parse().ok()?),
            Json::Text(text) => Tlv::Text(text.clone()?),
            Json::List(items) => {
                let items = items.iter().map(|item| item.to_tlv(blobs));
                Tlv::List(items.collect::<Option<_>>()?)
            }
            Json::Object(members) => match (&members[..], blobs) {
                ([(Some(key), value)], Some(blobs)) => object_of_one(key, value, blobs)?,
                _ => {
                    let pairs = members.iter();
                    let pairs =
                        pairs.map(|(key, value)| Some((key.clone()?, value.to_tlv(blobs)?)));
                    Tlv::Dict(pairs.collect::<Option<_>>()?)
                }
            },
        })
    }
}

/// What an object with one key is.
enum Meaning {
    Bytes(Vec<u8>),
    LessADollar,
    Itself,
}

fn blob_at(index: &str, blobs: &dyn Blobs) -> Option<Vec<u8>> {
    let index: i64 = index.parse().ok()?;
    Some(blobs.blob(usize::try_from(index).ok()?)?.to_vec())
}

fn object_of_one(key: &str, value: &Json, blobs: &dyn Blobs) -> Option<Tlv> {
    let name = key.trim_start_matches('$');
    let dollars = key.len() - name.len();
    match (dollars, name, value) {
        (1, "blob", Json::Number(index)) => Some(Tlv::Bytes(blob_at(index, blobs)?)),
        (1, "float", Json::Text(Some(name))) => Some(Tlv::Float(match name.as_str() {
            "nan" => f64::NAN,
            "inf" => f64::INFINITY,
            "-inf" => f64::NEG_INFINITY,
            _ => return None,
        })),
        (1, "blob" | "float", _) => None,
        (2.., "blob" | "float", _) => Some(Tlv::Dict(vec![(
            key[1..].to_owned(),
            value.to_tlv(Some(blobs))?,
        )])),
        _ => Some(Tlv::Dict(vec![(
            key.to_owned(),
            value.to_tlv(Some(blobs))?,
        )])),
    }
}
