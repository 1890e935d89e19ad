//! How JSON text for apps says what JSON has no words for: an object with the one key `$blob` is a
//! binary, one with the one key `$float` a number that is not finite.
//!
//! A client's own object of that shape gets one dollar more on its way to the app and loses one on
//! its way back, so that it arrives as it was.

/// What an object with this one key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    /// `$blob`
    Blob,
    /// `$float`
    Float,
    /// An object whose key has one dollar less.
    Literal,
}

impl Escape {
    /// None if a key, decoded, is like any other.
    #[inline]
    pub(super) fn of(key: &str) -> Option<Escape> {
        let rest = key.strip_prefix('$')?;
        match rest.trim_start_matches('$') {
            name @ ("blob" | "float") if name.len() < rest.len() => Some(Escape::Literal),
            "blob" => Some(Escape::Blob),
            "float" => Some(Escape::Float),
            _ => None,
        }
    }
}

/// The name of a number that is not finite.
pub(super) fn float_name(number: f64) -> &'static str {
    if number.is_nan() {
        "nan"
    } else if number > 0.0 {
        "inf"
    } else {
        "-inf"
    }
}

/// The number that is not finite of this name.
pub(super) fn float_of(name: &[u8]) -> Option<f64> {
    match name {
        b"nan" => Some(f64::NAN),
        b"inf" => Some(f64::INFINITY),
        b"-inf" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}
