//! One action: a public method, read from its signature.

use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, FnArg, GenericParam, Ident, ImplItemFn, PatType, Receiver, Result, Signature,
    Type,
};

use crate::docs;
use crate::lifecycle::cfgs;
use crate::mistakes::Mistakes;
use crate::param::Param;
use crate::returns::{Kind, Returns};
use crate::types;

/// A public method that callers may name.
pub(crate) struct Action {
    pub(crate) method: Ident,
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) takes: Takes,
    /// The last parameter is an `&mut Emitter`.
    pub(crate) emits: bool,
    pub(crate) returns: Returns,
}

/// What a method takes of the caller's arguments.
pub(crate) enum Takes {
    Named(Vec<Param>),
    /// Whatever there is, as one `Args`.
    All,
}

impl Action {
    pub(crate) fn read(function: &ImplItemFn, mistakes: &mut Mistakes) -> Option<Self> {
        let signature = &function.sig;
        let name = signature.ident.unraw().to_string();
        let shape = [
            check_name(&name, &signature.ident),
            check_qualifiers(signature),
            check_generics(signature),
            check_receiver(signature),
        ];
        let sound = shape
            .map(|outcome| mistakes.check(outcome))
            .iter()
            .all(Option::is_some);

        let inputs: Vec<_> = signature.inputs.iter().filter_map(typed).collect();
        let (params, emits) = match inputs.split_last() {
            Some((last, others)) if is_emitter(&last.ty) => (others, true),
            _ => (&*inputs, false),
        };
        let takes = takes(params, mistakes);

        let returns = Returns::read(&signature.output, signature.ident.span());
        if emits && matches!(returns.kind, Kind::Stream { .. }) {
            mistakes.add(Error::new(
                returns.span,
                "an action either returns an iterator or takes an `&mut Emitter`, not both",
            ));
        }
        Some(Self {
            method: signature.ident.clone(),
            name,
            doc: docs::text(&function.attrs),
            cfgs: cfgs(&function.attrs),
            takes: takes.filter(|_| sound)?,
            emits,
            returns,
        })
    }
}

fn typed(input: &FnArg) -> Option<&PatType> {
    match input {
        FnArg::Typed(input) => Some(input),
        FnArg::Receiver(_) => None,
    }
}

fn is_emitter(ty: &Type) -> bool {
    types::as_reference(ty).is_some_and(|reference| {
        reference.mutability.is_some() && types::is_named(&reference.elem, "Emitter")
    })
}

fn takes(params: &[&PatType], mistakes: &mut Mistakes) -> Option<Takes> {
    if let [PatType { ty, .. }] = params
        && types::is_named(ty, "Args")
    {
        return Some(Takes::All);
    }
    // All of them are read, so that all mistakes are found.
    let read: Vec<_> = params
        .iter()
        .map(|param| {
            mistakes.check(check_special(&param.ty))?;
            mistakes.check(Param::read(param))
        })
        .collect();
    read.into_iter().collect::<Option<_>>().map(Takes::Named)
}

/// Refuses what only one place may have, in another place.
fn check_special(ty: &Type) -> Result<()> {
    let referent = types::as_reference(ty).map_or(ty, |reference| &reference.elem);
    let message = if types::is_named(referent, "Emitter") {
        "the emitter is the last parameter, and an `&mut Emitter`"
    } else if types::is_named(referent, "Args") {
        "`Args` takes all arguments of a call: it is taken by value, and beside it there can only be \
         an `&mut Emitter`"
    } else {
        return Ok(());
    };
    Err(Error::new_spanned(ty, message))
}

fn check_name(name: &str, ident: &Ident) -> Result<()> {
    match name {
        // `init` and `close` are read elsewhere.
        "call" => Err(Error::new(
            ident.span(),
            "no action can be named `call`: the host keeps the name for itself",
        )),
        _ => Ok(()),
    }
}

fn check_qualifiers(signature: &Signature) -> Result<()> {
    if let Some(token) = &signature.asyncness {
        return Err(Error::new(
            token.span,
            "an action cannot be `async`: an instance serves one call at a time, so it may simply block",
        ));
    }
    let unusual = (signature.unsafety.map(|token| token.span))
        .or_else(|| signature.abi.as_ref().map(Spanned::span));
    unusual.map_or(Ok(()), |span| {
        Err(Error::new(span, "an action is a plain `fn`"))
    })
}

fn check_generics(signature: &Signature) -> Result<()> {
    let generic = signature
        .generics
        .params
        .iter()
        .find(|param| !matches!(param, GenericParam::Lifetime(_)));
    generic.map_or(Ok(()), |param| {
        Err(Error::new_spanned(
            param,
            "an action cannot be generic: its callers are in another process, and choose no types",
        ))
    })
}

fn check_receiver(signature: &Signature) -> Result<()> {
    match signature.receiver() {
        Some(Receiver {
            reference: Some(_), ..
        }) => Ok(()),
        Some(receiver) => Err(Error::new_spanned(
            receiver,
            "an action takes `&self` or `&mut self`: the app lives on after the call",
        )),
        None => Err(Error::new(
            signature.ident.span(),
            "a public function is an action, and takes `&self` or `&mut self`; add that, remove `pub`, \
             or move the function into an `impl` block without the attribute",
        )),
    }
}
