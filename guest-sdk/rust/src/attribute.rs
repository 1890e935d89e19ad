//! What the code that `#[dirty_guest::app]` writes calls at run time, beside the binding of arguments
//! (`bound`) and the description (`description`). Each function is one step of serving a call, so
//! that a type which does not fit is an error at that step.

use serde::Serialize;

use crate::actions::encode;
use crate::args::{Args, Arguments};
use crate::params::Params;
use crate::{Emitter, Error, Result, emit};

/// All arguments, undecoded.
///
/// # Errors
/// None at present.
pub fn all(arguments: Arguments<'_>) -> Result<Args> {
    Args::from_arguments(arguments)
}

/// Where the action puts its chunks.
pub fn emitter() -> Emitter {
    Emitter::new()
}

/// What an action returned, with its error as the caller will see it. The place of an error that is
/// converted is the action's signature.
///
/// # Errors
/// The action's.
#[track_caller]
pub fn checked<T, E>(outcome: std::result::Result<T, E>) -> Result<T>
where
    Error: From<E>,
{
    match outcome {
        Ok(value) => Ok(value),
        Err(error) => Err(Error::from(error)),
    }
}

/// The JSON of a call's result.
///
/// # Errors
/// For a value that is no JSON.
pub fn returned<T: Serialize>(value: &T) -> Result<Option<String>> {
    encode(value).map(Some)
}

/// Emits the items of an iterator, until nobody reads on.
///
/// # Errors
/// As [`emit`].
pub fn streamed<T: Serialize>(items: impl IntoIterator<Item = T>) -> Result<Option<String>> {
    for item in items {
        emit(&item)?;
    }
    Ok(None)
}

/// Emits the items of an iterator, until one is an error or nobody reads on.
///
/// # Errors
/// That item's, and as [`emit`].
#[track_caller]
pub fn try_streamed<T: Serialize, E>(
    items: impl IntoIterator<Item = std::result::Result<T, E>>,
) -> Result<Option<String>>
where
    Error: From<E>,
{
    for item in items {
        emit(&checked(item)?)?;
    }
    Ok(None)
}
