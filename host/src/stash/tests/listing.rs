//! Lists of keys that are made in pieces.

use super::*;

fn filled(now: Instant, keys: impl Iterator<Item = u32>) -> Stash {
    let mut stash = Stash::new(roomy());
    for key in keys {
        let key = format!("{key:03}");
        stash.put(now, "t", &key, json("0"), None).unwrap();
    }
    stash
}

#[test]
fn a_list_is_the_same_however_small_its_pieces() {
    let now = Instant::now();
    let stash = filled(now, (0..200).rev());
    for pattern in [None, Some("*7*"), Some("1*"), Some("nothing")] {
        let whole = stash.keys(now, "t", pattern).unwrap();
        for work_max in [1, 100, 1000, 100_000] {
            let mut listing = stash.list("t", pattern).unwrap();
            let mut pieces = 1;
            while !stash.go_on(now, &mut listing, work_max).is_done {
                pieces += 1;
            }
            assert_eq!(listing.into_names(), whole);
            assert!(pieces == 1 || work_max < 100_000, "{pattern:?}");
        }
    }
}

#[test]
fn a_piece_is_as_much_work_as_was_allowed_however_many_keys_there_are() {
    let now = Instant::now();
    let stash = filled(now, 0..1000);
    let work_of_key = 64 + 3;
    let mut listing = stash.list("t", Some("*nothing*")).unwrap();
    let mut keys = 0;
    loop {
        let Progress { is_done, work } = stash.go_on(now, &mut listing, 50 * work_of_key);
        assert!(work <= 50 * work_of_key, "{work}");
        keys += work / work_of_key;
        if is_done {
            break;
        }
    }
    assert_eq!(keys, 1000, "each is looked at once");
}

#[test]
fn what_changes_meanwhile_is_listed_or_not_and_the_rest_is() {
    let now = Instant::now();
    let mut stash = filled(now, (0..100).map(|key| 2 * key));
    let mut listing = stash.list("t", None).unwrap();
    for step in 0.. {
        let is_done = stash.go_on(now, &mut listing, 500).is_done;
        // One goes that was listed, or is still to be, and one comes.
        let removed = format!("{:03}", 2 * (step * 7 % 100));
        let added = format!("{:03}", 1 + 2 * (step * 13 % 100));
        stash.delete(now, "t", &removed);
        stash.put(now, "t", &added, json("0"), None).unwrap();
        if is_done {
            break;
        }
    }
    let names = listing.into_names();
    let unique: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(unique.len(), names.len(), "each once");
    for key in stash.keys(now, "t", None).unwrap() {
        let is_new = key.ends_with(['1', '3', '5', '7', '9']);
        assert!(is_new || names.contains(&key), "{key}");
    }
}

#[test]
fn a_table_may_go_while_its_keys_are_listed() {
    let now = Instant::now();
    let mut stash = filled(now, 0..100);
    let mut listing = stash.list("t", None).unwrap();
    assert!(!stash.go_on(now, &mut listing, 500).is_done);
    assert!(stash.delete_table("t"));
    assert!(stash.go_on(now, &mut listing, 500).is_done);
}
