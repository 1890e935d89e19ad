//! `dirty scale`.

use clap::Args;
use clap::builder::RangedI64ValueParser;

use super::control::ControlArgs;
use super::failure::Failure;
use crate::config::WORKERS_MAX;

const EXAMPLES: &str = "\
Examples:
  dirty scale resize 8
  dirty scale resize 1

Workers that are too many finish their call first. The configuration file stays as it is.";

/// The arguments of `dirty scale`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ScaleArgs {
    #[command(flatten)]
    control: ControlArgs,
    /// The app's name
    app: String,
    /// How many workers it shall have
    #[arg(value_name = "N", allow_negative_numbers = true, value_parser = workers())]
    workers: u32,
}

fn workers() -> RangedI64ValueParser<u32> {
    RangedI64ValueParser::new().range(1..=i64::from(WORKERS_MAX))
}

impl ScaleArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        self.control
            .run(async |client| client.scale(&self.app, self.workers).await)
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
        scale: ScaleArgs,
    }

    #[test]
    fn a_number_of_workers_is_checked_where_it_is_typed() {
        for (typed, workers) in [("1", 1), ("1024", 1024)] {
            let line = Line::try_parse_from(["scale", "a", typed]).unwrap();
            assert_eq!(line.scale.workers, workers);
        }
        for typed in ["0", "1025", "-1", "99999999999999999999", "two", "1.5", ""] {
            let error = Line::try_parse_from(["scale", "a", typed]).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{typed}");
        }
        for typed in ["0", "1025", "-1"] {
            let error = Line::try_parse_from(["scale", "a", typed]).unwrap_err();
            let error = error.to_string();
            assert!(error.contains("1..=1024"), "{error}");
        }
    }

    #[test]
    fn a_timeout_of_zero_is_refused() {
        let error = Line::try_parse_from(["scale", "a", "2", "--timeout", "0"]).unwrap_err();
        assert!(error.to_string().contains("0.001 seconds"), "{error}");
    }
}
