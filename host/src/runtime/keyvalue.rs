//! `wasi:keyvalue` on the stash: a bucket is a table, a value the bytes of a binary or of a JSON text.

use wasmtime::component::{HasSelf, Linker, Resource};

use self::bindings::wasi::keyvalue::store::{self, Error, KeyResponse};
use self::bindings::wasi::keyvalue::{atomics, batch};
use super::state::State;
use super::uplink::StashFault;
use crate::stash::{StashError, StashRequest, StashValue, TABLE_NAME_BYTES_MAX, Text};

/// The proposal's version that is offered: drafts do not stand in for each other.
pub(super) const VERSION: &str = "0.2.0-draft";

/// How many buckets an instance may have open. They take the host's memory, not its own.
const BUCKETS_MAX: usize = 1024;
/// What each entry of a list takes beside its bytes, about.
const ENTRY_BYTES: usize = 64;

/// Room for what is collected for a guest: until it has it, it takes the host's memory.
struct Room {
    left: usize,
    max: usize,
}

impl Room {
    fn new(max: usize) -> Self {
        Self { left: max, max }
    }

    /// Takes room for an entry.
    fn take(&mut self, bytes: usize) -> Result<(), Error> {
        let taken = self.left.checked_sub(ENTRY_BYTES + bytes);
        self.left = taken.ok_or_else(|| {
            Error::Other(format!(
                "the values of all these keys have more than {} bytes: ask for fewer at once, or \
                 raise `max_frame` in the configuration",
                self.max
            ))
        })?;
        Ok(())
    }
}

/// A table that an instance has opened.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "what is generated names it as public")]
pub struct Bucket {
    table: String,
}

mod bindings {
    //! What wasmtime generates from the proposal.
    #![allow(missing_docs, unreachable_pub)]

    wasmtime::component::bindgen!({
        path: "../wit/deps/keyvalue",
        world: "imports",
        imports: { default: trappable },
        with: { "wasi:keyvalue/store.bucket": super::Bucket },
    });
}

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    store::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?;
    atomics::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?;
    batch::add_to_linker::<_, HasSelf<_>>(linker, |state| state)
}

/// What a function of the proposal returns. A trap is a bucket that there is none of.
type Reply<T> = wasmtime::Result<Result<T, Error>>;

impl State {
    fn table_of(&mut self, bucket: &Resource<Bucket>) -> wasmtime::Result<String> {
        Ok(self.resources().get(bucket)?.table.clone())
    }

    fn get_bytes(&mut self, table: String, key: String) -> Result<Option<Vec<u8>>, Error> {
        let value = self.stash_value(table, key)?;
        value.map(bytes_of).transpose()
    }

    fn set_bytes(&mut self, table: String, key: String, bytes: Vec<u8>) -> Result<(), Error> {
        let value = StashValue::from_binary(bytes);
        self.change_stash(StashRequest::Put {
            table,
            key,
            value,
            ttl: None,
        })?;
        Ok(())
    }

    fn delete_key(&mut self, table: String, key: String) -> Result<(), Error> {
        self.stash_truth(StashRequest::Delete { table, key })?;
        Ok(())
    }
}

/// The bytes of a value that is one binary, or the text of one that has none.
fn bytes_of(mut value: StashValue) -> Result<Vec<u8>, Error> {
    if value.as_binary().is_some() {
        return Ok(value.blobs.swap_remove(0).into());
    }
    if value.blobs.is_empty() {
        return Ok(value.json.into_string().into_bytes());
    }
    let message = "the value has binaries within it: read it through dirty:app/stash";
    Err(Error::Other(message.to_owned()))
}

impl store::Host for State {
    fn open(&mut self, identifier: String) -> Reply<Resource<Bucket>> {
        let len = identifier.len();
        if len > TABLE_NAME_BYTES_MAX {
            let (what, max) = (Text::TableName, TABLE_NAME_BYTES_MAX);
            let refused = StashError::TooLong { what, len, max };
            return Ok(Err(StashFault::Refused(refused).into()));
        }
        if self.buckets == BUCKETS_MAX {
            let message = format!("{BUCKETS_MAX} buckets are open: drop those that are done with");
            return Ok(Err(Error::Other(message)));
        }
        let bucket = Bucket { table: identifier };
        let bucket = self.resources().push(bucket)?;
        self.buckets += 1;
        Ok(Ok(bucket))
    }
}

impl store::HostBucket for State {
    fn get(&mut self, bucket: Resource<Bucket>, key: String) -> Reply<Option<Vec<u8>>> {
        let table = self.table_of(&bucket)?;
        Ok(self.get_bytes(table, key))
    }

