//! `dirty call`.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use thiserror::Error;

use super::argument::{self, Argument, ArgumentError};
use super::connect::{block_on, connect, within};
use super::failure::Failure;
use super::sink::Sink;
use super::socket::{Located, SocketArgs};
use crate::client::Reply;
use crate::config;

/// How much later than at the call's own timeout the host's answer is given up.
const HOST_GRACE: Duration = Duration::from_secs(5);

const EXAMPLES: &str = "\
Examples:
  dirty call demo echo hello 42 '[1, 2]' --kw lang=en
  dirty call demo count 5 --kw delay_ms=300      a stream: one line per chunk
  dirty call --timeout 2 demo sleep 60           fails after two seconds
  dirty call demo echo '\"42\"' -- --not-an-option
  dirty call demo reverse @photo.jpg --output reversed

An argument is JSON where it parses as JSON, else a string. @PATH is the bytes of a file, @- those of
standard input. The result goes to standard output as JSON, or to a file if it is bytes and --output
is given. An error goes to standard error with its type, and the exit code is 1.";

/// The arguments of `dirty call`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CallArgs {
    #[command(flatten)]
    location: SocketArgs,
    /// How long the call may take, if that is less than the app's own timeout
    #[arg(long, value_name = "SECONDS", value_parser = config::parse_seconds_above_zero)]
    timeout: Option<Duration>,
    /// An argument by name; may be repeated
    #[arg(long = "kw", value_name = "KEY=VALUE", value_parser = keyword)]
    keywords: Vec<Keyword>,
    /// Write the bytes that the app sends to this file, those of a stream one after another, instead
    /// of printing; `-` is standard output
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// The app's name
    app: String,
    /// The action's name
    action: String,
    /// The arguments
    #[arg(value_name = "ARG", allow_negative_numbers = true, value_parser = argument::parse)]
    arguments: Vec<Argument>,
}

#[derive(Debug, Clone)]
struct Keyword {
    key: String,
    value: Argument,
}

/// What is wrong with an argument by name.
#[derive(Debug, Error)]
enum KeywordError {
    #[error("not of the form KEY=VALUE")]
    NoKey,
    #[error(transparent)]
    Value(#[from] ArgumentError),
}

fn keyword(text: &str) -> Result<Keyword, KeywordError> {
    match text.split_once('=') {
        None | Some(("", _)) => Err(KeywordError::NoKey),
        Some((key, value)) => Ok(Keyword {
            key: key.to_owned(),
            value: argument::parse(value)?,
        }),
    }
}

impl CallArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut keys = HashSet::new();
        if let Some(twice) = self.keywords.iter().find(|word| !keys.insert(&word.key)) {
            return Err(Failure::KeywordTwice(twice.key.clone()));
        }
        let located = self.location.locate_for_client()?;
        block_on(self.call(&located))
    }

    async fn call(self, located: &Located) -> Result<(), Failure> {
        let mut sink = Sink::new(self.output);
        let client = connect(located).await?;
        let arguments = self.arguments.into_iter().map(Argument::into_json);
        let keywords = self
            .keywords
            .into_iter()
            .map(|word| (word.key, word.value.into_json()));
        let mut call = client
            .call(&self.app, &self.action)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        call: CallArgs,
    }

    fn parse(line: &[&str]) -> Result<CallArgs, clap::Error> {
        Ok(Line::try_parse_from([&["call"], line].concat())?.call)
    }

    #[test]
    fn options_may_stand_anywhere_and_numbers_may_be_negative() {
        let line = [
            "--timeout",
            "2.5",
            "demo",
            "fib",
            "-5",
            "--kw",
            "x=-1",
            "-1.5e3",
            "--kw=y=a=b",
        ];
        let call = parse(&line).unwrap();
        assert_eq!((call.app.as_str(), call.action.as_str()), ("demo", "fib"));
        assert_eq!(call.timeout, Some(Duration::from_millis(2500)));
        let arguments: Vec<_> = call.arguments.iter().map(|a| a.json().get()).collect();
        assert_eq!(arguments, ["-5", "-1.5e3"]);
        let keywords: Vec<_> = call
            .keywords
            .iter()
            .map(|word| (word.key.as_str(), word.value.json().get()))
            .collect();
        assert_eq!(keywords, [("x", "-1"), ("y", r#""a=b""#)]);
        let escaped = parse(&["demo", "echo", "--", "--kw"]).unwrap();
        assert_eq!(escaped.arguments[0].json().get(), r#""--kw""#);
    }

    #[test]
    fn usage_errors() {
        for line in [
            &["demo"][..],
            &["demo", "echo", "--nope"],
            &["--timeout", "0", "demo", "echo"],
            &["--timeout=-1", "demo", "echo"],
            &["--timeout", "nan", "demo", "echo"],
            &["demo", "echo", "--kw", "x"],
            &["demo", "echo", "--kw", "=1"],
            &["demo", "echo", "@/no/such/file"],
            &["demo", "echo", "--kw", "a=@/no/such/file"],
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line:?}");
        }
        let twice = parse(&["demo", "echo", "--kw", "x=1", "--kw", "x=2"]).unwrap();
        assert!(matches!(twice.run(), Err(Failure::KeywordTwice(_))));
    }
}
