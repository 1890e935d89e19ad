//! From a call's arguments to what an action takes: by position and by name, as Python binds them.
//! Speaks serde; the texts of the arguments come from `args`.

use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::value::RawValue;

use crate::Result;
use crate::args::{Args, Arguments, type_error, without_position};

/// What an action may take: anything `Deserialize`, or [`Args`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an action's parameters",
    note = "derive `serde::Deserialize` for it, or take `dirty_guest::Args`"
)]
pub trait Params: Sized {
    /// Binds the arguments.
    fn from_arguments(arguments: Arguments<'_>) -> Result<Self>;
}

impl Params for Args {
    fn from_arguments(arguments: Arguments<'_>) -> Result<Self> {
        Ok(Self {
            positional: arguments
                .positional
                .into_iter()
                .map(RawValue::to_owned)
                .collect(),
            keyword: arguments
                .keyword
                .into_iter()
                .map(|(name, value)| (name, value.to_owned()))
                .collect(),
        })
    }
}

impl<T: DeserializeOwned> Params for T {
    fn from_arguments(arguments: Arguments<'_>) -> Result<Self> {
        let action = arguments.action;
        T::deserialize(arguments).map_err(|Mismatch(text)| type_error(action, text))
    }
}

type Bound<T> = std::result::Result<T, Mismatch>;

/// Why arguments do not fit; the rest of a sentence that begins with `ACTION()`.
#[derive(Debug)]
pub struct Mismatch(pub(crate) String);

impl Mismatch {
    /// For an error within the value of one parameter.
    fn in_argument(name: impl fmt::Display, error: &serde_json::Error) -> Self {
        Self(format!(": argument {name}: {}", without_position(error)))
    }

    /// For surplus positional arguments: `names` are those that it takes.
    fn surplus(names: &[&str], given: usize) -> Self {
        if names.is_empty() {
            return Self::inexact(0, given);
        }
        let (takes, plural) = (names.len(), if names.len() == 1 { "" } else { "s" });
        let names = names.join(", ");
        Self(format!(
            " takes at most {takes} positional argument{plural} ({names}), but {given} given"
        ))
    }

    /// For a number of positional arguments other than the only one that fits.
    fn inexact(takes: usize, given: usize) -> Self {
        Self(match takes {
            0 => format!(" takes no arguments, but {given} given"),
            1 => format!(" takes exactly 1 positional argument, but {given} given"),
            _ => format!(" takes exactly {takes} positional arguments, but {given} given"),
        })
    }

