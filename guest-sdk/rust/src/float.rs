//! Numbers that need not be finite, in arguments, results and chunks.

use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::schema::{Schema, Value, json};

/// An `f64` that may be NaN or infinite on its way from a client or to one. A plain `f64` that is not
/// finite is sent as `null`, and refuses to be read, because JSON has no such numbers.
///
/// ```
/// use dirty_guest::Float;
///
/// # struct Signals;
/// # #[dirty_guest::app]
/// # impl Signals {
/// #     fn init() -> Self { Self }
/// pub fn divide(&self, dividend: Float, divisor: Float) -> Float {
///     Float(dividend.0 / divisor.0)
/// }
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
pub struct Float(pub f64);

/// The only key of an object that stands for such a number.
const KEY: &str = "$float";

const NOT_FINITE: [(&str, f64); 3] = [
    ("nan", f64::NAN),
    ("inf", f64::INFINITY),
    ("-inf", f64::NEG_INFINITY),
];

impl From<f64> for Float {
    fn from(number: f64) -> Self {
        Self(number)
    }
}

impl From<Float> for f64 {
    fn from(number: Float) -> Self {
        number.0
    }
}

/// As the number itself.
impl fmt::Display for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Float {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // NaN equals nothing, so the order of all numbers is asked.
        let positive_nan = if self.0.is_nan() { f64::NAN } else { self.0 };
        let named = NOT_FINITE
            .iter()
            .find(|(_, number)| number.total_cmp(&positive_nan).is_eq());
        let Some((name, _)) = named else {
            return serializer.serialize_f64(self.0);
        };
        let mut object = serializer.serialize_map(Some(1))?;
        object.serialize_entry(KEY, name)?;
        object.end()
    }
}

impl<'de> Deserialize<'de> for Float {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FloatVisitor)
    }
}

/// As JSON clients write it: they have no numbers that are not finite.
impl Schema for Float {
    fn schema() -> Value {
        json!({"type": "number"})
    }
}

struct FloatVisitor;

impl<'de> Visitor<'de> for FloatVisitor {
    type Value = Float;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_f64<E>(self, number: f64) -> Result<Float, E> {
        Ok(Float(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Float, E> {
        Ok(Float(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Float, E> {
        Ok(Float(number as f64))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut object: M) -> Result<Float, M::Error> {
        let other = || M::Error::invalid_type(serde::de::Unexpected::Map, &self);
        match object.next_key::<String>()? {
            Some(key) if key == KEY => {}
            _ => return Err(other()),
        }
        let name: String = object.next_value()?;
        let (_, number) = NOT_FINITE
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(other)?;
        match object.next_key::<IgnoredAny>()? {
            None => Ok(Float(*number)),
            Some(_) => Err(other()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(text: &str) -> Result<Float, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn every_number_is_read_as_it_was_written() {
        for (number, text) in [
            (0.5, "0.5"),
            (-0.0, "-0.0"),
            (f64::INFINITY, r#"{"$float":"inf"}"#),
            (f64::NEG_INFINITY, r#"{"$float":"-inf"}"#),
            (f64::NAN, r#"{"$float":"nan"}"#),
        ] {
            assert_eq!(serde_json::to_string(&Float(number)).unwrap(), text);
            let back = read(text).unwrap().0;
            assert_eq!(back.to_bits(), number.to_bits(), "{text}");
        }
        assert_eq!(read("3"), Ok(Float(3.0)));
        assert_eq!(read("-3"), Ok(Float(-3.0)));
        // Which NaN it is says nothing.
        let text = serde_json::to_string(&Float(-f64::NAN)).unwrap();
        assert_eq!(text, r#"{"$float":"nan"}"#);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "null",
            r#""1""#,
            "{}",
            r#"{"$float":"NaN"}"#,
            r#"{"$float":1}"#,
            r#"{"$float":"nan","x":1}"#,
            r#"{"x":"nan"}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
