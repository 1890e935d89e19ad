//! A call as it is typed: the action, its arguments, and where the result goes. To whom it goes is for
//! the commands that take one.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use thiserror::Error;

use super::argument::{self, Argument, ArgumentError};
use super::connect::within;
use super::failure::Failure;
use super::sink::Sink;
use crate::client::{Client, Reply};
use crate::config;

/// How much later than at the call's own timeout the host's answer is given up.
const HOST_GRACE: Duration = Duration::from_secs(5);

/// What is called, with what.
#[derive(Debug, Args)]
pub(super) struct Order {
    /// How long the call may take, if that is less than the app's own timeout
    #[arg(long, value_name = "SECONDS", value_parser = config::parse_seconds_above_zero)]
    pub(super) timeout: Option<Duration>,
    /// An argument by name; may be repeated
    #[arg(long = "kw", value_name = "KEY=VALUE", value_parser = keyword)]
    pub(super) keywords: Vec<Keyword>,
    /// Write the bytes that the app sends to this file, those of a stream one after another, instead
    /// of printing; `-` is standard output
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// The action's name
    pub(super) action: String,
    /// The arguments
    #[arg(value_name = "ARG", allow_negative_numbers = true, value_parser = argument::parse)]
    pub(super) arguments: Vec<Argument>,
}

/// A value and what it is called.
#[derive(Debug, Clone)]
pub(super) struct Keyword {
    pub(super) key: String,
    pub(super) value: Argument,
}

/// What is wrong with an argument by name.
#[derive(Debug, Error)]
pub(super) enum KeywordError {
    #[error("not of the form KEY=VALUE")]
    NoKey,
    #[error(transparent)]
    Value(#[from] ArgumentError),
}

fn keyword(text: &str) -> Result<Keyword, KeywordError> {
    keyword_with(text, argument::parse)
}

/// Reads KEY=VALUE, whose value is read by `parse`.
pub(super) fn keyword_with(
    text: &str,
    parse: fn(&str) -> Result<Argument, ArgumentError>,
) -> Result<Keyword, KeywordError> {
    match text.split_once('=') {
        None | Some(("", _)) => Err(KeywordError::NoKey),
        Some((key, value)) => Ok(Keyword {
            key: key.to_owned(),
            value: parse(value)?,
        }),
    }
}

impl Order {
    /// Finds mistakes that clap does not.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let mut keys = HashSet::new();
        match self.keywords.iter().find(|word| !keys.insert(&word.key)) {
            Some(twice) => Err(Failure::KeywordTwice("--kw", twice.key.clone())),
            None => Ok(()),
        }
    }

    /// Makes the call, and prints what comes of it.
    pub(super) async fn send(self, client: &Client, app: &str) -> Result<(), Failure> {
        let mut sink = Sink::new(self.output);
        let arguments = self.arguments.into_iter().map(Argument::into_json);
        let keywords = self
            .keywords
            .into_iter()
            .map(|word| (word.key, word.value.into_json()));
        let mut call = client
            .call(app, &self.action)
            .args(arguments.collect())
            .kwargs(keywords.collect());
        if let Some(timeout) = self.timeout {
            call = call.timeout(timeout);
        }
        let mut replies = call.send().await?;
        // Without a timeout of its own the call may take as long as the app's allows.
        let patience = self
            .timeout
            .map_or(Duration::MAX, |timeout| timeout + HOST_GRACE);
        while let Some(reply) = within(patience, replies.next()).await? {
            match reply? {
                Reply::Result(json) | Reply::Chunk(json) => sink.take(&json)?,
            }
        }
        sink.finish()
    }
}
