//! What an app says of itself before it is initialised: the tables of the stash that it wants.

use serde::Deserialize;

use super::{Control, prepare};
use crate::process::hop::{Failure, Stage};
use crate::runtime::{App, InstanceSettings, SharedUplink, StartError, StashFault, shield};
use crate::stash::StashRequest;

/// A longer description is no description.
const DESCRIPTION_BYTES_MAX: usize = 1 << 20;

/// What is read of a description. Its other fields are for tools.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Description {
    #[serde(default)]
    stashes: Vec<String>,
}

/// What is wrong with a description.
#[derive(Debug, thiserror::Error)]
enum DescriptionError {
    #[error("it has {0} bytes, and at most {DESCRIPTION_BYTES_MAX} are read")]
    TooLong(usize),
    #[error("it is no JSON object")]
    NoObject,
    #[error("it cannot be read: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("its table {table:?} cannot be made: {fault}")]
    Table { table: String, fault: StashFault },
}

/// Makes the tables that the app describes, if it describes any.
pub(super) fn make_tables(
    app: &App,
    settings: &InstanceSettings,
    control: &Control,
) -> Result<(), Failure> {
    let describe = app.describe(settings, SharedUplink::new(control.clone()));
    let described = shield::block_on(describe)
        .map_err(StartError::from)
        .flatten()
        .map_err(|error| prepare::init_failure(&error))?;
    let Some(described) = described else {
        return Ok(());
    };
    let description = read(&described).map_err(|error| failure(&error))?;
    for table in description.stashes {
        let request = StashRequest::Ensure {
            table: table.clone(),
        };
        if let Err(fault) = control.stash(request) {
            return Err(failure(&DescriptionError::Table { table, fault }));
        }
    }
    Ok(())
}

fn read(text: &str) -> Result<Description, DescriptionError> {
    if text.len() > DESCRIPTION_BYTES_MAX {
        return Err(DescriptionError::TooLong(text.len()));
    }
    // An array would be read by the places of its elements.
    if !text.trim_start().starts_with('{') {
        return Err(DescriptionError::NoObject);
    }
    Ok(serde_json::from_str(text)?)
}

fn failure(error: &DescriptionError) -> Failure {
    Failure {
        stage: Stage::Initialising,
        message: format!("the app's description is of no use: {error}"),
        traceback: None,
        // The stash may have room another time; what was said will be said again.
        permanent: !matches!(error, DescriptionError::Table { .. }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tables_are_read_and_the_rest_is_left_to_others() {
        for (text, stashes) in [
            ("{}", &[][..]),
            (r#"{"stashes": []}"#, &[]),
            (
                r#" {"workers": "many", "stashes": ["a", "größe"], "actions": [{}]}"#,
                &["a", "größe"],
            ),
        ] {
            assert_eq!(read(text).unwrap().stashes, stashes, "{text}");
        }
    }

    #[test]
    fn what_is_no_description_is_told_apart() {
        for (text, expected) in [
            ("", "no JSON object"),
            ("[[\"a\"]]", "no JSON object"),
            ("{\"stashes\": \"a\"}", "invalid type"),
            ("{\"stashes\": [1]}", "invalid type"),
            ("{\"stashes\": []", "cannot be read"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let long = format!("{{\"doc\":\"{}\"}}", "x".repeat(DESCRIPTION_BYTES_MAX));
        assert!(matches!(read(&long), Err(DescriptionError::TooLong(_))));
    }
}
