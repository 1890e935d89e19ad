//! Where the binaries of a text are: with the host, as long as it is of a call; beside the text, if it
//! is a value of the stash.

use std::cell::RefCell;

use crate::host;

thread_local! {
    /// The binaries of the value that is just being read or written, if one is.
    static OF_VALUE: RefCell<Option<Vec<Vec<u8>>>> = const { RefCell::new(None) };
}

/// The binary of this index; none if there is none.
pub(crate) fn get(index: u32) -> Option<Vec<u8>> {
    let of_value = OF_VALUE.with_borrow(|blobs| {
        let blobs = blobs.as_ref()?;
        let blob = usize::try_from(index).ok().and_then(|at| blobs.get(at));
        Some(blob.cloned())
    });
    of_value.unwrap_or_else(|| host::blob(index))
}

/// Adds a binary. Returns its index or, if there is no room for it, how many bytes there is room for
/// in all.
pub(crate) fn put(bytes: &[u8]) -> Result<u32, u64> {
    let of_value = OF_VALUE.with_borrow_mut(|blobs| {
        let blobs = blobs.as_mut()?;
        blobs.push(bytes.to_vec());
        Some(u32::try_from(blobs.len() - 1).map_err(|_| u64::from(u32::MAX)))
    });
    of_value.unwrap_or_else(|| host::put_blob(bytes))
}

/// Reads or writes a value of the stash that has these binaries. Returns those that it has then.
pub(crate) fn of_value<T>(blobs: Vec<Vec<u8>>, f: impl FnOnce() -> T) -> (T, Vec<Vec<u8>>) {
    let outer = OF_VALUE.replace(Some(blobs));
    let returned = f();
    (returned, OF_VALUE.replace(outer).unwrap_or_default())
}
