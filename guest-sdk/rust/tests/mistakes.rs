//! What `#[dirty_guest::app]` says of an `impl` block that it cannot make an app of: each file in
//! `mistakes/` has the mistakes that belong together, and the golden file beside it the compiler's
//! words. After a change run `TRYBUILD=overwrite cargo test --package dirty-guest --test mistakes`, and
//! read what has changed.

#[test]
fn mistakes_are_explained_where_they_are() {
    trybuild::TestCases::new().compile_fail("tests/mistakes/*.rs");
}
