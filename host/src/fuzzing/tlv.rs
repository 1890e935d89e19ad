//! TLV as a tree, read and written in the most obvious way: what tests and fuzzers compare with.

use crate::protocol::DEPTH_MAX;

const ITEMS_MAX: usize = 1 << 20;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tlv {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Bytes(Vec<u8>),
    Text(String),
    List(Vec<Tlv>),
    Dict(Vec<(String, Tlv)>),
}

pub(crate) fn text(text: &str) -> Tlv {
    Tlv::Text(text.to_owned())
}

pub(crate) fn dict<const N: usize>(pairs: [(&str, Tlv); N]) -> Tlv {
    Tlv::Dict(pairs.map(|(key, value)| (key.to_owned(), value)).into())
}

impl Tlv {
    pub(crate) fn encode(&self) -> Vec<u8> {
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

    /// The one value that `bytes` are, if they are one, and not too deep.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Tlv> {
        let mut rest = bytes;
        let value = Self::take(&mut rest, DEPTH_MAX)?;
        rest.is_empty().then_some(value)
    }

    fn take(rest: &mut &[u8], depth_left: usize) -> Option<Tlv> {
        let [code] = take_array(rest)?;
        Some(match code {
            0x00 => Tlv::None,
            0x01 => Tlv::Bool(take_array(rest)? != [0]),
            0x05 => Tlv::Int(i64::from_be_bytes(take_array(rest)?)),
            0x06 => Tlv::Float(f64::from_be_bytes(take_array(rest)?)),
            0x10 => Tlv::Bytes(take_run(rest)?.to_vec()),
            0x11 => Tlv::Text(String::from_utf8(take_run(rest)?.to_vec()).ok()?),
            0x20 => {
                let (count, depth_left) = (take_count(rest)?, depth_left.checked_sub(1)?);
                let items = (0..count).map(|_| Self::take(rest, depth_left));
                Tlv::List(items.collect::<Option<_>>()?)
            }
            0x21 => {
                let (count, depth_left) = (take_count(rest)?, depth_left.checked_sub(1)?);
                let pairs = (0..count).map(|_| {
                    let key = Self::take(rest, 0)?;
                    let value = Self::take(rest, depth_left)?;
                    match key {
                        Tlv::Text(key) => Some((key, value)),
                        _ => None,
                    }
                });
                Tlv::Dict(pairs.collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }

    /// The same with every NaN the same: apps are not told one from another.
    pub(crate) fn with_one_nan(self) -> Tlv {
        match self {
            Tlv::Float(number) if number.is_nan() => Tlv::Float(f64::NAN),
            Tlv::List(items) => Tlv::List(items.into_iter().map(Tlv::with_one_nan).collect()),
            Tlv::Dict(pairs) => {
                let pairs = pairs.into_iter();
                Tlv::Dict(
                    pairs
                        .map(|(key, value)| (key, value.with_one_nan()))
                        .collect(),
                )
            }
            other => other,
        }
    }
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (array, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*array)
}

fn take_run<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = u32::from_be_bytes(take_array(rest)?);
    let (run, after) = rest.split_at_checked(len as usize)?;
    *rest = after;
    Some(run)
}

fn take_count(rest: &mut &[u8]) -> Option<usize> {
    let count = u32::from_be_bytes(take_array(rest)?) as usize;
    (count <= ITEMS_MAX).then_some(count)
}
