//! The binaries of a call: those of its arguments, and those that the app has put. How text names
//! them is not known here.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::bindings::dirty::app::blobs::{Full, Host};
use super::state::State;

/// What a binary costs beside its bytes: an app may put many empty ones.
const BLOB_BYTES: usize = 32;
const _: () = assert!(BLOB_BYTES >= size_of::<Bytes>());

/// The binaries of one call, by index. The default is that of no call: none, and room for none.
#[derive(Debug, Default)]
pub(crate) struct CallBlobs {
    given: Vec<Bytes>,
    put: BTreeMap<usize, Bytes>,
    /// The index of the next one.
    next: usize,
    /// What those that the app has put take.
    bytes: usize,
    bytes_max: usize,
}

impl CallBlobs {
    /// Those of a call's arguments, and room for so much.
    pub(crate) fn new(given: Vec<Bytes>, bytes_max: usize) -> Self {
        Self {
            next: given.len(),
            given,
            bytes_max,
            ..Self::default()
        }
    }

    /// How many bytes they have, all together.
    pub(crate) fn bytes(&self) -> usize {
        let all = self.given.iter().chain(self.put.values());
        all.map(Bytes::len).sum()
    }

    /// None if there is none of this index.
    pub(crate) fn get(&self, index: usize) -> Option<&Bytes> {
        self.given.get(index).or_else(|| self.put.get(&index))
    }

    /// Returns the index, or what there is room for in all.
    fn put(&mut self, data: Vec<u8>) -> Result<u32, usize> {
        let bytes = self.bytes.saturating_add(BLOB_BYTES + data.len());
        let index = u32::try_from(self.next).map_err(|_| self.bytes_max)?;
        if bytes > self.bytes_max {
            return Err(self.bytes_max);
        }
        self.put.insert(self.next, data.into());
        self.bytes = bytes;
        self.next += 1;
        Ok(index)
    }

    /// Forgets a binary that the app has put; one of the arguments stays.
    pub(crate) fn consume(&mut self, index: usize) {
        if let Some(blob) = self.put.remove(&index) {
            self.bytes -= BLOB_BYTES + blob.len();
        }
    }
}

impl Host for State {
    fn get(&mut self, index: u32) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(self.blobs.get(index as usize).map(|blob| blob.to_vec()))
    }

    fn put(&mut self, data: Vec<u8>) -> wasmtime::Result<Result<u32, Full>> {
        Ok(self.blobs.put(data).map_err(|bytes_max| Full {
            bytes_max: bytes_max as u64,
        }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn blobs(bytes_max: usize) -> CallBlobs {
        CallBlobs::new(vec![Bytes::from_static(b"given")], bytes_max)
    }

    #[test]
    fn indexes_go_on_from_those_of_the_arguments_and_are_not_used_again() {
        let mut blobs = blobs(1000);
        assert_eq!(blobs.put(b"a".to_vec()), Ok(1));
        assert_eq!(blobs.put(b"b".to_vec()), Ok(2));
        blobs.consume(1);
        assert_eq!(blobs.put(b"c".to_vec()), Ok(3));
        let found: Vec<_> = (0..5).map(|index| blobs.get(index)).collect();
        let expected = [Some("given"), None, Some("b"), Some("c"), None];
        assert_eq!(
            found,
            expected
                .map(|text| text.map(Bytes::from))
                .each_ref()
                .map(Option::as_ref)
        );
    }

    #[test]
    fn what_the_arguments_brought_stays_and_does_not_count() {
        let mut blobs = blobs(BLOB_BYTES);
        blobs.consume(0);
        assert!(blobs.get(0).is_some());
        assert_eq!(blobs.put(vec![]), Ok(1));
    }

    #[test]
    fn many_empty_ones_are_as_limited_as_a_large_one() {
        for size in [0, 1, 900] {
            let mut blobs = blobs(1000);
            let taken = (0..1000).take_while(|_| blobs.put(vec![0; size]).is_ok());
            assert_eq!(taken.count(), 1000 / (BLOB_BYTES + size), "{size}");
            assert_eq!(blobs.put(vec![0; size]), Err(1000));
        }
    }

    #[test]
    fn what_is_consumed_makes_room() {
        let mut blobs = blobs(100);
        for index in 1..1000 {
            assert_eq!(blobs.put(vec![0; 60]), Ok(index));
            assert_eq!(blobs.put(vec![0; 60]), Err(100));
            blobs.consume(index as usize);
            blobs.consume(index as usize);
        }
    }

    #[test]
    fn outside_of_a_call_there_are_none() {
        let mut blobs = CallBlobs::default();
        assert_eq!(blobs.put(vec![]), Err(0));
        assert!(blobs.get(0).is_none());
    }
}
