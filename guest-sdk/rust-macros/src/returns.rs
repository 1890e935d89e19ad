//! What an action returns, as its signature says.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{ReturnType, Type};

use crate::types;

/// What an action returns.
pub(crate) struct Returns {
    /// It is a `Result`, and this is about its `Ok`.
    pub(crate) fallible: bool,
    pub(crate) kind: Kind,
    /// Where the signature says so.
    pub(crate) span: Span,
}

/// What becomes of a returned value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// There is none to speak of: `()`.
    Unit,
    /// It is the call's result.
    Value,
    /// It is an iterator of chunks, each of them a `Result` or not.
    Stream { fallible_items: bool },
    /// There is none: `!`.
    Never,
}

impl Returns {
    /// Reads a signature's return type; `without` is where it would be.
    pub(crate) fn read(output: &ReturnType, without: Span) -> Self {
        let ReturnType::Type(_, ty) = output else {
            return Self {
                fallible: false,
                kind: Kind::Unit,
                span: without,
            };
        };
        let fallible = types::is_named(ty, "Result");
        let kind = match types::first_argument(ty) {
            Some(ok) if fallible => kind_of(ok),
            // An alias such as `fmt::Result`.
            None if fallible => Kind::Value,
            _ => kind_of(ty),
        };
        Self {
            fallible,
            kind,
            span: ty.span(),
        }
    }
}

fn kind_of(ty: &Type) -> Kind {
    if types::is_unit(ty) {
        Kind::Unit
    } else if matches!(types::bare(ty), Type::Never(_)) {
        Kind::Never
    } else if let Some(item) = types::iterator_item(ty) {
        Kind::Stream {
            fallible_items: types::is_named(item, "Result"),
        }
    } else {
        Kind::Value
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use syn::parse_quote;

    use super::*;

    #[test]
    fn signatures_say_what_is_returned() {
        let stream = |fallible_items| Kind::Stream { fallible_items };
        let cases: [(ReturnType, bool, Kind); 9] = [
            (ReturnType::Default, false, Kind::Unit),
            (parse_quote!(-> ()), false, Kind::Unit),
            (parse_quote!(-> !), false, Kind::Never),
            (parse_quote!(-> Vec<Result<u8>>), false, Kind::Value),
            (parse_quote!(-> dirty_guest::Result<()>), true, Kind::Unit),
            (
                parse_quote!(-> Result<u8, std::io::Error>),
                true,
                Kind::Value,
            ),
            (parse_quote!(-> std::fmt::Result), true, Kind::Value),
            (
                parse_quote!(-> impl Iterator<Item = io::Result<u8>>),
                false,
                stream(true),
            ),
            (
                parse_quote!(-> Result<impl Iterator<Item = u8> + '_>),
                true,
                stream(false),
            ),
        ];
        for (output, fallible, kind) in cases {
            let returns = Returns::read(&output, Span::call_site());
            assert_eq!((returns.fallible, returns.kind), (fallible, kind));
        }
    }
}
