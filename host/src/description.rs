//! Reading what an app says of itself, a text of the contract's `described`. What of it is wanted is
//! for the reader: a host needs less of it than a developer.

use serde::de::DeserializeOwned;

/// A longer description is no description.
const BYTES_MAX: usize = 1 << 20;

/// What is wrong with a description.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DescriptionError {
    /// Too much.
    #[error("it has {0} bytes, and at most {BYTES_MAX} are read")]
    TooLong(usize),
    /// Something else.
    #[error("it is no JSON object")]
    NoObject,
    /// Not what the contract says.
    #[error("it cannot be read: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// Reads it.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, DescriptionError> {
    if text.len() > BYTES_MAX {
        return Err(DescriptionError::TooLong(text.len()));
    }
    // An array would be read by the places of its elements.
    if !text.trim_start().starts_with('{') {
        return Err(DescriptionError::NoObject);
    }
    Ok(serde_json::from_str(text)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Tables {
        #[serde(default)]
        stashes: Vec<String>,
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
            let error = read::<Tables>(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let long = format!("{{\"doc\":\"{}\"}}", "x".repeat(BYTES_MAX));
        let error = read::<Tables>(&long).unwrap_err();
        assert!(matches!(error, DescriptionError::TooLong(_)));
    }

    #[test]
    fn what_is_not_wanted_is_left_to_others() {
        for (text, stashes) in [
            ("{}", &[][..]),
            (r#"{"stashes": []}"#, &[]),
            (
                r#" {"workers": "many", "stashes": ["a", "größe"], "actions": [{}]}"#,
                &["a", "größe"],
            ),
        ] {
            assert_eq!(read::<Tables>(text).unwrap().stashes, stashes, "{text}");
        }
    }
}
