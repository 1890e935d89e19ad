//! What does not fit is refused, changes nothing, and is told how to make it fit.

use bytes::Bytes;

use super::*;
use crate::protocol::WireError;

fn room_for(table: &str, entries: &[(&str, usize)]) -> usize {
    let entries = entries
        .iter()
        .map(|(key, len)| table::bytes_of_entry(key, &json(&"1".repeat(*len))));
    table::bytes_of_table(table) + entries.sum::<usize>()
}

fn put(stash: &mut Stash, table: &str, key: &str, len: usize) -> Result<(), StashError> {
    let before = (stash.bytes(), stash.tables().len());
    let value = json(&"1".repeat(len));
    let put = stash.put(Instant::now(), table, key, value, None);
    if put.is_err() {
        assert_eq!((stash.bytes(), stash.tables().len()), before, "{put:?}");
    }
    assert_eq!(stash.bytes(), counted(stash));
    put
}

#[test]
fn the_bytes_of_all_tables() {
    let bytes_max = room_for("a", &[("k", 1000)]) + room_for("b", &[("k", 1000)]);
    let mut stash = Stash::new(StashSettings {
        bytes_max,
        ..roomy()
    });
    put(&mut stash, "a", "k", 1000).unwrap();
    let full = put(&mut stash, "b", "k", 1001).unwrap_err();
    let (bytes, max) = (bytes_max + 1, bytes_max);
    assert_eq!(full, StashError::Full { bytes, max });
    assert!(full.to_string().contains("`max_bytes`"), "{full}");
    assert_eq!(WireError::from(&full).details["limit"], max);
    put(&mut stash, "b", "k", 1000).unwrap();
    assert_eq!(stash.bytes(), bytes_max);
    assert_eq!(
        stash.ensure("c"),
        Err(StashError::Full {
            bytes: bytes_max + 257,
            max
        })
    );
    let grown = put(&mut stash, "b", "k", 1001).unwrap_err();
    assert_eq!(grown, StashError::Full { bytes, max });
    put(&mut stash, "b", "k", 999).unwrap();
    assert!(stash.delete_table("a"));
    put(&mut stash, "b", "k", 2000).unwrap();
}

#[test]
fn the_bytes_of_one_table() {
    let table_bytes_max = room_for("a", &[("k", 10), ("l", 10)]);
    let mut stash = Stash::new(StashSettings {
        table_bytes_max,
        ..roomy()
    });
    put(&mut stash, "a", "k", 10).unwrap();
    let full = put(&mut stash, "a", "l", 11).unwrap_err();
    assert!(matches!(&full, StashError::TableFull { table, .. } if table == "a"));
    assert!(full.to_string().contains("`max_table_bytes`"), "{full}");
    put(&mut stash, "a", "l", 10).unwrap();
    put(&mut stash, "b", "l", 11).unwrap();
    assert!(put(&mut stash, "c", "l", 10_000).is_err());
    assert!(!stash.has_table("c"));
    // No digit more than there is room for: 9999999999 and 1 have eleven.
    let now = Instant::now();
    let nines = json(&"9".repeat(10));
    stash.put(now, "a", "l", nines.clone(), None).unwrap();
    assert!(stash.increment(now, "a", "l", 1).is_err());
    assert_eq!(stash.get(now, "a", "l"), Ok(&nines));
}

#[test]
fn binaries_count_with_what_each_of_them_costs() {
    let now = Instant::now();
    let mut stash = Stash::new(roomy());
    let with_blobs = |blobs: &[&'static [u8]]| StashValue {
        json: "[]".into(),
        blobs: blobs.iter().map(|blob| Bytes::from_static(blob)).collect(),
    };
    let mut bytes_with = |blobs| {
        stash.put(now, "t", "k", with_blobs(blobs), None).unwrap();
        assert_eq!(stash.bytes(), counted(&stash));
        stash.bytes()
    };
    let none = bytes_with(&[]);
    assert_eq!(bytes_with(&[b"12345"]), none + 64 + 5);
    assert_eq!(bytes_with(&[b"", b"", b""]), none + 3 * 64);
}

