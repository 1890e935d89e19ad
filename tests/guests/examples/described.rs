//! Describes itself with the text of the environment variable `DESCRIPTION`; traps without it.
//! `init` notes in its table `seen` which tables there are.

use dirty_guest::stash::{Table, tables};
use dirty_guest::{Actions, App, NoConfig, Result};

struct Described;

dirty_guest::export!(Described);

impl App for Described {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        let tables = tables()?;
        Table::open("seen").put("init", &tables)?;
        Ok(Self)
    }

    fn actions(actions: &mut Actions<Self>) {
        actions.on("ping", |_: &Self, (): ()| Ok("pong"));
    }
}

#[cfg(target_family = "wasm")]
#[allow(missing_docs, unreachable_pub, clippy::undocumented_unsafe_blocks)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package test:described;
            world w {
                export dirty:app/described@0.1.0;
            }
        ",
        world: "test:described/w",
        generate_all,
    });

    struct Description;

    impl exports::dirty::app::described::Guest for Description {
        fn describe() -> String {
            std::env::var("DESCRIPTION").expect("DESCRIPTION is set")
        }
    }

    export!(Description);
}
