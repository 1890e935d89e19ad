//! `dirty call`.

use clap::Args;

use super::connect::{block_on, connect};
use super::failure::Failure;
use super::order::Order;
use super::socket::SocketArgs;

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
    /// The app's name
    app: String,
    #[command(flatten)]
    order: Order,
}

impl CallArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        self.order.check()?;
        let located = self.location.locate_for_client()?;
        block_on(async {
            let client = connect(&located).await?;
            self.order.send(&client, &self.app).await
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::Parser;
    use std::time::Duration;

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
        assert_eq!(
            (call.app.as_str(), call.order.action.as_str()),
            ("demo", "fib")
        );
        assert_eq!(call.order.timeout, Some(Duration::from_millis(2500)));
        let arguments: Vec<_> = call
            .order
            .arguments
            .iter()
            .map(|a| a.json().get())
            .collect();
        assert_eq!(arguments, ["-5", "-1.5e3"]);
        let keywords: Vec<_> = call
            .order
            .keywords
            .iter()
            .map(|word| (word.key.as_str(), word.value.json().get()))
            .collect();
        assert_eq!(keywords, [("x", "-1"), ("y", r#""a=b""#)]);
        let escaped = parse(&["demo", "echo", "--", "--kw"]).unwrap();
        assert_eq!(escaped.order.arguments[0].json().get(), r#""--kw""#);
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
        assert!(matches!(twice.run(), Err(Failure::KeywordTwice(..))));
    }
}
