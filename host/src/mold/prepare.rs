//! From a setup to an app that can be forked: compiled, checked, and initialised where copies
//! can share what `init()` leaves.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Instant;

use crate::config::InitMode;
use crate::process::hop::{Failure, Initialised, Setup, Stage, Up};
use crate::process::inspect::{self, Target};
use crate::runtime::{
    App, Instance, InstanceSettings, LoadError, SharedUplink, StartError, engine, shield,
};

use super::Control;
use super::compile::Source;
use super::describe;

/// What an app passes to the host at once may be so many times the largest frame, so that a result
/// that does not fit into a frame is refused by name.
const TRANSFER_FRAMES_MAX: usize = 4;

/// An app that can be forked.
pub(super) struct Prepared {
    pub(super) app: App,
    /// Where `init()` has run in the mold.
    pub(super) instance: Option<Instance>,
    pub(super) settings: InstanceSettings,
    pub(super) initialised: Initialised,
}

pub(super) fn prepare(setup: &Setup, control: &Control) -> Result<Prepared, Failure> {
    let app = load(setup, control)?;
    let settings = instance_settings(setup);
    let left_to_app = setup.app.stashes.is_none() || setup.app.workers_as_described;
    if left_to_app && app.is_described() {
        stage(control, Stage::Initialising);
        describe::heed(&app, &settings, &setup.app, control)?;
    }
    if setup.app.init == InitMode::PerWorker {
        let initialised = Initialised::PerWorker;
        return Ok(Prepared {
            app,
            instance: None,
            settings,
            initialised,
        });
    }
    stage(control, Stage::Initialising);
    let open_before = inspect::open_descriptors().map_err(|error| init_failure(&error.into()))?;
    let began = Instant::now();
    let instance =
        start(&app, &settings, &setup.app.config, control).map_err(|error| init_failure(&error))?;
    let took_ms = began.elapsed().as_secs_f64() * 1000.0;
    control.debug(&format!("initialised in {took_ms:.3} ms"));
    match left_open(instance, &settings, &open_before) {
        Ok(Shareable::Yes(instance)) => Ok(Prepared {
            app,
            instance: Some(*instance),
            settings,
            initialised: Initialised::InMold,
        }),
        Ok(Shareable::No(what)) => {
            control.warn(&format!(
                "init() left {what} open, which copies of the mold would share: each worker \
                 initialises the app for itself; close it in init(), or choose `init = \
                 \"per-worker\"`"
            ));
            let initialised = Initialised::PerWorkerBecause(what);
            Ok(Prepared {
                app,
                instance: None,
                settings,
                initialised,
            })
        }
        Err(error) => Err(init_failure(&error.into())),
    }
}

fn load(setup: &Setup, control: &Control) -> Result<App, Failure> {
    let refused = |message: String| Failure {
        stage: Stage::Compiling,
        message,
        traceback: None,
        permanent: true,
    };
    let engine = engine().map_err(|error| refused(format!("{error:#}")))?;
    let source = Source {
        engine: &engine,
        app: &setup.app.name,
        component: &setup.app.component,
        cache_dir: &setup.cache_dir,
    };
    let compiled = source.ensure_compiled(|| stage(control, Stage::Compiling))?;
    let loaded = match App::load(&engine, &compiled) {
        Err(error @ LoadError::Map(_)) => {
            control.warn(&format!(
                "compiling the component again, because what is in the cache is damaged: {error}"
            ));
            stage(control, Stage::Compiling);
            App::load(&engine, &source.recompile()?)
        }
        loaded => loaded,
    };
    loaded.map_err(|error| refused(format!("{}: {error}", setup.app.component.display())))
}

fn stage(control: &Control, stage: Stage) {
    // If the arbiter is gone, the next thing that matters will fail.
    let _ = control.send(&Up::Stage(stage));
}

fn instance_settings(setup: &Setup) -> InstanceSettings {
    let app = &setup.app;
    InstanceSettings {
        memory_bytes_max: app.memory_limit_bytes,
        transfer_bytes_max: setup.frame_bytes_max.saturating_mul(TRANSFER_FRAMES_MAX),
        env: app.env.clone().into_iter().collect(),
        dirs: app
            .dirs
            .iter()
            .map(|dir| (dir.guest.clone(), dir.host.clone(), dir.writable))
            .collect(),
    }
}

fn start(
    app: &App,
    settings: &InstanceSettings,
    config: &str,
    control: &Control,
) -> Result<Instance, StartError> {
    shield::block_on(app.start(settings, config, SharedUplink::new(control.clone())))?
}

pub(crate) fn init_failure(error: &StartError) -> Failure {
    Failure {
        stage: Stage::Initialising,
        message: error.to_string(),
        traceback: error.traceback().map(str::to_owned),
        permanent: false,
    }
}

enum Shareable {
    Yes(Box<Instance>),
    No(String),
}

/// Whether copies of this process can share the instance, and if not, because of what.
fn left_open(
    mut instance: Instance,
    settings: &InstanceSettings,
    before: &BTreeMap<i32, Target>,
) -> io::Result<Shareable> {
    if instance.holds_timers() {
        return Ok(Shareable::No("a timer".into()));
    }
    let mut preopens: Vec<_> = settings
        .dirs
        .iter()
        .filter_map(|(_, host, _)| Path::canonicalize(host).ok())
        .collect();
    for (number, target) in inspect::open_descriptors()? {
        if before.get(&number) == Some(&target) {
            continue;
        }
        match preopens
            .iter()
            .position(|dir| Path::new(&target.name) == dir)
        {
            Some(at) => drop(preopens.swap_remove(at)),
            None => return Ok(Shareable::No(target.name)),
        }
    }
    Ok(Shareable::Yes(Box::new(instance)))
}
