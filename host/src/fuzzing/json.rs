//! JSON as a tree, read by `serde_json`, and what it is in TLV, by the letter of the protocol's
//! description: what fuzzers compare with. Slow: each level is read once more for every level around.

use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::tlv::Tlv;
use crate::protocol::DEPTH_MAX;

/// A value; its numbers as they are written.
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(String),
    /// None: it stands for no Unicode text.
    Text(Option<String>),
    List(Vec<Json>),
    Object(Vec<(Option<String>, Json)>),
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
    /// What a client of the binary dialect gets; None if there are no words for it. Without `blobs`
    /// dollars mean nothing.
    pub(super) fn to_tlv(&self, blobs: Option<&[&[u8]]>) -> Option<Tlv> {
        Some(match self {
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

fn object_of_one(key: &str, value: &Json, blobs: &[&[u8]]) -> Option<Tlv> {
    let name = key.trim_start_matches('$');
    let dollars = key.len() - name.len();
    match (dollars, name, value) {
        (1, "blob", Json::Number(index)) => {
            let index: i64 = index.parse().ok()?;
            let blob = blobs.get(usize::try_from(index).ok()?)?;
            Some(Tlv::Bytes(blob.to_vec()))
        }
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
