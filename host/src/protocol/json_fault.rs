//! What can be wrong with JSON text: in one byte while it is walked, and in full for whoever sent it.

use super::json::DEPTH_MAX;

/// Why a text is not a JSON value that the host accepts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The text breaks the grammar of RFC 8259.
    #[error("malformed JSON at byte {at}: expected {expected}")]
    Malformed {
        /// Offset of the first byte that does not fit.
        at: usize,
        /// What would have fitted there.
        expected: &'static str,
    },
    /// The text is deeper than [`DEPTH_MAX`].
    #[error("JSON at byte {at} is more than {DEPTH_MAX} arrays and objects deep: send it flatter")]
    TooDeep {
        /// Offset of the bracket that goes too deep.
        at: usize,
    },
}

/// Why the scanner went no further; it then stands at the byte that stopped it. One byte, because
/// results are checked at each step of the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    TooDeep,
    Object,
    Value,
    Key,
    Colon,
    MemberEnd,
    ElementEnd,
    Quote,
    PlainText,
    Escape,
    Hex,
    Digit,
    Literal,
    End,
}

impl Stop {
    /// What would have fitted; None if the grammar is not what was broken.
    fn expected(self) -> Option<&'static str> {
        Some(match self {
            Self::TooDeep => return None,
            Self::Object => "an object",
            Self::Value => "a value",
            Self::Key => "a key in double quotes",
            Self::Colon => "`:` after a key",
            Self::MemberEnd => "`,` or `}`",
            Self::ElementEnd => "`,` or `]`",
            Self::Quote => "the string's closing quote",
            Self::PlainText => "no bare control character in a string",
            Self::Escape => "an escape sequence that JSON knows",
            Self::Hex => "four hexadecimal digits after `\\u`",
            Self::Digit => "a digit",
            Self::Literal => "`true`, `false` or `null`",
            Self::End => "the end of the text",
        })
    }

    /// The same in full, of a text in which the scanner stands at this offset.
    pub(super) fn at(self, at: usize) -> ValueError {
        match self.expected() {
            Some(expected) => ValueError::Malformed { at, expected },
            None => ValueError::TooDeep { at },
        }
    }
}