    fn set(&mut self, bucket: Resource<Bucket>, key: String, value: Vec<u8>) -> Reply<()> {
        let table = self.table_of(&bucket)?;
        Ok(self.set_bytes(table, key, value))
    }

    fn delete(&mut self, bucket: Resource<Bucket>, key: String) -> Reply<()> {
        let table = self.table_of(&bucket)?;
        Ok(self.delete_key(table, key))
    }

    fn exists(&mut self, bucket: Resource<Bucket>, key: String) -> Reply<bool> {
        let (table, key) = (self.table_of(&bucket)?, Some(key));
        let exists = self.stash_truth(StashRequest::Exists { table, key });
        Ok(exists.map_err(Error::from))
    }

    fn list_keys(&mut self, bucket: Resource<Bucket>, cursor: Option<u64>) -> Reply<KeyResponse> {
        let (table, pattern) = (self.table_of(&bucket)?, None);
        let keys = match cursor {
            None => self.stash_names(StashRequest::Keys { table, pattern }),
            Some(_) => Ok(Vec::new()),
        };
        let response = |keys| KeyResponse { keys, cursor: None };
        Ok(keys.map(response).map_err(Error::from))
    }

    fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.resources().delete(bucket)?;
        self.buckets -= 1;
        Ok(())
    }
}

impl atomics::Host for State {
    fn increment(&mut self, bucket: Resource<Bucket>, key: String, delta: u64) -> Reply<u64> {
        let table = self.table_of(&bucket)?;
        let Ok(delta) = i64::try_from(delta) else {
            let message = format!("{delta} is too large: an integer of the stash has 63 bits here");
            return Ok(Err(Error::Other(message)));
        };
        Ok(match self.stash_sum(table, key, delta) {
            Ok(sum) => u64::try_from(sum).map_err(|_| {
                Error::Other(format!(
                    "the sum is {sum}, which is below 0: it is there now"
                ))
            }),
            Err(fault) => Err(fault.into()),
        })
    }
}

impl batch::Host for State {
    fn get_many(
        &mut self,
        bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> Reply<Vec<Option<(String, Vec<u8>)>>> {
        let table = self.table_of(&bucket)?;
        let mut room = Room::new(self.transfer_bytes_max);
        let pairs = keys.into_iter().map(|key| {
            let value = self.get_bytes(table.clone(), key.clone())?;
            room.take(key.len() + value.as_ref().map_or(0, Vec::len))?;
            Ok(value.map(|value| (key, value)))
        });
        Ok(pairs.collect())
    }

    fn set_many(
        &mut self,
        bucket: Resource<Bucket>,
        key_values: Vec<(String, Vec<u8>)>,
    ) -> Reply<()> {
        let table = self.table_of(&bucket)?;
        let mut pairs = key_values.into_iter();
        Ok(pairs.try_for_each(|(key, value)| self.set_bytes(table.clone(), key, value)))
    }

    fn delete_many(&mut self, bucket: Resource<Bucket>, keys: Vec<String>) -> Reply<()> {
        let table = self.table_of(&bucket)?;
        let mut keys = keys.into_iter();
        Ok(keys.try_for_each(|key| self.delete_key(table.clone(), key)))
    }
}

impl From<StashFault> for Error {
    fn from(fault: StashFault) -> Self {
        Self::Other(fault.to_string())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const WHOLE_BLOB: &str = r#"{"$blob":0}"#;

    fn value(json: &str, blobs: &[&'static [u8]]) -> StashValue {
        StashValue {
            json: json.into(),
            blobs: blobs.iter().copied().map(Into::into).collect(),
        }
    }

    #[test]
    fn what_is_collected_has_its_limit() {
        let mut room = Room::new(1000);
        room.take(0).unwrap();
        room.take(1000 - 2 * ENTRY_BYTES).unwrap();
        let refused = room.take(0).unwrap_err();
        assert!(matches!(&refused, Error::Other(text) if text.contains("`max_frame`")));
        assert!(Room::new(usize::MAX).take(1 << 40).is_ok());
    }

    #[test]
    fn the_bytes_of_a_value() {
        for (value, bytes) in [
            (value(WHOLE_BLOB, &[b"\0\xff"]), &b"\0\xff"[..]),
            (value(" {\"$blob\" : 0}\n", &[b""]), b""),
            (value("[1.50]", &[]), b"[1.50]"),
            (value(r#"{"$$blob":0}"#, &[]), br#"{"$$blob":0}"#),
        ] {
            assert_eq!(bytes_of(value).unwrap(), bytes);
        }
        for value in [
            value(r#"[{"$blob":0}]"#, &[b"x"]),
            value(r#"{"$blob":1}"#, &[b"x"]),
            value(WHOLE_BLOB, &[b"x", b"y"]),
        ] {
            assert!(bytes_of(value).is_err());
        }
    }
}
