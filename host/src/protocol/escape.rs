//! How JSON text says what JSON has no words for: an object with one key only, a word behind a dollar.
//!
//! For apps `$blob` is a binary, by its index, and `$float` a number that is not finite; for clients
//! of the JSON dialect `$bytes` is a binary in base64. A client's own object of such a shape gets one
//! dollar more on its way to the app and loses one on its way back, so that it arrives as it was.

/// A dollar as an escape, which has no other spelling.
pub(super) const ESCAPED_DOLLAR: &[u8] = br"\u0024";

/// Whether a key, as it stands between its quotes, may be one of those below: most are not.
#[inline]
pub(super) fn begins_with_dollar(key: &[u8]) -> bool {
    match key.first() {
        Some(b'$') => true,
        Some(b'\\') => key.starts_with(ESCAPED_DOLLAR),
        _ => false,
    }
}

/// What an object with this one key stands for in an app's text.
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
        match behind_dollars(key)? {
            ("blob" | "float", 2..) => Some(Escape::Literal),
            ("blob", _) => Some(Escape::Blob),
            ("float", _) => Some(Escape::Float),
            _ => None,
        }
    }
}

/// What an object with this one key stands for in the text of a client of the JSON dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientEscape {
    /// `$bytes`
    Bytes,
    /// An object whose key has one dollar less.
    Literal,
}

impl ClientEscape {
    /// None if a key, decoded, is like any other.
    pub(super) fn of(key: &str) -> Option<ClientEscape> {
        match behind_dollars(key)? {
            ("bytes", 2..) => Some(ClientEscape::Literal),
            ("bytes", _) => Some(ClientEscape::Bytes),
            _ => None,
        }
    }
}

/// What follows the dollars with which a key begins, and how many those are.
#[inline]
fn behind_dollars(key: &str) -> Option<(&str, usize)> {
    let rest = key.strip_prefix('$')?;
    let word = rest.trim_start_matches('$');
    Some((word, 1 + rest.len() - word.len()))
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