    fn unexpected(name: &str, expected: &[&str]) -> Self {
        let mut expected = expected.to_vec();
        expected.sort_by_key(|other| strsim::damerau_levenshtein(other, name));
        Self(match expected.as_slice() {
            [] => format!(" got an unexpected argument '{name}'; it takes no named ones"),
            known => format!(
                " got an unexpected argument '{name}'; it takes: {}",
                known.join(", ")
            ),
        })
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Mismatch {}

impl serde::de::Error for Mismatch {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(format!(": {message}"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self(format!(" is missing the argument '{field}'"))
    }
}

impl<'a> Arguments<'a> {
    /// Names the positional arguments after `fields`, and adds the keyword arguments.
    pub(crate) fn bind(
        self,
        fields: &'static [&'static str],
    ) -> Bound<Vec<(String, &'a RawValue)>> {
        if self.positional.len() > fields.len() {
            return Err(Mismatch::surplus(fields, self.positional.len()));
        }
        let given_by_position = &fields[..self.positional.len()];
        for (name, _) in &self.keyword {
            if given_by_position.contains(&name.as_str()) {
                return Err(Mismatch(format!(
                    " got several values for argument '{name}'"
                )));
            }
            if !fields.contains(&name.as_str()) {
                return Err(Mismatch::unexpected(name, fields));
            }
        }
        let positional = fields
            .iter()
            .map(|name| (*name).to_owned())
            .zip(self.positional);
        Ok(positional.chain(self.keyword).collect())
    }

    /// The positional arguments, where there are no others.
    fn only_positional(self) -> Bound<Vec<&'a RawValue>> {
        match self.keyword.first() {
            Some((name, _)) => Err(Mismatch::unexpected(name, &[])),
            None => Ok(self.positional),
        }
    }

    /// That many positional arguments, and no others.
    fn exactly(self, takes: usize) -> Bound<Vec<&'a RawValue>> {
        let positional = self.only_positional()?;
        match positional.len() {
            given if given == takes => Ok(positional),
            given => Err(Mismatch::inexact(takes, given)),
        }
    }
}

/// The shape of the type decides how it is bound; a bare value is one positional parameter.
impl<'de> Deserializer<'de> for Arguments<'de> {
    type Error = Mismatch;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Bound<V::Value> {
        visitor.visit_map(Named::new(self.bind(fields)?))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Bound<V::Value> {
        match self.positional.len() {
            0 => visitor.visit_map(Named::new(self.keyword)),
            given => Err(Mismatch(format!(
                " takes no positional arguments, but {given} given"
            ))),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Bound<V::Value> {
        self.exactly(0)?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Bound<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Bound<V::Value> {
        visitor.visit_seq(Ordered::new(self.exactly(len)?))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Bound<V::Value> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Bound<V::Value> {
        visitor.visit_seq(Ordered::new(self.only_positional()?))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Bound<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Bound<V::Value> {
        if self.positional.is_empty() && self.keyword.is_empty() {
            return visitor.visit_none();
        }
        let value = self.exactly(1)?[0];
        decode(value, "1", |json| json.deserialize_option(visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Bound<V::Value> {
        let value = self.exactly(1)?[0];
        decode(value, "1", |json| {
            json.deserialize_enum(name, variants, visitor)
        })
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Bound<V::Value> {
        let value = self.exactly(1)?[0];
        decode(value, "1", |json| json.deserialize_any(visitor))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        identifier ignored_any
    }
}

/// Decodes the text of one argument, which `name` names in the error.
pub(crate) fn decode<'de, T>(
    value: &'de RawValue,
    name: impl fmt::Display,
    with: impl FnOnce(
        &mut serde_json::Deserializer<serde_json::de::StrRead<'de>>,
    ) -> serde_json::Result<T>,
) -> Bound<T> {
    with(&mut serde_json::Deserializer::from_str(value.get()))
        .map_err(|e| Mismatch::in_argument(name, &e))
}

/// Arguments as the fields of a struct.
struct Named<'de> {
    pairs: std::vec::IntoIter<(String, &'de RawValue)>,
    /// The pair whose key was read last.
    current: Option<(String, &'de RawValue)>,
}

impl<'de> Named<'de> {
    fn new(pairs: Vec<(String, &'de RawValue)>) -> Self {
        Self {
            pairs: pairs.into_iter(),
            current: None,
        }
    }
}

impl<'de> MapAccess<'de> for Named<'de> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Bound<Option<K::Value>> {
        self.current = self.pairs.next();
        let name = self.current.as_ref().map(|(name, _)| name.as_str());
        name.map(|name| seed.deserialize(name.into_deserializer()))
            .transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Bound<S::Value> {
        let (name, value) = self
            .current
            .take()
            .expect("serde reads a key before its value");
        decode(value, format_args!("'{name}'"), |json| {
            seed.deserialize(json)
        })
    }
}

/// Arguments as the elements of a tuple or list.
struct Ordered<'de> {
    values: std::iter::Enumerate<std::vec::IntoIter<&'de RawValue>>,
}

impl<'de> Ordered<'de> {
    fn new(values: Vec<&'de RawValue>) -> Self {
        Self {
            values: values.into_iter().enumerate(),
        }
    }
}

impl<'de> SeqAccess<'de> for Ordered<'de> {
    type Error = Mismatch;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Bound<Option<S::Value>> {
        let next = self.values.next();
        next.map(|(index, value)| decode(value, index + 1, |json| seed.deserialize(json)))
            .transpose()
    }
}
