//! JSON Schemas of the types of parameters, for an app's description. Decoding does not depend on
//! them: a type without one is described as anything.
//!
//! ```
//! use dirty_guest::schema::{Schema, Value, json};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Point { x: f64, y: f64 }
//!
//! impl Schema for Point {
//!     fn schema() -> Value {
//!         json!({
//!             "type": "object",
//!             "properties": {"x": f64::schema(), "y": f64::schema()},
//!             "required": ["x", "y"],
//!         })
//!     }
//! }
//! assert_eq!(<Option<Point>>::schema()["type"], json!(["object", "null"]));
//! ```

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::marker::PhantomData;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::value::RawValue;
pub use serde_json::{Value, json};

/// A type whose JSON has a schema.
pub trait Schema {
    /// What the type is decoded from, as a JSON Schema (draft 2020-12): an object.
    fn schema() -> Value;
}

/// Types with a schema that is the same for each of them.
macro_rules! plain {
    ($($schema:tt: $($ty:ty),+;)+) => {
        $($(impl Schema for $ty {
            fn schema() -> Value {
                json!($schema)
            }
        })+)+
    };
}

plain! {
    {"type": "boolean"}: bool;
    {"type": "number"}: f32, f64;
    {"type": "integer"}: i64, i128, isize;
    {"type": "integer", "minimum": 0}: u64, u128, usize;
    {"type": "integer", "minimum": 1}: NonZeroU32, NonZeroU64, NonZeroUsize;
    {"type": "string"}: str, String, PathBuf;
    {"type": "string", "minLength": 1, "maxLength": 1}: char;
    {"type": "null"}: ();
    {}: Value, RawValue;
}

/// Integers with bounds. Those of wider ones are left out: who reads numbers as doubles would read
/// other bounds.
macro_rules! bounded {
    ($($ty:ty),+) => {
        $(impl Schema for $ty {
            fn schema() -> Value {
                json!({"type": "integer", "minimum": <$ty>::MIN, "maximum": <$ty>::MAX})
            }
        })+
    };
}

bounded!(i8, i16, i32, u8, u16, u32);

/// Types that look like what they hold.
macro_rules! transparent {
    ($($ty:ident),+) => {
        $(impl<T: Schema + ?Sized> Schema for $ty<T> {
            fn schema() -> Value {
                T::schema()
            }
        })+
    };
}

transparent!(Box, Rc, Arc);

impl<T: Schema + ToOwned + ?Sized> Schema for Cow<'_, T> {
    fn schema() -> Value {
        T::schema()
    }
}

impl<T: Schema> Schema for Option<T> {
    fn schema() -> Value {
        let mut schema = T::schema();
        let ty = schema.get("type").and_then(Value::as_str);
        if let Some(with_null) = ty.map(|name| json!([name, "null"])) {
            schema["type"] = with_null;
            schema
        } else if schema == json!({}) {
            schema // Anything may be null already.
        } else {
            json!({"anyOf": [schema, {"type": "null"}]})
        }
    }
}

fn list_of(items: &Value) -> Value {
    json!({"type": "array", "items": items})
}

impl<T: Schema> Schema for [T] {
    fn schema() -> Value {
        list_of(&T::schema())
    }
}

impl<T: Schema> Schema for Vec<T> {
    fn schema() -> Value {
        list_of(&T::schema())
    }
}

impl<T: Schema> Schema for VecDeque<T> {
    fn schema() -> Value {
        list_of(&T::schema())
    }
}

// A set is no array with `uniqueItems`: it is decoded from one with repetitions, too.
impl<T: Schema> Schema for BTreeSet<T> {
    fn schema() -> Value {
        list_of(&T::schema())
    }
}

impl<T: Schema, S> Schema for HashSet<T, S> {
    fn schema() -> Value {
        list_of(&T::schema())
    }
}

impl<T: Schema, const N: usize> Schema for [T; N] {
    fn schema() -> Value {
        json!({"type": "array", "items": T::schema(), "minItems": N, "maxItems": N})
    }
}

fn map_to(values: &Value) -> Value {
    json!({"type": "object", "additionalProperties": values})
}

impl<K, V: Schema> Schema for BTreeMap<K, V> {
    fn schema() -> Value {
        map_to(&V::schema())
    }
}

impl<K, V: Schema, S> Schema for HashMap<K, V, S> {
    fn schema() -> Value {
        map_to(&V::schema())
    }
}

macro_rules! tuples {
    ($(($($name:ident)+))+) => {
        $(impl<$($name: Schema),+> Schema for ($($name,)+) {
            fn schema() -> Value {
                let items = [$($name::schema()),+];
                json!({
                    "type": "array",
                    "prefixItems": items,
                    "minItems": items.len(),
                    "maxItems": items.len(),
                })
            }
        })+
    };
}

tuples! { (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) }

/// Finds out whether a type has a schema: `(&Probe::<T>::new()).schema()` is that of `KnownSchema` if
/// `T` is `Schema`, because method lookup comes to it first, and else that of `AnySchema`.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

impl<T> Probe<T> {
    #[allow(
        clippy::new_without_default,
        reason = "only the attribute's code calls it"
    )]
    /// A probe for `T`.
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

/// The lookup's first candidate.
pub trait KnownSchema {
    /// The type's schema.
    fn schema(&self) -> Value;
}

impl<T: Schema> KnownSchema for Probe<T> {
    fn schema(&self) -> Value {
        T::schema()
    }
}

/// The lookup's second candidate.
pub trait AnySchema {
    /// The schema of anything.
    fn schema(&self) -> Value;
}

impl<T> AnySchema for &Probe<T> {
    fn schema(&self) -> Value {
        json!({})
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::needless_borrow,
        reason = "the attribute's code has the borrow"
    )]

    use super::*;

    #[test]
    fn types_of_the_standard_library_have_schemas() {
        let cases = [
            (
                u8::schema(),
                json!({"type": "integer", "minimum": 0, "maximum": 255}),
            ),
            (i64::schema(), json!({"type": "integer"})),
            (
                <Option<String>>::schema(),
                json!({"type": ["string", "null"]}),
            ),
            (<Option<Box<RawValue>>>::schema(), json!({})),
            (
                <Option<Option<bool>>>::schema(),
                json!({"anyOf": [{"type": ["boolean", "null"]}, {"type": "null"}]}),
            ),
            (
                <Vec<Cow<'static, str>>>::schema(),
                json!({"type": "array", "items": {"type": "string"}}),
            ),
            (
                <HashMap<String, f64>>::schema(),
                json!({"type": "object", "additionalProperties": {"type": "number"}}),
            ),
            (
                <(char, [(); 2])>::schema(),
                json!({
                    "type": "array",
                    "prefixItems": [
                        {"type": "string", "minLength": 1, "maxLength": 1},
                        {"type": "array", "items": {"type": "null"}, "minItems": 2, "maxItems": 2},
                    ],
                    "minItems": 2,
                    "maxItems": 2,
                }),
            ),
        ];
        for (schema, expected) in cases {
            assert_eq!(schema, expected);
        }
    }

    #[test]
    fn a_type_without_a_schema_is_anything() {
        struct Plain;
        assert_eq!((&Probe::<Plain>::new()).schema(), json!({}));
        assert_eq!((&Probe::<Vec<Plain>>::new()).schema(), json!({}));
        assert_eq!((&Probe::<bool>::new()).schema(), bool::schema());
    }
}
