//! `dirty stash`.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::value::RawValue;

use super::argument::{self, Argument};
use super::connect::{block_on, connect, within};
use super::failure::Failure;
use super::output;
use super::socket::SocketArgs;
use crate::client::{ClientError, Stash};
use crate::config;
use crate::protocol::WireError;

/// The stash waits for nobody.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

const EXAMPLES: &str = "\
Examples:
  dirty stash put sessions user:1 '{\"name\": \"Ada\"}'
  dirty stash get sessions user:1
  dirty stash put sessions user:2 null --ttl 3600
  dirty stash increment counters hits
  dirty stash keys sessions 'user:*'
  dirty stash tables

The stash is lost when the host ends. What is asked for goes to standard output: values as JSON, names
one per line. If there is no such key or table, get and info say so, and the exit code is 1.";

/// The arguments of `dirty stash`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(mut_arg("socket", |arg| arg.global(true)), mut_arg("config", |arg| arg.global(true)))]
pub(super) struct StashArgs {
    #[command(flatten)]
    location: SocketArgs,
    #[command(subcommand)]
    operation: Operation,
}

#[derive(Debug, Subcommand)]
enum Operation {
    /// Print a value
    Get {
        /// The table's name
        table: String,
        /// The key
        key: String,
    },
    /// Keep a value, in a table that is made if need be
    Put {
        /// The table's name
        table: String,
        /// The key
        key: String,
        /// The value: JSON, or else taken as a string; `@PATH` is the bytes of a file
        #[arg(allow_negative_numbers = true, value_parser = argument::parse)]
        value: Argument,
        /// Forget it after so many seconds
        #[arg(long, value_name = "SECONDS", value_parser = config::parse_seconds_above_zero)]
        ttl: Option<Duration>,
    },
    /// Add to an integer, which is 0 if there is none, and print the sum
    Increment {
        /// The table's name
        table: String,
        /// The key
        key: String,
        /// What to add
        #[arg(allow_negative_numbers = true, default_value_t = 1)]
        delta: i64,
    },
    /// Keep a value only if the present one is as expected, and print whether it was
    Swap {
        /// The table's name
        table: String,
        /// The key
        key: String,
        /// The value: JSON, or else taken as a string
        #[arg(allow_negative_numbers = true, value_parser = argument::parse)]
        value: Argument,
        /// What `get` printed of the present value; without it there must be none
        #[arg(long, value_name = "VALUE", allow_negative_numbers = true, value_parser = argument::parse)]
        expected: Option<Argument>,
        /// Forget it after so many seconds
        #[arg(long, value_name = "SECONDS", value_parser = config::parse_seconds_above_zero)]
        ttl: Option<Duration>,
    },
    /// Remove a value, and print whether there was one
    Delete {
        /// The table's name
        table: String,
        /// The key
        key: String,
    },
    /// Print whether there is a table or, with a key, whether that is in it
    Exists {
        /// The table's name
        table: String,
        /// The key
        key: Option<String>,
    },
    /// List the keys of a table
    Keys {
        /// The table's name
        table: String,
        /// Only those that this fits: `*` is any text, `?` any character, `[a-z]` one of them
        pattern: Option<String>,
    },
    /// List all tables
    Tables,
    /// Print how many values a table has
    Info {
        /// The table's name
        table: String,
    },
    /// Make a table, if there is none of that name
    Ensure {
        /// The table's name
        table: String,
    },
    /// Remove all values of a table
    Clear {
        /// The table's name
        table: String,
    },
    /// Remove a table and its values, and print whether there was one
    DeleteTable {
        /// The table's name
        table: String,
    },
}

/// What is printed of an answer.
enum Answer {
    Nothing,
    Json(Box<RawValue>),
    Truth(bool),
    Names(Vec<String>),
    Size(u64),
    Sum(i64),
}

