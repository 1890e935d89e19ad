//! Errors as clients see them, in the names that the existing clients map to their exceptions.
//!
//! One constructor per row of the protocol's table of errors, so that each has the details its
//! class promises. When an error happens is decided elsewhere.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How many bytes of text an error may hold: message and details together. More is cut when the
/// error is written, so that it fits into every frame.
pub const ERROR_TEXT_BYTES_MAX: usize = 32 << 10;

/// How much of a malformed message its error repeats, in bytes.
const RAW_DATA_BYTES_MAX: usize = 100;

/// An error's class. Each has a name, which is also what it is called on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ErrorType {
    /// The call's deadline passed.
    DirtyTimeoutError,
    /// The host cannot be reached. Raised by clients.
    DirtyConnectionError,
    /// The worker died or broke while serving the call.
    DirtyWorkerError,
    /// The app raised, trapped or refused the action.
    DirtyAppError,
    /// No app of that name is configured.
    DirtyAppNotFoundError,
    /// The app has no worker that is alive or can be soon.
    DirtyNoWorkersAvailableError,
    /// The message is malformed.
    DirtyProtocolError,
    /// The stash has no such key.
    StashKeyNotFoundError,
    /// The stash has no such table.
    StashTableNotFoundError,
    /// The base class, for what fits nowhere else.
    #[serde(other)]
    DirtyError,
}

impl ErrorType {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DirtyError => "DirtyError",
            Self::DirtyTimeoutError => "DirtyTimeoutError",
            Self::DirtyConnectionError => "DirtyConnectionError",
            Self::DirtyWorkerError => "DirtyWorkerError",
            Self::DirtyAppError => "DirtyAppError",
            Self::DirtyAppNotFoundError => "DirtyAppNotFoundError",
            Self::DirtyNoWorkersAvailableError => "DirtyNoWorkersAvailableError",
            Self::DirtyProtocolError => "DirtyProtocolError",
            Self::StashKeyNotFoundError => "StashKeyNotFoundError",
            Self::StashTableNotFoundError => "StashTableNotFoundError",
        }
    }
}

