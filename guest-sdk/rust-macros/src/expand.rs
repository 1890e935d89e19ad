//! Writes the code: the block as it was, the implementation of `dirty_guest::App`, and the
//! component's exports.
//!
//! Locals have the hygiene of the macro, so that no name of the app's can clash with them, and each
//! piece has the place of what it was made of, so that the compiler's own errors point there.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, ExprUnary, Item, ItemImpl, Lit, Result, UnOp};

use crate::action::{Action, Takes};
use crate::block::{self, Block};
use crate::lifecycle::{Hook, Init};
use crate::options::Options;
use crate::param::{Fallback, Param};
use crate::returns::{Kind, Returns};

/// The attribute's output, from its own arguments and the item under it.
pub(crate) fn app(options: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse2::<Item>(item) {
        Ok(Item::Impl(mut item)) => {
            let generated = generate(options, &item).unwrap_or_else(Error::into_compile_error);
            block::strip(&mut item);
            quote! {
                // Here `pub` says what is an action, not who can name it.
                #[allow(unreachable_pub)]
                #item
                #generated
            }
        }
        Ok(other) => {
            let message = "this attribute goes on the `impl` block that has the app's actions";
            let error = Error::new(Span::call_site(), message).into_compile_error();
            quote! { #other #error }
        }
        Err(error) => error.into_compile_error(),
    }
}

fn generate(options: TokenStream, item: &ItemImpl) -> Result<TokenStream> {
    let options = Options::parse(options)?;
    let block = Block::read(item)?;
    let app = &block.app;
    let (config, init) = init(&block.init);
    let defaults = defaults(&options);
    let hooks = block.hooks.iter().map(hook);
    let table = local("actions");
    let actions = block.actions.iter().map(|it| action(&table, it));
    Ok(quote! {
        #[automatically_derived]
        impl ::dirty_guest::App for #app {
            type Config = #config;
            #defaults
            #init
            fn actions(#table: &mut ::dirty_guest::Actions<Self>) {
                #(#actions)*
            }
            #(#hooks)*
        }

        ::dirty_guest::export!(#app);
    })
}

/// What the app wants where the configuration does not say.
fn defaults(options: &Options) -> TokenStream {
    let workers = options.workers.map(|workers| {
        quote! { const WORKERS: ::core::option::Option<u32> = ::core::option::Option::Some(#workers); }
    });
    let stashes = &options.stashes;
    let stashes = (!stashes.is_empty()).then(|| {
        quote! { const STASHES: &'static [&'static str] = &[#(#stashes),*]; }
    });
    quote! { #workers #stashes }
}

/// The type of the configuration, and the trait's `init`.
fn init(init: &Init) -> (TokenStream, TokenStream) {
    let config = local("config");
    let (ty, call) = match &init.config {
        Some(ty) => (quote!(#ty), quote!(Self::init(#config))),
        None => (quote!(::dirty_guest::NoConfig), quote!(Self::init())),
    };
    let made = checked(&init.returns, call);
    let cfgs = &init.cfgs;
    let function = quote! {
        #(#cfgs)*
        fn init(#config: Self::Config) -> ::dirty_guest::Result<Self> {
            ::core::result::Result::Ok(#made)
        }
    };
    (ty, function)
}

/// The trait's `close` or `on_fork`.
fn hook(Hook { name, cfgs }: &Hook) -> TokenStream {
    quote! {
        #(#cfgs)*
        fn #name(&mut self) {
            Self::#name(self)
        }
    }
}

/// The statement that adds an action to the table.
fn action(table: &Ident, action: &Action) -> TokenStream {
    let Action {
        name, doc, cfgs, ..
    } = action;
    let params = match &action.takes {
        Takes::All => quote!(::core::option::Option::None),
        Takes::Named(params) => {
            let described = params.iter().map(description);
            quote!(::core::option::Option::Some(::std::vec![#(#described),*]))
        }
    };
    let streams = action.emits || matches!(action.returns.kind, Kind::Stream { .. });
    let handler = handler(action);
    quote! {
        #(#cfgs)*
        #table.add(
            #name,
            || ::dirty_guest::__private::About {
                doc: #doc,
                params: #params,
                streams: #streams,
            },
            #handler,
        );
    }
}

/// What is known of a parameter, for the app's description.
fn description(param: &Param) -> TokenStream {
    let Param { name, doc, .. } = param;
    let ty = decoded(param);
    let required = match &param.default {
        Fallback::None => quote!(::dirty_guest::__private::is_required::<#ty>()),
        Fallback::OfType | Fallback::Expr(_) => quote!(false),
    };
    let default = match &param.default {
        Fallback::Expr(value) => literal(value),
        Fallback::None | Fallback::OfType => None,
    };
    let default = match default {
        Some(literal) => quote!(::core::option::Option::Some((#literal).into())),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        ::dirty_guest::__private::Parameter {
            name: #name,
            doc: #doc,
            schema: {
                use ::dirty_guest::__private::{AnySchema as _, KnownSchema as _};
                (&::dirty_guest::__private::Probe::<#ty>::new()).schema()
            },
            required: #required,
            default: #default,
        }
    }
}

/// A default as a value that JSON has, if it is a literal.
fn literal(value: &Expr) -> Option<TokenStream> {
    match value {
        Expr::Lit(ExprLit { lit, .. }) => match lit {
            Lit::Str(text) => Some(quote!(#text)),
            Lit::Bool(value) => Some(quote!(#value)),
            Lit::Int(number) => match number.base10_parse::<u64>() {
                Ok(number) => Some(quote!(#number)),
                Err(_) => None,
            },
            Lit::Float(number) => number
                .base10_parse::<f64>()
                .ok()
                .map(|number| quote!(#number)),
            _ => None,
        },
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_),
            expr,
            ..
        }) => match &**expr {
            Expr::Lit(ExprLit {
                lit: Lit::Int(number),
                ..
            }) => number
                .base10_parse::<i64>()
                .ok()
                .map(|number| quote!(-#number)),
            Expr::Lit(ExprLit {
                lit: Lit::Float(number),
                ..
            }) => number
                .base10_parse::<f64>()
                .ok()
                .map(|number| quote!(-#number)),
            _ => None,
        },
        Expr::Group(group) => literal(&group.expr),
        Expr::Paren(paren) => literal(&paren.expr),
        _ => None,
    }
}

/// The type that is decoded for a parameter.
fn decoded(param: &Param) -> TokenStream {
    let ty = &param.ty;
    if param.borrowed {
        quote_spanned!(placed(ty.span())=> <#ty as ::std::borrow::ToOwned>::Owned)
    } else {
        quote!(#ty)
    }
}

/// The closure that serves the calls of an action.
fn handler(action: &Action) -> TokenStream {
    let (app, arguments) = (local("app"), local("arguments"));
    let (decode, mut passed) = match &action.takes {
        Takes::All => (
            TokenStream::new(),
            vec![quote!(::dirty_guest::__private::all(#arguments)?)],
        ),
        Takes::Named(params) => bind(params, &arguments),
    };
    if action.emits {
        passed.push(quote!(&mut ::dirty_guest::__private::emitter()));
    }
    let method = &action.method;
    let call = quote_spanned!(placed(action.returns.span)=> Self::#method(#app #(, #passed)*));
    let returned = checked(&action.returns, call);
    let reply = reply(action, &returned);
    quote! {
        |#app: &mut Self, #arguments| {
            #decode
            #reply
        }
    }
}

/// Statements that decode the arguments, and the expressions that pass them on.
fn bind(params: &[Param], arguments: &Ident) -> (TokenStream, Vec<TokenStream>) {
    let names = params.iter().map(|param| &param.name);
    let bound = local("bound");
    let locals: Vec<_> = (0..params.len())
        .map(|i| local(&format!("argument{i}")))
        .collect();
    let decode = params.iter().zip(&locals).map(|(param, local)| {
        let place = placed(param.ty.span());
        let (name, ty) = (&param.name, decoded(param));
        let value = match default(&param.default, &ty) {
            None => quote_spanned!(place=> #bound.required::<#ty>(#name)),
            Some(default) => quote_spanned!(place=> #bound.optional::<#ty>(#name, || #default)),
        };
        quote!(let #local = #value?;)
    });
    let statements = quote! {
        let #bound = ::dirty_guest::__private::Bound::new(#arguments, &[#(#names),*])?;
        #(#decode)*
    };
    let passed = params.iter().zip(&locals).map(|(param, local)| {
        if param.borrowed {
            quote!(&#local)
        } else {
            quote!(#local)
        }
    });
    (statements, passed.collect())
}

/// The expression that stands in for an argument of that type.
fn default(default: &Fallback, ty: &TokenStream) -> Option<TokenStream> {
    match default {
        Fallback::None => None,
        Fallback::OfType => Some(quote!(<#ty as ::core::default::Default>::default())),
        // So that a `String` has a default that one can write.
        Fallback::Expr(
            value @ Expr::Lit(ExprLit {
                lit: Lit::Str(_), ..
            }),
        ) => Some(quote_spanned!(placed(value.span())=> ::core::convert::Into::into(#value))),
        Fallback::Expr(value) => Some(quote!(#value)),
    }
}

/// The call without its `Result`, if it has one.
fn checked(returns: &Returns, call: TokenStream) -> TokenStream {
    if returns.fallible {
        quote_spanned!(placed(returns.span)=> ::dirty_guest::__private::checked(#call)?)
    } else {
        call
    }
}

/// What a handler returns: the result's JSON, or none at the end of a stream.
fn reply(action: &Action, returned: &TokenStream) -> TokenStream {
    let place = placed(action.returns.span);
    match action.returns.kind {
        Kind::Never => quote!(#returned),
        Kind::Unit if action.emits => quote! {
            #returned;
            ::core::result::Result::Ok(::core::option::Option::None)
        },
        // A stream in any case, so that it does not depend on what the action has found to emit.
        Kind::Value if action.emits => {
            quote_spanned!(place=> ::dirty_guest::__private::streamed([#returned]))
        }
        Kind::Unit | Kind::Value => {
            quote_spanned!(place=> ::dirty_guest::__private::returned(&#returned))
        }
        Kind::Stream {
            fallible_items: false,
        } => quote_spanned!(place=> ::dirty_guest::__private::streamed(#returned)),
        Kind::Stream {
            fallible_items: true,
        } => quote_spanned!(place=> ::dirty_guest::__private::try_streamed(#returned)),
    }
}

/// The macro's own hygiene at a place in the app's source.
fn placed(place: Span) -> Span {
    Span::mixed_site().located_at(place)
}

fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
