//! An app's `impl` block, sorted: its lifecycle, its actions, and the rest.

use syn::ext::IdentExt;
use syn::{Error, FnArg, ImplItem, ImplItemFn, ItemImpl, Result, Type, Visibility};

use crate::action::Action;
use crate::lifecycle::{Hook, Init};
use crate::mistakes::Mistakes;
use crate::param;

/// What the attribute has understood of the block.
pub(crate) struct Block {
    /// The app's type.
    pub(crate) app: Type,
    pub(crate) init: Init,
    /// `close` and `on_fork`, as far as they are there.
    pub(crate) hooks: Vec<Hook>,
    /// In the order of the source.
    pub(crate) actions: Vec<Action>,
}

impl Block {
    /// Reads the block; the error has all of its mistakes.
    pub(crate) fn read(item: &ItemImpl) -> Result<Self> {
        check_header(item)?;
        let mut mistakes = Mistakes::default();

        let functions = item.items.iter().filter_map(|item| match item {
            ImplItem::Fn(function) => Some(function),
            _ => None,
        });
        let mut init = None;
        let mut hooks = Vec::new();
        let mut actions = Vec::new();
        for function in functions {
            let name = function.sig.ident.unraw().to_string();
            match &*name {
                "init" => init = Some(mistakes.check(Init::read(function))),
                "close" | "on_fork" => hooks.extend(mistakes.check(Hook::read(function))),
                _ if is_action(&name, function) => {
                    actions.extend(Action::read(function, &mut mistakes));
                }
                _ => {}
            }
        }
        if init.is_none() {
            mistakes.add(Error::new_spanned(
                &item.self_ty,
                "the app has no `init`, which makes it: add `fn init() -> Self` or \
                 `fn init(config: Config) -> dirty_guest::Result<Self>` to this block",
            ));
        }
        mistakes.finish()?;
        Ok(Self {
            app: (*item.self_ty).clone(),
            init: init.flatten().expect("it is there if nothing is a mistake"),
            hooks,
            actions,
        })
    }
}

/// Only what is `pub`, without restriction, is offered to other processes.
fn is_action(name: &str, function: &ImplItemFn) -> bool {
    matches!(function.vis, Visibility::Public(_)) && !name.starts_with('_')
}

fn check_header(item: &ItemImpl) -> Result<()> {
    if let Some((_, path, _)) = &item.trait_ {
        return Err(Error::new_spanned(
            path,
            "the attribute goes on the app's own `impl` block, not on that of a trait",
        ));
    }
    match item.generics.params.first() {
        Some(param) => Err(Error::new_spanned(
            param,
            "an app is one type: name what this stands for",
        )),
        None => Ok(()),
    }
}

/// Takes off what only the attribute understands: defaults, and the docs of parameters.
pub(crate) fn strip(item: &mut ItemImpl) {
    for member in &mut item.items {
        if let ImplItem::Fn(function) = member
            && matches!(function.vis, Visibility::Public(_))
        {
            for input in &mut function.sig.inputs {
                if let FnArg::Typed(input) = input {
                    input.attrs.retain(|attribute| !param::is_ours(attribute));
                }
            }
        }
    }
}
