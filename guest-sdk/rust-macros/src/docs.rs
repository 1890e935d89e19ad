//! Doc comments as text.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The text of the doc comments among the attributes, a line each, without the space that follows
/// the slashes.
pub(crate) fn text(attributes: &[Attribute]) -> String {
    let lines: Vec<_> = attributes.iter().filter_map(line).collect();
    lines.join("\n").trim().to_owned()
}

/// One doc comment. One whose text the compiler has yet to find (`include_str!`) is none.
fn line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(meta) = &attribute.meta else {
        return None;
    };
    match &meta.value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) if meta.path.is_ident("doc") => {
            let text = text.value();
            Some(text.strip_prefix(' ').unwrap_or(&text).to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use syn::parse_quote;

    use super::*;

    #[test]
    fn lines_are_joined_and_keep_their_indentation() {
        let function: syn::ItemFn = parse_quote! {
            /// Greets.
            ///
            ///     indented
            #[inline]
            #[doc = include_str!("x")]
            /// Last.
            fn f() {}
        };
        assert_eq!(text(&function.attrs), "Greets.\n\n    indented\nLast.");
        assert_eq!(text(&[]), "");
    }
}
