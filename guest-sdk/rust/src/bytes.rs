//! Binaries in arguments, results and chunks. How they reach the host is for `host`.

use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::blobs;

/// Bytes that a client has sent, or that it is to get, as they are: without base64 or a list of
/// numbers in between, as large as the host's frames.
///
/// It can stand wherever serde goes: as a parameter, within lists and structs, in results and chunks.
///
/// ```
/// use dirty_guest::{Bytes, Result};
///
/// # struct Images;
/// # impl Images {
/// fn invert(&self, (mut image,): (Bytes,)) -> Result<Bytes> {
///     image.iter_mut().for_each(|byte| *byte = !*byte);
///     Ok(image)
/// }
/// # }
/// ```
///
/// The bytes cross between the host and the app when the value is read or written, so read and write
/// it as arguments, results and chunks, and in the [stash](crate::stash), only: anywhere else the text means nothing. To pass bytes on
/// unseen take a [`RawValue`](crate::RawValue).
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(Vec<u8>);

/// The only key of an object that stands for a binary.
const KEY: &str = "$blob";

impl Bytes {
    /// The bytes as a vector, which may grow; copies nothing.
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

/// Shows how many there are: they may be millions.
impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({} bytes)", self.0.len())
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for Bytes {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for Bytes {
    fn from(bytes: &[u8; N]) -> Self {
        Self(bytes.to_vec())
    }
}

impl From<Bytes> for Vec<u8> {
    fn from(bytes: Bytes) -> Self {
        bytes.0
    }
}

impl FromIterator<u8> for Bytes {
    fn from_iter<I: IntoIterator<Item = u8>>(bytes: I) -> Self {
        Self(bytes.into_iter().collect())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let index = blobs::put(&self.0).map_err(|bytes_max| {
            S::Error::custom(format_args!(
                "its binaries take more than the host keeps of a call ({bytes_max} bytes)"
            ))
        })?;
        let mut object = serializer.serialize_map(Some(1))?;
        object.serialize_entry(KEY, &index)?;
        object.end()
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not a map: so that it can be an action's only parameter, too.
        deserializer.deserialize_any(BytesVisitor)
    }
}

struct BytesVisitor;

impl<'de> Visitor<'de> for BytesVisitor {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"bytes (JSON clients write {"$bytes": BASE64})"#)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut object: M) -> Result<Bytes, M::Error> {
        let other = || M::Error::invalid_type(serde::de::Unexpected::Map, &self);
        match object.next_key::<String>()? {
            Some(key) if key == KEY => {}
            _ => return Err(other()),
        }
        let index: u32 = object.next_value()?;
        if object.next_key::<IgnoredAny>()?.is_some() {
            return Err(other());
        }
        let bytes = blobs::get(index).ok_or_else(|| {
            M::Error::custom(format_args!(
                "`{KEY}` is {index}, which names no binary of this call"
            ))
        })?;
        Ok(Bytes(bytes))
    }
}
