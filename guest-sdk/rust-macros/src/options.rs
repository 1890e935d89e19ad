//! The attribute's own arguments: `workers = 2, stashes("sessions")`.

use proc_macro2::TokenStream;
use syn::meta::{self, ParseNestedMeta};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Error, LitInt, LitStr, Result, Token, parenthesized, token};

/// What the attribute says of the app beside its actions.
#[derive(Default)]
pub(crate) struct Options {
    /// How many workers the app wants, unless the configuration says otherwise.
    pub(crate) workers: Option<u32>,
    /// The tables of the stash that it uses.
    pub(crate) stashes: Vec<LitStr>,
}

impl Options {
    pub(crate) fn parse(tokens: TokenStream) -> Result<Self> {
        let mut options = Self::default();
        meta::parser(|meta| options.read(&meta)).parse2(tokens)?;
        Ok(options)
    }

    fn read(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        if meta.path.is_ident("workers") {
            if self.workers.is_some() {
                return Err(meta.error("`workers` is given twice"));
            }
            self.workers = Some(workers(&meta.value()?.parse()?)?);
            Ok(())
        } else if meta.path.is_ident("stashes") {
            if !meta.input.peek(token::Paren) {
                return Err(meta.error("write `stashes(\"NAME\", …)`"));
            }
            let names;
            parenthesized!(names in meta.input);
            Punctuated::<LitStr, Token![,]>::parse_terminated(&names)?
                .into_iter()
                .try_for_each(|name| self.add_stash(name))
        } else {
            Err(meta.error("unknown option; there are: `workers = 2`, `stashes(\"NAME\", …)`"))
        }
    }

    fn add_stash(&mut self, name: LitStr) -> Result<()> {
        if name.value().is_empty() {
            return Err(Error::new(name.span(), "a table of the stash needs a name"));
        }
        if self
            .stashes
            .iter()
            .any(|other| other.value() == name.value())
        {
            return Err(Error::new(name.span(), "this table is named twice"));
        }
        self.stashes.push(name);
        Ok(())
    }
}

fn workers(number: &LitInt) -> Result<u32> {
    match number.base10_parse() {
        Ok(0) => Err(Error::new(
            number.span(),
            "an app without workers serves nothing: ask for 1 or more",
        )),
        parsed => parsed,
    }
}
