//! Puts a run's tables into the document that discusses them.

/// What a run's output is put between.
pub(crate) const BEGIN: &str =
    "<!-- results: written by `cargo bench --bench suite -- --update-docs` -->";
pub(crate) const END: &str = "<!-- end of results -->";

/// The document with these results in the place of the former ones; none if it has no such place.
pub(crate) fn with_results(document: &str, results: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!(
        "{before}{BEGIN}\n\n{}\n\n{END}{after}",
        results.trim()
    ))
}
