//! The place for results in a document.

use crate::report::document::{BEGIN, END, with_results};

#[test]
fn only_what_is_between_the_marks_is_replaced() {
    let document = format!("above\n{BEGIN}\nold\n{END}\nbelow\n");
    let expected = format!("above\n{BEGIN}\n\nnew\n\n{END}\nbelow\n");
    assert_eq!(with_results(&document, "new\n"), Some(expected.clone()));
    assert_eq!(with_results(&expected, "new"), Some(expected));
}

#[test]
fn a_document_without_the_marks_is_left_alone() {
    assert_eq!(with_results("text", "new"), None);
    assert_eq!(with_results(BEGIN, "new"), None);
}
