//! The exports of a component, on top of [`Instance`](crate::__private::Instance): the instance's
//! place, the panic hook, and the flushing of standard output.

/// Makes the component's exports of an [`App`](crate::App); once per component.
///
/// Makes nothing on other targets, where `dirty_guest::testing` runs the app.
#[macro_export]
macro_rules! export {
    ($app:ty) => {
        // Elsewhere this only makes the compiler see that the app is used.
        #[cfg(not(target_family = "wasm"))]
        const _: fn(&str) -> $crate::Result<$crate::__private::Instance<$app>> =
            $crate::__private::Instance::init;

        #[cfg(target_family = "wasm")]
        const _: () = {
            ::std::thread_local! {
                static INSTANCE: ::std::cell::RefCell<
                    ::std::option::Option<$crate::__private::Instance<$app>>,
                > = const { ::std::cell::RefCell::new(::std::option::Option::None) };
            }

            impl $crate::__private::Exported for $app {
                fn slot() -> &'static $crate::__private::Slot<Self> {
                    &INSTANCE
                }
            }

            type Component = $crate::__private::Component<$app>;
            $crate::__private::bindings::export_component!(
                Component with_types_in $crate::__private::bindings
            );
        };
    };
}

#[cfg(target_family = "wasm")]
pub use component::{Component, Exported, Slot};

#[cfg(target_family = "wasm")]
mod component {
    use std::any::Any;
    use std::cell::RefCell;
    use std::io::Write;
    use std::marker::PhantomData;
    use std::panic::PanicHookInfo;
    use std::thread::LocalKey;

    use crate::host::bindings::exports::dirty::app::dirty_app::{Failure, Guest};
    use crate::host::bindings::exports::dirty::app::{described, fork_aware};
    use crate::{App, Error, Result, instance::Instance};

    /// Where a component keeps its instance: none before `init`.
    pub type Slot<A> = LocalKey<RefCell<Option<Instance<A>>>>;

    /// An app that `export!` was given.
    pub trait Exported: App {
        /// The place of its one instance.
        fn slot() -> &'static Slot<Self>;
    }

    /// The type on which the bindings call the exports.
    #[derive(Debug)]
    pub struct Component<A>(PhantomData<A>);

    impl<A: Exported> Guest for Component<A> {
        fn init(config: String) -> std::result::Result<(), Failure> {
            std::panic::set_hook(Box::new(report_panic));
            let instance = flushing(|| Instance::init(&config))?;
            A::slot().set(Some(instance));
            Ok(())
        }

        fn call(
            action: String,
            args: String,
            kwargs: String,
        ) -> std::result::Result<Option<String>, Failure> {
            let outcome = flushing(|| {
                with_instance::<A, _>(|instance| instance.call(&action, &args, &kwargs))
            });
            Ok(outcome.and_then(|served| served)?)
        }

        fn close() {
            // Without an instance there is nothing to close.
            let _ = flushing(|| with_instance::<A, _>(Instance::close));
        }
    }

    impl<A: Exported> fork_aware::Guest for Component<A> {
        fn on_fork() {
            // Without an instance there is nothing that a copy could share.
            let _ = flushing(|| with_instance::<A, _>(Instance::on_fork));
        }
    }

    impl<A: Exported> described::Guest for Component<A> {
        fn describe() -> String {
            crate::description::describe::<A>()
        }
    }

    fn with_instance<A: Exported, T>(f: impl FnOnce(&mut Instance<A>) -> T) -> Result<T> {
        A::slot().with_borrow_mut(|slot| match slot {
            Some(instance) => Ok(f(instance)),
            None => Err(Error::of_sdk(
                "RuntimeError",
                "the app is not initialised".to_owned(),
            )),
        })
    }

    /// Runs a function, then flushes what it has printed: else each copy of the mold would print it.
    fn flushing<T>(f: impl FnOnce() -> T) -> T {
        let returned = f();
        flush();
        returned
    }

    /// Closed standard output or standard error is no error of the app's.
    fn flush() {
        let _ = std::io::stdout().flush();
        let _ = std::io::stderr().flush();
    }

    impl From<Error> for Failure {
        fn from(error: Error) -> Self {
            Self {
                traceback: Some(error.traceback()),
                kind: error.kind().to_owned(),
                message: error.message().to_owned(),
            }
        }
    }

    /// The panic hook: the crate's documentation says what the host relies on.
    fn report_panic(info: &PanicHookInfo<'_>) {
        let place = info
            .location()
            .map_or_else(|| "?".to_owned(), ToString::to_string);
        let message = panic_message(info.payload())
            .replace('\r', "\\r")
            .replace('\n', "\\n");
        let line = format!("panicked at {place}: {message}");
        flush();
        // The process is about to trap: there is nobody left to report a failed write to.
        let _ = writeln!(std::io::stderr(), "{line}");
    }

    fn panic_message(payload: &dyn Any) -> &str {
        match (
            payload.downcast_ref::<&str>(),
            payload.downcast_ref::<String>(),
        ) {
            (Some(text), _) => text,
            (None, Some(text)) => text,
            (None, None) => "Box<dyn Any>",
        }
    }
}
