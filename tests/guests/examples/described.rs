//! Describes itself with the text of the environment variable `DESCRIPTION`; traps without it.
//! `init` notes in its table `seen` which tables there are.
//!
//! It is written against the contract, because the SDK describes an app by itself.

#[cfg(target_family = "wasm")]
#[allow(missing_docs, unreachable_pub, clippy::undocumented_unsafe_blocks)]
mod component {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package test:described;
            world w {
                import dirty:app/stash@0.1.0;
                export dirty:app/dirty-app@0.1.0;
                export dirty:app/described@0.1.0;
            }
        ",
        world: "test:described/w",
        generate_all,
    });

    use dirty::app::stash::{self, Value};
    use exports::dirty::app::{described, dirty_app};

    struct Described;

    export!(Described);

    impl described::Guest for Described {
        fn describe() -> String {
            std::env::var("DESCRIPTION").expect("DESCRIPTION is set")
        }
    }

    impl dirty_app::Guest for Described {
        fn init(_config: String) -> Result<(), dirty_app::Failure> {
            let tables = stash::tables().expect("the host has a stash");
            let seen = Value {
                json: format!("{tables:?}"),
                blobs: Vec::new(),
            };
            stash::put("seen", "init", &seen, None).expect("there is room for it");
            Ok(())
        }

        fn call(
            _action: String,
            _args: String,
            _kwargs: String,
        ) -> Result<Option<String>, dirty_app::Failure> {
            Ok(None)
        }

        fn close() {}
    }
}
