//! Messages and values that the tests are made of.

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::header::{Header, Kind};
pub(super) use crate::fuzzing::tlv::{Tlv, dict, text};

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
