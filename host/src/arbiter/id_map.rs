//! Maps by ids that the host itself has counted.
//!
//! Nobody chooses such ids so that they collide, and each call is looked up in a dozen maps: the hash
//! is one multiplication. What clients name is kept in the standard library's maps, whose hash has a
//! secret.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use rustc_hash::FxHasher;

/// A map by a number of the host's own.
pub(super) type IdMap<K, V> = HashMap<K, V, BuildHasherDefault<FxHasher>>;
