//! Uses `wasi:keyvalue` beside the SDK.

use dirty_guest::{Actions, App, NoConfig, Result};

#[cfg(target_family = "wasm")]
#[allow(missing_docs, unreachable_pub, clippy::undocumented_unsafe_blocks)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit/deps/keyvalue",
        world: "imports",
        generate_all,
    });
}

struct KeyValue;

dirty_guest::export!(KeyValue);

impl App for KeyValue {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn actions(actions: &mut Actions<Self>) {
        #[cfg(target_family = "wasm")]
        actions
            .on("set", Self::set)
            .on("get", Self::get)
            .on("rest", Self::rest)
            .on("many", Self::many)
            .on("buckets", Self::buckets)
            .on("increment", Self::increment);
        #[cfg(not(target_family = "wasm"))]
        let _ = actions;
    }
}

#[cfg(target_family = "wasm")]
mod actions {
    use dirty_guest::{Error, Result};

    use super::KeyValue;
    use super::bindings::wasi::keyvalue::store::{self, Bucket};
    use super::bindings::wasi::keyvalue::{atomics, batch};

    fn error(error: store::Error) -> Error {
        match error {
            store::Error::NoSuchStore => Error::new("NoSuchStore", ""),
            store::Error::AccessDenied => Error::new("AccessDenied", ""),
            store::Error::Other(message) => Error::new("Other", message),
        }
    }

    fn open(name: &str) -> Result<Bucket> {
        store::open(name).map_err(error)
    }

    impl KeyValue {
        pub(super) fn set(&self, (table, key, value): (String, String, Vec<u8>)) -> Result<()> {
            open(&table)?.set(&key, &value).map_err(error)
        }

        pub(super) fn get(&self, (table, key): (String, String)) -> Result<Option<Vec<u8>>> {
            open(&table)?.get(&key).map_err(error)
        }

        pub(super) fn increment(&self, (table, key, by): (String, String, u64)) -> Result<u64> {
            atomics::increment(&open(&table)?, &key, by).map_err(error)
        }

        /// How many values one batch brings that asks for the same key so many times.
        pub(super) fn many(&self, (table, key, times): (String, String, usize)) -> Result<usize> {
            let found = batch::get_many(&open(&table)?, &vec![key; times]).map_err(error)?;
            Ok(found.into_iter().flatten().count())
        }

        /// Opens so many buckets, and drops them at its end.
        pub(super) fn buckets(&self, (count,): (usize,)) -> Result<usize> {
            let open: Result<Vec<_>> = (0..count).map(|_| open("t")).collect();
            Ok(open?.len())
        }

        /// Everything else: what each function of the interface says of a table that is its own.
        pub(super) fn rest(&self, (table,): (String,)) -> Result<Vec<String>> {
            let bucket = open(&table)?;
            let mut said = Vec::new();
            let pairs = ["a", "b"].map(|key| (key.to_owned(), key.as_bytes().to_vec()));
            batch::set_many(&bucket, &pairs).map_err(error)?;
            let keys = ["b", "none", "a"].map(str::to_owned);
            let many = batch::get_many(&bucket, &keys).map_err(error)?;
            said.push(format!("{many:?}"));
            let listed = bucket.list_keys(None).map_err(error)?;
            said.push(format!("{:?} {:?}", listed.keys, listed.cursor));
            let page = bucket.list_keys(Some(1)).map_err(error)?;
            said.push(format!("{:?} {:?}", page.keys, page.cursor));
            batch::delete_many(&bucket, &keys[..2]).map_err(error)?;
            let exists = ["a", "b"].map(|key| bucket.exists(key).map_err(error));
            let [a, b] = exists;
            said.push(format!("{} {}", a?, b?));
            bucket.delete("a").map_err(error)?;
            bucket.delete("a").map_err(error)?;
            said.push(format!("{:?}", bucket.get("a").map_err(error)?));
            Ok(said)
        }
    }
}