#[test]
fn the_count_of_keys_and_of_tables() {
    let mut stash = Stash::new(StashSettings {
        keys_max: 2,
        tables_max: 2,
        ..roomy()
    });
    for key in ["a", "b", "a"] {
        put(&mut stash, "t", key, 1).unwrap();
    }
    let refused = put(&mut stash, "t", "c", 1).unwrap_err();
    assert!(matches!(refused, StashError::TooManyKeys { max: 2, .. }));
    put(&mut stash, "u", "c", 1).unwrap();
    let too_many = StashError::TooManyTables { max: 2 };
    assert_eq!(put(&mut stash, "v", "c", 1), Err(too_many.clone()));
    assert_eq!(stash.ensure("v"), Err(too_many));
    assert_eq!(stash.ensure("t"), Ok(()));
    assert!(stash.delete(Instant::now(), "t", "a") && stash.delete_table("u"));
    put(&mut stash, "t", "c", 1).unwrap();
    stash.ensure("v").unwrap();
}

#[test]
fn the_lengths_of_names() {
    let mut stash = Stash::new(roomy());
    let (table, key) = ("é".repeat(127), "k".repeat(KEY_BYTES_MAX));
    put(&mut stash, &table, &key, 1).unwrap();
    stash.ensure(&table).unwrap();
    let table = table + "éa";
    for refused in [put(&mut stash, &table, "k", 1), stash.ensure(&table)] {
        let error = refused.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the table's name has 257 bytes, and at most 255 are possible: choose a shorter one"
        );
    }
    let error = put(&mut stash, "t", &(key + "k"), 1).unwrap_err();
    assert!(
        error.to_string().starts_with("the key has 1025 bytes"),
        "{error}"
    );
    let pattern = "*".repeat(PATTERN_BYTES_MAX + 1);
    let error = stash.keys(Instant::now(), "t", Some(&pattern)).unwrap_err();
    assert!(
        error.to_string().starts_with("the pattern has 256 bytes"),
        "{error}"
    );
}

#[test]
fn what_is_to_be_forgotten_makes_room() {
    let now = Instant::now();
    let mut stash = Stash::new(StashSettings {
        keys_max: 2,
        ..roomy()
    });
    let brief = Some(seconds(1));
    stash.put(now, "t", "a", json("1"), brief).unwrap();
    stash.put(now, "t", "b", json("1"), brief).unwrap();
    assert!(stash.put(now, "t", "c", json("1"), None).is_err());
    let end = now + seconds(1);
    stash.put(end, "t", "c", json("1"), None).unwrap();
    assert_eq!(stash.keys(end, "t", None).unwrap(), ["c"]);
    // No more of them than was needed.
    assert_eq!(stash.tables["t"].len(), 2);
}

#[test]
fn under_lower_limits_it_can_only_get_less() {
    let mut stash = Stash::new(roomy());
    for key in ["a", "b", "c"] {
        put(&mut stash, "t", key, 1000).unwrap();
    }
    stash.set_limits(StashSettings {
        bytes_max: 1000,
        table_bytes_max: 1000,
        keys_max: 1,
        tables_max: 1,
    });
    assert_eq!(stash.size(Instant::now(), "t"), Ok(3));
    put(&mut stash, "t", "a", 1000).unwrap();
    put(&mut stash, "t", "b", 10).unwrap();
    assert!(put(&mut stash, "t", "b", 11).is_err());
    assert!(put(&mut stash, "t", "d", 1).is_err());
    stash.clear("t");
    put(&mut stash, "t", "d", 1).unwrap();
}

#[test]
fn a_refusal_names_the_limit_that_can_be_raised() {
    // As configured without `max_table_bytes`, which may not be above `max_bytes`.
    let mut alone = Stash::new(StashSettings {
        bytes_max: 1000,
        table_bytes_max: 1000,
        ..roomy()
    });
    let full = put(&mut alone, "t", "k", 1000).unwrap_err();
    assert!(matches!(full, StashError::Full { max: 1000, .. }), "{full}");
    let limit = Limit::All;
    let too_large = StashError::ValueTooLarge { max: 1000, limit };
    assert_eq!(alone.value_too_large(), too_large);
    assert!(too_large.to_string().contains("`max_bytes`"), "{too_large}");
    assert_eq!(WireError::from(&too_large).details["limit"], 1000);

    let both = Stash::new(StashSettings {
        bytes_max: 2000,
        table_bytes_max: 1000,
        ..roomy()
    });
    assert_eq!(both.value_bytes_max(), 1000);
    let too_large = both.value_too_large().to_string();
    assert!(too_large.contains("`max_table_bytes`"), "{too_large}");
}
