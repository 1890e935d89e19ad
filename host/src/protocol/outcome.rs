//! What came of a command, app by app: written by the host as the result of a `control` message,
//! read by the commands.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The result of a reload, a restart or a change of scale.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Outcomes {
    /// By the name of the app.
    pub apps: BTreeMap<String, AppOutcome>,
}

/// What came of it for one app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppOutcome {
    /// In a word.
    pub outcome: Outcome,
    /// The generation that serves now; None if there is none.
    pub generation: Option<u64>,
    /// How many workers the app is to have; None where it is removed.
    pub workers: Option<u32>,
    /// Why it is not as it should be.
    pub reason: Option<String>,
}

/// How a command ended for an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The new generation serves.
    Serving,
    /// The app is no longer configured, and gone.
    Removed,
    /// The new generation could not start. The old one, if there was one, serves on.
    Failed,
    /// A later command took its place before it was done.
    Superseded,
    /// It has another number of workers.
    Scaled,
}

impl Outcome {
    /// Whether the app is as the command wanted it.
    pub fn is_success(self) -> bool {
        match self {
            Self::Serving | Self::Removed | Self::Scaled => true,
            Self::Failed | Self::Superseded => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn it_is_written_as_the_protocol_has_it() {
        let scaled = AppOutcome {
            outcome: Outcome::Scaled,
            generation: Some(4),
            workers: Some(8),
            reason: None,
        };
        let outcomes = Outcomes {
            apps: [("a".to_owned(), scaled)].into(),
        };
        let json = serde_json::to_string(&outcomes).unwrap();
        assert_eq!(
            json,
            r#"{"apps":{"a":{"outcome":"scaled","generation":4,"workers":8,"reason":null}}}"#
        );
        assert_eq!(serde_json::from_str::<Outcomes>(&json).unwrap(), outcomes);
    }

    #[test]
    fn what_another_version_leaves_out_is_none() {
        for word in ["serving", "removed", "failed", "superseded", "scaled"] {
            let json = format!(r#"{{"outcome":"{word}","since":1}}"#);
            let app: AppOutcome = serde_json::from_str(&json).unwrap();
            assert_eq!(
                (app.generation, app.workers, app.reason),
                (None, None, None)
            );
        }
    }
}
