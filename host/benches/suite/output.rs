//! Where a run's outcome goes: to standard output, into files, into the documents.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::error::Error;
use super::harness::paths;
use super::report::goals::Evaluation;
use super::report::results::Results;
use super::report::{document, plot, table};

/// A whole run.
pub(crate) struct Outcome {
    pub(crate) machine: String,
    pub(crate) is_quick: bool,
    pub(crate) took: Duration,
    pub(crate) results: Results,
    pub(crate) goals: Vec<Evaluation>,
}

/// Writes JSON and the plot, and returns the directory that has them.
pub(crate) fn write(outcome: &Outcome) -> Result<PathBuf, Error> {
    let directory = paths::target().join("benchmark");
    fs::create_dir_all(&directory).map_err(Error::system("make a directory"))?;
    put(&directory.join("results.json"), &json(outcome))?;
    let plot = directory.join("plot.svg");
    match plot::svg(&outcome.results, &subtitle(outcome)) {
        Some(svg) => put(&plot, &svg)?,
        // An old one would be taken for this run's.
        None if plot.exists() => fs::remove_file(&plot).map_err(Error::system("remove a plot"))?,
        None => {}
    }
    Ok(directory)
}

/// As one JSON object.
pub(crate) fn json(outcome: &Outcome) -> String {
    json!({
        "machine": outcome.machine,
        "version": env!("CARGO_PKG_VERSION"),
        "quick": outcome.is_quick,
        "seconds": outcome.took.as_secs(),
        "results": outcome.results,
        "goals": outcome.goals,
    })
    .to_string()
}

/// As tables.
pub(crate) fn text(outcome: &Outcome) -> String {
    let mut text = format!(
        "{}.\n\n{}\n{}.\n\n{}",
        subtitle(outcome),
        table::of_goals(&outcome.goals),
        table::summary(&outcome.goals),
        table::of_results(&outcome.results)
    );
    let failures = table::of_failures(&outcome.results);
    if !failures.is_empty() {
        text += &format!("\nNot measured, or not to the end:\n\n{failures}");
    }
    text
}

/// Puts tables and plot into the repository's documents.
pub(crate) fn update_documents(outcome: &Outcome) -> Result<(), Error> {
    let docs = paths::repository().join("docs");
    let path = docs.join("performance.md");
    let document = fs::read_to_string(&path).map_err(Error::system("read docs/performance.md"))?;
    let updated = document::with_results(&document, &text(outcome)).ok_or(Error::NoPlace)?;
    put(&path, &updated)?;
    match plot::svg(&outcome.results, &subtitle(outcome)) {
        Some(svg) => put(&docs.join("performance.svg"), &svg),
        None => Ok(()),
    }
}

fn subtitle(outcome: &Outcome) -> String {
    let kind = if outcome.is_quick { "quick run" } else { "run" };
    format!(
        "{}; {kind} of {} s",
        outcome.machine,
        outcome.took.as_secs()
    )
}

fn put(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(Error::system("write a file"))
}
