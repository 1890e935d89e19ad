//! The arguments of an action that the attribute has made: bound to the names of its parameters, and
//! decoded one by one. How names and positions go together is for `params`.

use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::value::RawValue;

use crate::Result;
use crate::args::{Arguments, type_error};
use crate::params::{Mismatch, decode};

/// A call's arguments by the names of the parameters.
#[derive(Debug)]
pub struct Bound<'a> {
    action: &'a str,
    given: Vec<(String, &'a RawValue)>,
}

impl<'a> Bound<'a> {
    /// Binds by position, in the order of `names`, and by name.
    ///
    /// # Errors
    /// Of kind `TypeError`, for arguments that are surplus, unknown or given twice.
    pub fn new(arguments: Arguments<'a>, names: &'static [&'static str]) -> Result<Self> {
        let action = arguments.action;
        match arguments.bind(names) {
            Ok(given) => Ok(Self { action, given }),
            Err(Mismatch(text)) => Err(type_error(action, text)),
        }
    }

    /// Decodes a parameter without a default. It may still be left out if its type can say so, as
    /// an `Option` does.
    ///
    /// # Errors
    /// Of kind `TypeError`, for an argument that is missing or does not fit.
    pub fn required<T: for<'de> Deserialize<'de>>(&self, name: &'static str) -> Result<T> {
        self.decoded(name)
            .unwrap_or_else(|| T::deserialize(LeftOut(name)))
            .map_err(|Mismatch(text)| type_error(self.action, text))
    }

    /// Decodes a parameter that has a default.
    ///
    /// # Errors
    /// Of kind `TypeError`, for an argument that does not fit.
    pub fn optional<T: for<'de> Deserialize<'de>>(
        &self,
        name: &str,
        default: impl FnOnce() -> T,
    ) -> Result<T> {
        self.decoded(name)
            .unwrap_or_else(|| Ok(default()))
            .map_err(|Mismatch(text)| type_error(self.action, text))
    }

    fn decoded<T: for<'de> Deserialize<'de>>(
        &self,
        name: &str,
    ) -> Option<std::result::Result<T, Mismatch>> {
        let (_, value) = self.given.iter().find(|(given, _)| given == name)?;
        Some(decode(value, format_args!("'{name}'"), |json| {
            T::deserialize(json)
        }))
    }
}

/// True if a parameter of that type and without a default cannot be left out.
pub fn is_required<T: for<'de> Deserialize<'de>>() -> bool {
    T::deserialize(LeftOut("")).is_err()
}

/// Stands for the argument that was left out, of this name: an `Option` becomes none of it, and
/// anything else an error. That is what serde's derived code does for a missing field.
struct LeftOut(&'static str);

impl<'de> Deserializer<'de> for LeftOut {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(
        self,
        _visitor: V,
    ) -> std::result::Result<V::Value, Mismatch> {
        Err(Mismatch::missing_field(self.0))
    }

    fn deserialize_option<V: Visitor<'de>>(
        self,
        visitor: V,
    ) -> std::result::Result<V::Value, Mismatch> {
        visitor.visit_none()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
