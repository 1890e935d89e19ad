//! Values that are to be forgotten.

use super::*;

fn put(stash: &mut Stash, now: Instant, key: &str, ttl: Option<u64>) {
    let ttl = ttl.map(seconds);
    stash.put(now, "t", key, json("1"), ttl).unwrap();
}

#[test]
fn nobody_sees_a_value_from_its_end_on() {
    let start = Instant::now();
    let mut stash = Stash::new(roomy());
    put(&mut stash, start, "brief", Some(5));
    put(&mut stash, start, "lasting", None);
    let before = start + seconds(5) - Duration::from_nanos(1);
    assert!(stash.get(before, "t", "brief").is_ok());
    assert_eq!(stash.size(before, "t"), Ok(2));
    let end = start + seconds(5);
    assert!(stash.get(end, "t", "brief").is_err());
    assert!(!stash.has_key(end, "t", "brief"));
    assert_eq!(stash.keys(end, "t", Some("*")).unwrap(), ["lasting"]);
    assert_eq!(stash.size(end, "t"), Ok(1));
    assert!(!stash.delete(end, "t", "brief"));
    assert_eq!(stash.next_due(), None);
    assert_eq!(counted(&stash), stash.bytes());
}

#[test]
fn a_put_without_a_time_lasts_and_an_increment_changes_none() {
    let now = Instant::now();
    let mut stash = Stash::new(roomy());
    put(&mut stash, now, "k", Some(5));
    assert_eq!(stash.increment(now, "t", "k", 1), Ok(2));
    assert_eq!(stash.next_due(), Some(now + seconds(5)));
    put(&mut stash, now, "k", Some(9));
    assert_eq!(stash.next_due(), Some(now + seconds(9)));
    put(&mut stash, now, "k", None);
    assert_eq!(stash.next_due(), None);
    assert!(stash.has_key(now + seconds(99), "t", "k"));
}

#[test]
fn what_has_ended_counts_as_none_for_those_that_change_it() {
    let now = Instant::now();
    let mut stash = Stash::new(roomy());
    put(&mut stash, now, "a", Some(1));
    put(&mut stash, now, "b", None);
    let later = now + seconds(1);
    assert_eq!(stash.increment(later, "t", "a", 5), Ok(5));
    // It is a new one, and so behind the other.
    assert_eq!(stash.keys(later, "t", None).unwrap(), ["b", "a"]);
    put(&mut stash, later, "a", Some(1));
    let end = later + seconds(1);
    let value = json("3");
    let swapped = stash.compare_and_swap(end, "t", "a", Some(&json("1")), value.clone(), None);
    assert_eq!(swapped, Ok(false));
    let swapped = stash.compare_and_swap(end, "t", "a", None, value, None);
    assert_eq!((swapped, stash.next_due()), (Ok(true), None));
}

#[test]
fn a_time_beyond_the_clock_never_comes() {
    let now = Instant::now();
    let mut stash = Stash::new(roomy());
    stash
        .put(now, "t", "k", json("1"), Some(Duration::MAX))
        .unwrap();
    assert_eq!(stash.next_due(), None);
    stash
        .put(now, "t", "k", json("1"), Some(Duration::ZERO))
        .unwrap();
    assert!(!stash.has_key(now, "t", "k"));
}

#[test]
fn a_sweep_removes_what_is_due_some_at_a_time() {
    let start = Instant::now();
    let mut stash = Stash::new(roomy());
    let count = SWEPT_MAX + 10;
    for number in 0..count {
        put(&mut stash, start, &number.to_string(), Some(1));
    }
    put(&mut stash, start, "later", Some(2));
    assert_eq!(stash.next_due(), Some(start + seconds(1)));
    stash.sweep(start);
    assert_eq!(stash.size(start, "t"), Ok(count + 1));
    let end = start + seconds(1);
    stash.sweep(end);
    assert_eq!(stash.tables["t"].len(), 11);
    assert_eq!((stash.size(end, "t"), stash.next_due()), (Ok(1), Some(end)));
    stash.sweep(end);
    assert_eq!(stash.next_due(), Some(start + seconds(2)));
    assert_eq!(counted(&stash), stash.bytes());
}

#[test]
fn a_table_takes_its_times_with_it() {
    let now = Instant::now();
    let mut stash = Stash::new(roomy());
    put(&mut stash, now, "k", Some(1));
    stash.clear("t");
    assert_eq!(stash.next_due(), None);
    put(&mut stash, now, "k", Some(1));
    assert!(stash.delete_table("t"));
    assert_eq!(stash.next_due(), None);
    // A namesake is not swept in its place.
    put(&mut stash, now, "k", None);
    stash.sweep(now + seconds(9));
    assert!(stash.has_key(now, "t", "k"));
}
