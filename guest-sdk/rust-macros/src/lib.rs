//! The attribute of the crate `dirty-guest`, which makes an app of an `impl` block: reads the block's
//! functions, and writes the implementation of `dirty_guest::App` that one would write by hand. Knows
//! syntax only: how arguments are decoded and results encoded is for the code in
//! `dirty_guest::__private` that the output calls.

use proc_macro::TokenStream;

mod action;
mod block;
mod docs;
mod expand;
mod lifecycle;
mod mistakes;
mod options;
mod param;
mod returns;
mod types;

/// Makes an app of an `impl` block: see `dirty_guest::app`.
#[proc_macro_attribute]
pub fn app(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::app(options.into(), item.into()).into()
}
