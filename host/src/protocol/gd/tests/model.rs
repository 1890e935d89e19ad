//! TLV as a tree, encoded in the most obvious way: what the tests compare with.

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::header::{Header, Kind};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tlv {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Bytes(Vec<u8>),
    Text(String),
    List(Vec<Tlv>),
    Dict(Vec<(String, Tlv)>),
}

pub(super) fn text(text: &str) -> Tlv {
    Tlv::Text(text.to_owned())
}

pub(super) fn dict<const N: usize>(pairs: [(&str, Tlv); N]) -> Tlv {
    Tlv::Dict(pairs.map(|(key, value)| (key.to_owned(), value)).into())
}

impl Tlv {
    pub(super) fn encode(&self) -> Vec<u8> {
        let counted = |code: u8, count: usize| {
            [&[code][..], &u32::try_from(count).unwrap().to_be_bytes()].concat()
        };
        match self {
            Tlv::None => vec![0x00],
            Tlv::Bool(value) => vec![0x01, u8::from(*value)],
            Tlv::Int(number) => [&[0x05][..], &number.to_be_bytes()].concat(),
            Tlv::Float(number) => [&[0x06][..], &number.to_be_bytes()].concat(),
            Tlv::Bytes(bytes) => [counted(0x10, bytes.len()), bytes.clone()].concat(),
            Tlv::Text(text) => [counted(0x11, text.len()), text.clone().into()].concat(),
            Tlv::List(items) => {
                let items = items.iter().flat_map(Tlv::encode);
                counted(0x20, self.len()).into_iter().chain(items).collect()
            }
            Tlv::Dict(pairs) => {
                let pairs = pairs
                    .iter()
                    .flat_map(|(key, value)| [text(key).encode(), value.encode()].concat());
                counted(0x21, self.len()).into_iter().chain(pairs).collect()
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Tlv::List(items) => items.len(),
            Tlv::Dict(pairs) => pairs.len(),
            _ => 0,
        }
    }
}

pub(super) fn frame_of(kind: Kind, id: u64, payload: &[u8]) -> Bytes {
    let len = u32::try_from(payload.len()).unwrap();
    let header = Header { kind, len, id };
    [&header.to_bytes()[..], payload].concat().into()
}

/// A request as the existing clients write it.
pub(super) fn request(args: Vec<Tlv>, kwargs: Vec<(String, Tlv)>) -> Tlv {
    dict([
        ("app_path", text("a:B")),
        ("action", text("go")),
        ("args", Tlv::List(args)),
        ("kwargs", Tlv::Dict(kwargs)),
    ])
}

/// Keys, among them many that look like escapes.
pub(super) fn key() -> impl Strategy<Value = String> {
    let special = [
        "$blob",
        "$float",
        "$$blob",
        "$$float",
        "$$$blob",
        "$",
        "$$",
        "$blobs",
        "blob",
        "$bytes",
        "$$bytes",
        "timeout",
        "multiplex",
    ];
    prop_oneof![select(special.map(str::to_owned).to_vec()), any::<String>(),]
}

/// Values of every kind, also such as look like the values of escapes.
pub(super) fn value() -> impl Strategy<Value = Tlv> {
    let float = prop_oneof![
        any::<f64>().prop_map(|number| if number.is_nan() { 0.5 } else { number }),
        select(vec![
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            -0.0,
            1e16,
            5e-324
        ]),
    ];
    let leaf = prop_oneof![
        Just(Tlv::None),
        any::<bool>().prop_map(Tlv::Bool),
        any::<i64>().prop_map(Tlv::Int),
        (0i64..3).prop_map(Tlv::Int),
        float.prop_map(Tlv::Float),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Tlv::Bytes),
        any::<String>().prop_map(Tlv::Text),
        select(vec!["nan", "inf", "-inf"]).prop_map(text),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Tlv::List),
            prop::collection::vec((key(), inner), 0..3).prop_map(Tlv::Dict),
        ]
    })
}