impl StashArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        let located = self.location.locate_for_client()?;
        let answer = block_on(async {
            let stash = connect(&located).await?.stash();
            Ok(within(ANSWER_TIMEOUT, self.operation.ask(&stash)).await??)
        })?;
        match answer {
            Answer::Nothing => Ok(()),
            Answer::Json(json) => output::json_line(json.get()),
            Answer::Truth(truth) => output::line(&truth.to_string()),
            Answer::Names(names) => names
                .iter()
                .try_for_each(|name| output::line(&output::on_one_line(name))),
            Answer::Size(size) => output::line(&size.to_string()),
            Answer::Sum(sum) => output::line(&sum.to_string()),
        }
    }
}

impl Operation {
    async fn ask(self, stash: &Stash) -> Result<Answer, ClientError> {
        Ok(match self {
            Self::Get { table, key } => match stash.get(&table, &key).await? {
                Some(json) => Answer::Json(json),
                None => return Err(WireError::stash_key_not_found(&table, &key).into()),
            },
            Self::Put {
                table,
                key,
                value,
                ttl,
            } => {
                stash.put_for(&table, &key, value.json(), ttl).await?;
                Answer::Nothing
            }
            Self::Increment { table, key, delta } => {
                Answer::Sum(stash.increment(&table, &key, delta).await?)
            }
            Self::Swap {
                table,
                key,
                value,
                expected,
                ttl,
            } => {
                let expected = match expected {
                    Some(typed) => Some(as_kept(stash, &table, &key, typed).await?),
                    None => None,
                };
                let expected = expected.as_deref();
                let swap = stash.compare_and_swap(&table, &key, expected, value.json(), ttl);
                Answer::Truth(swap.await?)
            }
            Self::Delete { table, key } => Answer::Truth(stash.delete(&table, &key).await?),
            Self::Exists { table, key } => Answer::Truth(match key {
                Some(key) => stash.has_key(&table, &key).await?,
                None => stash.has_table(&table).await?,
            }),
            Self::Keys { table, pattern } => {
                Answer::Names(stash.keys(&table, pattern.as_deref()).await?)
            }
            Self::Tables => Answer::Names(stash.tables().await?),
            Self::Info { table } => match stash.size(&table).await? {
                Some(size) => Answer::Size(size),
                None => return Err(WireError::stash_table_not_found(&table).into()),
            },
            Self::Ensure { table } => {
                stash.ensure(&table).await?;
                Answer::Nothing
            }
            Self::Clear { table } => {
                stash.clear(&table).await?;
                Answer::Nothing
            }
            Self::DeleteTable { table } => Answer::Truth(stash.delete_table(&table).await?),
        })
    }
}

/// What is expected, as it is kept if that is what `get` prints of it: that leaves out line breaks,
/// and the stash compares every letter.
async fn as_kept(
    stash: &Stash,
    table: &str,
    key: &str,
    typed: Argument,
) -> Result<Box<RawValue>, ClientError> {
    let kept: Option<Box<RawValue>> = stash.get(table, key).await?;
    let printed = kept.filter(|kept| output::one_line(kept.get()) == typed.json().get());
    Ok(printed.unwrap_or_else(|| typed.into_json()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        stash: StashArgs,
    }

    fn parse(line: &[&str]) -> Result<StashArgs, clap::Error> {
        Ok(Line::try_parse_from([&["stash"], line].concat())?.stash)
    }

    #[test]
    fn a_value_is_json_where_it_can_be() {
        for (typed, json) in [("-1.50", "-1.50"), ("plain text", "\"plain text\"")] {
            let Operation::Put { value, .. } = parse(&["put", "t", "k", typed]).unwrap().operation
            else {
                panic!("{typed}");
            };
            assert_eq!(value.json().get(), json);
        }
    }

    #[test]
    fn the_socket_is_named_before_or_behind_the_operation() {
        for line in [
            &["--socket", "s", "get", "t", "k"],
            &["get", "t", "k", "--socket", "s"],
        ] {
            let location = parse(line).unwrap().location;
            assert_eq!(location.socket.unwrap().to_str(), Some("s"), "{line:?}");
        }
    }

    #[test]
    fn usage_errors() {
        for line in [
            &[][..],
            &["get", "t"],
            &["put", "t", "k"],
            &["info"],
            &["put", "t", "k", "v", "--ttl", "0"],
            &["increment", "t", "k", "1.5"],
            &["nope"],
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line:?}");
        }
    }
}
