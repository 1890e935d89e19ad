//! One parameter of an action: what callers name it, what is decoded for it, and what stands in for
//! it when it is left out.

use syn::ext::IdentExt;
use syn::{Attribute, Error, Expr, Meta, Pat, PatIdent, PatType, Result, Type};

use crate::{docs, types};

/// A parameter that callers fill.
pub(crate) struct Param {
    pub(crate) name: String,
    pub(crate) doc: String,
    /// What is decoded; for a reference what it refers to.
    pub(crate) ty: Type,
    /// The method takes `&T`, or `T` itself.
    pub(crate) borrowed: bool,
    pub(crate) default: Fallback,
}

/// What stands in for an argument that is left out.
pub(crate) enum Fallback {
    /// Nothing, unless the type has a way to say "none".
    None,
    /// The type's `Default`.
    OfType,
    /// The value of an expression.
    Expr(Expr),
}

impl Param {
    pub(crate) fn read(param: &PatType) -> Result<Self> {
        let name = name(&param.pat)?;
        let (ty, borrowed) = match types::as_reference(&param.ty) {
            Some(reference) if reference.mutability.is_some() => {
                return Err(Error::new_spanned(
                    &param.ty,
                    "a caller's argument cannot be changed in place: take it by value (only the last \
                     parameter may be `&mut`, and is an `&mut Emitter` then)",
                ));
            }
            Some(reference) => (&*reference.elem, true),
            None => (&*param.ty, false),
        };
        check_type(ty)?;
        Ok(Self {
            name,
            doc: docs::text(&param.attrs),
            ty: ty.clone(),
            borrowed,
            default: fallback(&param.attrs)?,
        })
    }
}

/// True for the attributes that only the macro understands.
pub(crate) fn is_ours(attribute: &Attribute) -> bool {
    attribute.path().is_ident("default") || attribute.path().is_ident("doc")
}

fn name(pattern: &Pat) -> Result<String> {
    match pattern {
        Pat::Ident(PatIdent {
            by_ref: None,
            subpat: None,
            ident,
            ..
        }) => Ok(ident.unraw().to_string()),
        _ => Err(Error::new_spanned(
            pattern,
            "callers name this parameter, so it needs a plain name: take the pattern apart inside",
        )),
    }
}

fn check_type(ty: &Type) -> Result<()> {
    if let Some(part) = types::impl_trait_part(ty) {
        return Err(Error::new_spanned(
            part,
            "arguments are decoded into the parameter's type, so it has to be a concrete one",
        ));
    }
    if let Some(part) = types::borrowed_part(ty) {
        return Err(Error::new_spanned(
            part,
            "a parameter owns what it holds: write `String` for `&str` and `Vec<T>` for `&[T]` here \
             (only a whole parameter may be a reference)",
        ));
    }
    Ok(())
}

fn fallback(attributes: &[Attribute]) -> Result<Fallback> {
    let mut fallback = Fallback::None;
    for attribute in attributes {
        if !attribute.path().is_ident("default") {
            continue;
        }
        if !matches!(fallback, Fallback::None) {
            return Err(Error::new_spanned(
                attribute,
                "the parameter has two defaults",
            ));
        }
        fallback = match &attribute.meta {
            Meta::Path(_) => Fallback::OfType,
            Meta::List(list) if !list.tokens.is_empty() => Fallback::Expr(list.parse_args()?),
            Meta::List(_) | Meta::NameValue(_) => {
                return Err(Error::new_spanned(
                    attribute,
                    "write `#[default(VALUE)]`, or `#[default]` for the type's own default",
                ));
            }
        };
    }
    Ok(fallback)
}
