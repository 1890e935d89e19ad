//! The functions that the host calls at certain moments of an app's life: `init`, `close` and
//! `on_fork`. None of them is an action.

use syn::{
    Attribute, Error, FnArg, Ident, ImplItemFn, Receiver, Result, ReturnType, Signature, Type,
};

use crate::returns::{Kind, Returns};
use crate::types;

/// The function that makes the app.
pub(crate) struct Init {
    /// The type of its parameter, if it has one.
    pub(crate) config: Option<Type>,
    pub(crate) returns: Returns,
    pub(crate) cfgs: Vec<Attribute>,
}

/// `close` or `on_fork`.
pub(crate) struct Hook {
    pub(crate) name: Ident,
    pub(crate) cfgs: Vec<Attribute>,
}

impl Init {
    pub(crate) fn read(function: &ImplItemFn) -> Result<Self> {
        let signature = &function.sig;
        check_plain(signature)?;
        if let Some(receiver) = signature.receiver() {
            return Err(Error::new_spanned(
                receiver,
                "`init` makes the app, so there is no `self` yet: write `fn init() -> Self` or \
                 `fn init(config: Config) -> Result<Self>`",
            ));
        }
        let mut inputs = signature.inputs.iter();
        let config = match inputs.next() {
            Some(FnArg::Typed(param)) => Some(owned(&param.ty)?),
            _ => None,
        };
        if let Some(surplus) = inputs.next() {
            return Err(Error::new_spanned(
                surplus,
                "`init` takes one parameter, which holds the whole configuration: make this a field of it",
            ));
        }
        let returns = Returns::read(&signature.output, signature.ident.span());
        if returns.kind != Kind::Value {
            return Err(Error::new(
                returns.span,
                "`init` returns the app: `Self` or `Result<Self>`",
            ));
        }
        Ok(Self {
            config,
            returns,
            cfgs: cfgs(&function.attrs),
        })
    }
}

impl Hook {
    pub(crate) fn read(function: &ImplItemFn) -> Result<Self> {
        check_hook(function)?;
        Ok(Self {
            name: function.sig.ident.clone(),
            cfgs: cfgs(&function.attrs),
        })
    }
}

/// A function's `#[cfg]`s, which hold for what is made of it, too.
pub(crate) fn cfgs(attributes: &[Attribute]) -> Vec<Attribute> {
    let cfgs = attributes.iter().filter(|it| it.path().is_ident("cfg"));
    cfgs.cloned().collect()
}

fn check_hook(function: &ImplItemFn) -> Result<()> {
    let signature = &function.sig;
    let name = &signature.ident;
    check_plain(signature)?;
    if !matches!(
        signature.receiver(),
        Some(Receiver {
            reference: Some(_),
            ..
        })
    ) {
        return Err(Error::new(
            name.span(),
            format!("`{name}` takes `&mut self`"),
        ));
    }
    if let Some(surplus) = signature.inputs.iter().nth(1) {
        return Err(Error::new_spanned(
            surplus,
            format!("the host calls `{name}`, and has nothing to give to it but `&mut self`"),
        ));
    }
    match &signature.output {
        ReturnType::Type(_, ty) if !types::is_unit(ty) => Err(Error::new_spanned(
            ty,
            format!(
                "nobody sees what `{name}` returns: let it return nothing, and log what goes wrong"
            ),
        )),
        _ => Ok(()),
    }
}

/// Refuses what no function of the host's can be.
fn check_plain(signature: &Signature) -> Result<()> {
    let name = &signature.ident;
    if let Some(token) = &signature.asyncness {
        return Err(Error::new(
            token.span,
            format!("`{name}` cannot be `async`: the host waits for it, so it may simply block"),
        ));
    }
    if let Some(param) = signature.generics.params.first() {
        return Err(Error::new_spanned(
            param,
            format!("`{name}` cannot be generic: the host calls it"),
        ));
    }
    Ok(())
}

fn owned(ty: &Type) -> Result<Type> {
    match types::borrowed_part(ty) {
        Some(part) => Err(Error::new_spanned(
            part,
            "the configuration owns what it holds: take a type without references",
        )),
        None => Ok(ty.clone()),
    }
}