impl fmt::Display for ErrorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An error as it travels: `{"error_type": …, "message": …, "details": {…}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{error_type}: {message}")]
pub struct WireError {
    /// The error's class. One that this version does not know is read as `DirtyError`.
    pub error_type: ErrorType,
    /// One line for humans.
    #[serde(default)]
    pub message: String,
    /// Facts for programs, by name.
    #[serde(default)]
    pub details: Map<String, Value>,
}

impl WireError {
    fn new(error_type: ErrorType, message: impl Into<String>) -> Self {
        Self {
            error_type,
            message: message.into(),
            details: Map::new(),
        }
    }

    /// What fits no other class.
    pub fn dirty(message: impl Into<String>) -> Self {
        Self::new(ErrorType::DirtyError, message)
    }

    /// The deadline passed, which lay `timeout` after the call's arrival or, in a stream, after the
    /// last chunk.
    pub fn timeout(timeout: Duration) -> Self {
        let seconds = timeout.as_secs_f64();
        let message = format!("Operation timed out after {seconds} s");
        Self::new(ErrorType::DirtyTimeoutError, message).with("timeout", seconds)
    }

    /// The host cannot be reached on this socket.
    pub fn connection(socket_path: &str, message: impl Into<String>) -> Self {
        Self::new(ErrorType::DirtyConnectionError, message).with("socket_path", socket_path)
    }

    /// The worker died or broke.
    pub fn worker(worker_id: impl Into<Value>, message: impl Into<String>) -> Self {
        Self::new(ErrorType::DirtyWorkerError, message).with("worker_id", worker_id)
    }

    /// The app raised, trapped or refused the action.
    pub fn app(
        app_path: &str,
        action: &str,
        message: impl Into<String>,
        traceback: Option<String>,
    ) -> Self {
        let error = Self::new(ErrorType::DirtyAppError, message)
            .with("app_path", app_path)
            .with("action", action);
        match traceback {
            Some(traceback) => error.with("traceback", traceback),
            None => error,
        }
    }

    /// No app of this name is configured.
    pub fn app_not_found(app_path: &str) -> Self {
        let message = format!("Dirty app not found: {app_path}");
        Self::new(ErrorType::DirtyAppNotFoundError, message).with("app_path", app_path)
    }

    /// The app has no worker that is alive or can be soon.
    pub fn no_workers(app_path: &str) -> Self {
        let message = format!("No workers available for app: {app_path}");
        Self::new(ErrorType::DirtyNoWorkersAvailableError, message).with("app_path", app_path)
    }

    /// A malformed frame or envelope, with the bytes in question.
    pub fn protocol(message: impl Into<String>, raw: Option<&[u8]>) -> Self {
        let error = Self::new(ErrorType::DirtyProtocolError, message);
        match raw {
            Some(raw) => error.with("raw_data", hex(&raw[..raw.len().min(RAW_DATA_BYTES_MAX)])),
            None => error,
        }
    }

    /// The stash has no such key, perhaps because it has no such table.
    pub fn stash_key_not_found(table: &str, key: &str) -> Self {
        let message = format!("Key not found in {table}: {key}");
        Self::new(ErrorType::StashKeyNotFoundError, message)
            .with("table", table)
            .with("key", key)
    }

    /// The stash has no such table.
    pub fn stash_table_not_found(table: &str) -> Self {
        let message = format!("Stash table not found: {table}");
        Self::new(ErrorType::StashTableNotFoundError, message).with("table", table)
    }

    /// Adds a fact to the details; one of the same name is replaced.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// The JSON object that travels, with its texts cut to [`ERROR_TEXT_BYTES_MAX`].
    pub(super) fn to_json(&self) -> Vec<u8> {
        let whole = self.to_whole_json();
        if whole.len() <= ERROR_TEXT_BYTES_MAX {
            whole
        } else {
            self.cut().to_whole_json()
        }
    }

    /// The error as it travels in another form than JSON, with its texts cut in the same way.
    pub(super) fn fitted(&self) -> Cow<'_, Self> {
        if self.to_whole_json().len() <= ERROR_TEXT_BYTES_MAX {
            Cow::Borrowed(self)
        } else {
            Cow::Owned(self.cut())
        }
    }

    fn to_whole_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an error is plain JSON")
    }

    /// The same error in fewer bytes: long texts keep their beginning and their end, other details
    /// that do not fit are dropped.
    fn cut(&self) -> Self {
        let mut left = ERROR_TEXT_BYTES_MAX;
        let mut cut = Self::new(self.error_type, middle_cut(&self.message, left / 4));
        left -= cut.message.len();
        // Short details first: they are what programs read, and no long one may push them out.
        let mut details: Vec<_> = self
            .details
            .iter()
            .map(|(key, value)| (key.len() + text_bytes(value), key, value))
            .collect();
        details.sort_by_key(|&(bytes, ..)| bytes);
        for (bytes, key, value) in details {
            let value = match value {
                value if bytes <= left => value.clone(),
                Value::String(text) if key.len() < left => {
                    Value::from(middle_cut(text, left - key.len()))
                }
                _ => continue,
            };
            left -= key.len() + text_bytes(&value);
            cut.details.insert(key.clone(), value);
        }
        cut
    }
}

fn text_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        other => other.to_string().len(),
    }
}

/// `text` in at most `bytes_max` bytes, with a mark in place of its middle.
pub(crate) fn middle_cut(text: &str, bytes_max: usize) -> String {
    const MARK: &str = "\n… (cut) …\n";
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let kept = bytes_max.saturating_sub(MARK.len());
    let head = text.floor_char_boundary(kept / 2);
    let tail = text.ceil_char_boundary(text.len() - kept / 2);
    let mark = if kept == 0 { "" } else { MARK };
    [&text[..head], mark, &text[tail..]].concat()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
#[path = "tests/error.rs"]
mod tests;
