//! The list itself: every promise names its test.

use std::collections::BTreeSet;
use std::fs;

use crate::harness::paths::repository;

/// The words that look like the name of a promise's test.
fn names_in(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("row_") && word.len() > "row_00_".len())
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_list_names_every_test_and_no_other() {
    let mut tests = String::new();
    for entry in fs::read_dir(repository().join("tests/promises")).unwrap() {
        tests += &fs::read_to_string(entry.unwrap().path()).unwrap();
    }
    let functions: BTreeSet<String> = tests
        .split("#[test]\nfn ")
        .skip(1)
        .flat_map(|test| names_in(test.lines().next().unwrap_or_default()))
        .collect();
    let list = fs::read_to_string(repository().join("docs/promises.md")).unwrap();
    assert_eq!(names_in(&list), functions);
}
