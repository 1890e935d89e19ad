//! Binaries in arguments and results, as this client's dialect has them.

use std::fmt;
use std::ops::Deref;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes that an app is to get, or that it has sent, as they are.
///
/// In JSON they are `{"$bytes": BASE64}`, and so take a third more on the wire.
///
/// ```no_run
/// # async fn reverse(client: dirty_host::client::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use dirty_host::client::Bytes;
///
/// let data = Bytes::from(std::fs::read("photo.jpg")?);
/// let reversed: Bytes = client.call("demo", "reverse").arg(data).execute().await?;
/// std::fs::write("reversed", &*reversed)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Bytes(Vec<u8>);

/// The only key of an object that stands for a binary.
const KEY: &str = "$bytes";

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<Bytes> for Vec<u8> {
    fn from(bytes: Bytes) -> Self {
        bytes.0
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Shows how many there are: they may be millions.
impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({} bytes)", self.0.len())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(1))?;
        object.serialize_entry(KEY, &STANDARD.encode(&self.0))?;
        object.end()
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BytesVisitor;
        impl<'de> Visitor<'de> for BytesVisitor {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, r#"bytes, {{"{KEY}": BASE64}}"#)
            }

            fn visit_map<M: MapAccess<'de>>(self, mut object: M) -> Result<Bytes, M::Error> {
                let Some((key, base64)) = object.next_entry::<String, String>()? else {
                    return Err(M::Error::missing_field(KEY));
                };
                if key != KEY {
                    return Err(M::Error::unknown_field(&key, &[KEY]));
                }
                if let Some(key) = object.next_key::<String>()? {
                    return Err(M::Error::unknown_field(&key, &[KEY]));
                }
                let bytes = STANDARD.decode(base64).map_err(M::Error::custom)?;
                Ok(Bytes(bytes))
            }
        }
        deserializer.deserialize_map(BytesVisitor)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn bytes_are_base64_in_an_object() {
        for (bytes, json) in [
            (&b""[..], r#"{"$bytes":""}"#),
            (b"\xff\xef", r#"{"$bytes":"/+8="}"#),
        ] {
            let bytes = Bytes::from(bytes.to_vec());
            assert_eq!(serde_json::to_string(&bytes).unwrap(), json);
            assert_eq!(serde_json::from_str::<Bytes>(json).unwrap(), bytes);
        }
    }

    #[test]
    fn anything_else_is_none() {
        for json in [
            "{}",
            "[1]",
            r#""/+8=""#,
            r#"{"$bytes":5}"#,
            r#"{"$bytes":"?"}"#,
            r#"{"$$bytes":""}"#,
            r#"{"$bytes":"","a":1}"#,
        ] {
            assert!(serde_json::from_str::<Bytes>(json).is_err(), "{json}");
        }
    }
}
