//! Questions about types, as far as their syntax answers them.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::visit::Visit;
use syn::{
    AngleBracketedGenericArguments, GenericArgument, Lifetime, PathArguments, PathSegment, Type,
    TypeImplTrait, TypeParamBound, TypeReference,
};

/// The type without the parentheses and invisible groups around it.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        ty => ty,
    }
}

/// The last segment of a type's path, if it is one: `Result<u8>` of `dirty_guest::Result<u8>`.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match bare(ty) {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// True if the type's path ends with that name.
pub(crate) fn is_named(ty: &Type, name: &str) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == name)
}

/// The first type among the arguments of the last segment.
pub(crate) fn first_argument(ty: &Type) -> Option<&Type> {
    let mut arguments = generic_arguments(last_segment(ty)?)?.args.iter();
    arguments.find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

fn generic_arguments(segment: &PathSegment) -> Option<&AngleBracketedGenericArguments> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(arguments),
        _ => None,
    }
}

pub(crate) fn is_unit(ty: &Type) -> bool {
    matches!(bare(ty), Type::Tuple(tuple) if tuple.elems.is_empty())
}

/// The type that a reference refers to.
pub(crate) fn as_reference(ty: &Type) -> Option<&TypeReference> {
    match bare(ty) {
        Type::Reference(reference) => Some(reference),
        _ => None,
    }
}

/// What an `impl Iterator<Item = T>` or `Box<dyn Iterator<Item = T>>` yields. The name of the trait
/// may be longer, as in `ExactSizeIterator`.
pub(crate) fn iterator_item(ty: &Type) -> Option<&Type> {
    let bounds = match bare(ty) {
        Type::ImplTrait(TypeImplTrait { bounds, .. }) => bounds,
        ty if is_named(ty, "Box") => match bare(first_argument(ty)?) {
            Type::TraitObject(object) => &object.bounds,
            _ => return None,
        },
        _ => return None,
    };
    let segments = bounds.iter().filter_map(|bound| match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last(),
        _ => None,
    });
    segments
        .filter(|segment| segment.ident.to_string().ends_with("Iterator"))
        .find_map(|segment| {
            generic_arguments(segment)?
                .args
                .iter()
                .find_map(|argument| match argument {
                    GenericArgument::AssocType(assigned) if assigned.ident == "Item" => {
                        Some(&assigned.ty)
                    }
                    _ => None,
                })
        })
}

/// Something in a type that borrows: what is decoded from a caller's text must own what it holds.
pub(crate) fn borrowed_part(ty: &Type) -> Option<TokenStream> {
    struct Borrows(Option<TokenStream>);
    impl<'ast> Visit<'ast> for Borrows {
        fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
            self.0.get_or_insert_with(|| reference.to_token_stream());
        }
        fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
            if lifetime.ident != "static" {
                self.0.get_or_insert_with(|| lifetime.to_token_stream());
            }
        }
    }
    let mut borrows = Borrows(None);
    borrows.visit_type(bare(ty));
    borrows.0
}

/// An `impl Trait` in a type.
pub(crate) fn impl_trait_part(ty: &Type) -> Option<TokenStream> {
    struct Finds(Option<TokenStream>);
    impl<'ast> Visit<'ast> for Finds {
        fn visit_type_impl_trait(&mut self, found: &'ast TypeImplTrait) {
            self.0.get_or_insert_with(|| found.to_token_stream());
        }
    }
    let mut finds = Finds(None);
    finds.visit_type(ty);
    finds.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use syn::parse_quote;

    use super::*;

    #[test]
    fn iterators_are_known_by_their_bounds() {
        let cases: [(Type, Option<&str>); 7] = [
            (parse_quote!(impl Iterator<Item = u8>), Some("u8")),
            (
                parse_quote!((impl Send + Iterator<Item = u8> + 'a)),
                Some("u8"),
            ),
            (
                parse_quote!(impl std::iter::DoubleEndedIterator<Item = u8>),
                Some("u8"),
            ),
            (parse_quote!(Box<dyn Iterator<Item = u8> + '_>), Some("u8")),
            (parse_quote!(Box<u8>), None),
            (parse_quote!(impl Fn(u8) -> u8), None),
            (parse_quote!(Vec<u8>), None),
        ];
        for (ty, expected) in cases {
            let item = iterator_item(&ty).map(|item| item.to_token_stream().to_string());
            assert_eq!(item.as_deref(), expected, "{}", ty.to_token_stream());
        }
    }

    #[test]
    fn what_borrows_is_found_anywhere() {
        let owned: [Type; 3] = [
            parse_quote!(Vec<(u8, String)>),
            parse_quote!(Cow<'static, str>),
            parse_quote!([u8; 3]),
        ];
        let borrowed: [Type; 3] = [
            parse_quote!(Option<&str>),
            parse_quote!(Cow<'_, str>),
            parse_quote!((u8, &'static str)),
        ];
        assert!(owned.iter().all(|ty| borrowed_part(ty).is_none()));
        assert!(borrowed.iter().all(|ty| borrowed_part(ty).is_some()));
    }
}
