//! A call's arguments as the caller gave them. Does not know what an action expects: see `params`.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::{Error, Result, cut};

/// The arguments of one call, borrowed from its JSON texts.
pub struct Arguments<'a> {
    pub(crate) action: &'a str,
    pub(crate) positional: Vec<&'a RawValue>,
    pub(crate) keyword: Vec<(String, &'a RawValue)>,
}

impl<'a> Arguments<'a> {
    /// Takes the texts apart, which the host has checked.
    pub(crate) fn parse(action: &'a str, args: &'a str, kwargs: &'a str) -> Result<Self> {
        match (cut::elements(args), cut::members(kwargs)) {
            (Some(positional), Some(keyword)) => {
                Self::without_repetition(action, positional, keyword)
            }
            _ => Self::read(action, args, kwargs),
        }
    }

    /// The same, of texts that nobody has checked.
    pub(crate) fn read(action: &'a str, args: &'a str, kwargs: &'a str) -> Result<Self> {
        let parts = || -> serde_json::Result<_> {
            Ok((serde_json::from_str(args)?, serde_json::from_str(kwargs)?))
        };
        let (positional, Pairs(keyword)) = parts().map_err(|e| {
            type_error(
                action,
                format_args!(": the arguments are no JSON array and object: {e}"),
            )
        })?;
        Self::without_repetition(action, positional, keyword)
    }

    fn without_repetition(
        action: &'a str,
        positional: Vec<&'a RawValue>,
        keyword: Vec<(String, &'a RawValue)>,
    ) -> Result<Self> {
        let arguments = Self {
            action,
            positional,
            keyword,
        };
        match arguments.repeated() {
            Some(name) => Err(type_error(
                action,
                format_args!(" got several values for argument '{name}'"),
            )),
            None => Ok(arguments),
        }
    }

    /// A name that occurs twice among the keyword arguments.
    fn repeated(&self) -> Option<&str> {
        let mut names: Vec<_> = self.keyword.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
            .windows(2)
            .find(|pair| pair[0] == pair[1])
            .map(|pair| pair[0])
    }
}

/// A `TypeError` in the words that Python has for it: `ACTION() …`.
pub(crate) fn type_error(action: &str, rest: impl fmt::Display) -> Error {
    Error::of_sdk("TypeError", format!("{action}(){rest}"))
}

/// What a JSON error says, without a line and column of a text that its reader has not seen.
pub(crate) fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&position) {
        Some(stripped) => stripped.to_owned(),
        None => text,
    }
}

/// All arguments of a call, undecoded: for an action that takes `*args, **kwargs` or passes them
/// on. Nothing in it is changed: numbers have the digits and strings the escapes that the client
/// wrote.
///
/// ```
/// use dirty_guest::Args;
///
/// # struct Proxy;
/// # #[dirty_guest::app]
/// # impl Proxy {
/// #     fn init() -> Self { Self }
/// pub fn count_arguments(&self, args: Args) -> usize {
///     args.positional.len() + args.keyword.len()
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Args {
    /// The positional arguments, in order.
    pub positional: Vec<Box<RawValue>>,
    /// The keyword arguments by name.
    pub keyword: BTreeMap<String, Box<RawValue>>,
}

/// A JSON object as pairs: a map would lose repetitions.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct PairsVisitor;
        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Vec<(String, &'de RawValue)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'de>>(
                self,
                mut map: M,
            ) -> std::result::Result<Self::Value, M::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        deserializer.deserialize_map(PairsVisitor).map(Pairs)
    }
}
