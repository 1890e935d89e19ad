//! `dirty watch`: builds what was saved, and has the host reload it. A process of its own beside the
//! host, because the arbiter has one thread and nothing to do with compilers.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use nix::unistd::Pid;

use super::build::{cache_dir, summary};
use super::config_file;
use super::control;
use super::failure::Failure;
use super::output;
use super::serve::cores;
use super::socket::{Located, SocketArgs};
use crate::config::{AppOverride, AppSettings, BuildSettings, Overrides, Settings};
use crate::develop::{Job, Profile, Sources, Stamp, Watch, directory_of};
use crate::process::child;

const EXAMPLES: &str = "\
Examples:
  dirty serve --watch      a host, and this beside it
  dirty watch              beside a host that runs already
  dirty watch --config apps/dirty.toml

Builds an app again whenever what its `build` in the configuration names is saved (the manifest, build.rs
and src of a cargo package; the modules and the requirements of a Python class), and reloads it
whenever its component has changed. A new configuration is reloaded as a whole. What cannot be built or
started is told, and the version before serves on.";

/// The arguments of `dirty watch`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct WatchArgs {
    #[command(flatten)]
    location: SocketArgs,
    /// The component of an app, as `dirty serve` was given it; may be repeated
    #[arg(long = "app", value_name = "NAME=PATH")]
    apps: Vec<AppOverride>,
    /// Ends with this process, its parent
    #[arg(long, value_name = "PID", hide = true)]
    beside: Option<i32>,
    /// Builds what is older than its source, and ends
    #[arg(long, hide = true)]
    once: bool,
}

impl WatchArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        if let Some(parent) = self.beside {
            let bound = child::bind_to_parent(Pid::from_raw(parent));
            if !bound.map_err(Failure::Watch)? {
                return Ok(());
            }
        }
        if self.once {
            let (apps, cache_dir) = self.read()?;
            return Apps { apps, cache_dir }.build_stale();
        }
        Watcher::start(self)?.run()
    }

    fn read(&self) -> Result<(Vec<Watched>, PathBuf), Failure> {
        let loaded = config_file::load(self.location.config.as_deref())?;
        let overrides = Overrides {
            apps: self.apps.clone(),
            ..Overrides::default()
        };
        let file = loaded.map(|loaded| loaded.file);
        let settings = Settings::resolve(file, overrides, cores())?;
        let cache_dir = cache_dir(settings.cache_dir.as_deref())?;
        Ok((
            settings.apps.into_iter().map(Watched::new).collect(),
            cache_dir,
        ))
    }

    fn config_path(&self) -> &Path {
        let default = Path::new(config_file::DEFAULT);
        self.location.config.as_deref().unwrap_or(default)
    }
}

/// An app, and what was last seen of it.
struct Watched {
    name: String,
    component: PathBuf,
    build: Option<BuildSettings>,
    sources: Sources,
    made: Option<Stamp>,
}

impl Watched {
    fn new(app: AppSettings) -> Watched {
        Watched {
            made: Stamp::of(&app.component),
            name: app.name,
            component: app.component,
            build: app.build,
            sources: Sources::default(),
        }
    }

    /// The files that it is made of, and those that may come to be, followed.
    fn scan(&self, watch: &Watch) -> io::Result<Sources> {
        watch.follow([directory_of(&self.component)].into_iter())?;
        let Some(build) = &self.build else {
            return Ok(Sources::default());
        };
        // First followed, then looked at: so what is saved in between is seen, or waited for in vain.
        watch.follow(Sources::scan(build).directories())?;
        Ok(Sources::scan(build))
    }

    /// Builds it; what is wrong is told.
    fn build(&self, cache_dir: &Path) {
        let Some(source) = &self.build else {
            return;
        };
        let job = Job {
            source,
            output: Some(&self.component),
            profile: Profile::Release,
            cache_dir,
        };
        match job.run(&output::error) {
            Ok(built) => output::error(&summary(&built)),
            Err(error) => {
                Failure::from(error).report();
                if self.component.exists() {
                    let component = self.component.display();
                    output::error(&format!("{}: {component} stays as it was", self.name));
                }
            }
        }
    }
}

/// The apps of a configuration.
struct Apps {
    apps: Vec<Watched>,
    cache_dir: PathBuf,
}

impl Apps {
    /// Builds what is older than its source. Fails if an app has no component then.
    fn build_stale(&self) -> Result<(), Failure> {
        for app in &self.apps {
            let Some(build) = &app.build else {
                continue;
            };
            if Sources::scan(build).are_newer_than(app.made) {
                app.build(&self.cache_dir);
                if !app.component.exists() {
                    return Err(Failure::NotBuilt(app.name.clone()));
                }
            }
        }
        Ok(())
    }
}

/// All that is looked after.
struct Watcher {
    args: WatchArgs,
    located: Located,
    watch: Watch,
    config: Option<Stamp>,
    apps: Apps,
}

impl Watcher {
    fn start(args: WatchArgs) -> Result<Watcher, Failure> {
        let located = args.location.locate_for_client()?;
        let watch = Watch::new().map_err(Failure::Watch)?;
        let config = Stamp::of(args.config_path());
        let (apps, cache_dir) = args.read()?;
        let mut watcher = Watcher {
            located,
            watch,
            config,
            apps: Apps { apps, cache_dir },
            args,
        };
        watcher.learn().map_err(Failure::Watch)?;
        Ok(watcher)
    }

    /// Looks at the sources as they are. What is older than they are is built by the first look.
    fn learn(&mut self) -> io::Result<()> {
        let config = directory_of(self.args.config_path());
        self.watch.follow([config].into_iter())?;
        for app in &mut self.apps.apps {
            let sources = app.scan(&self.watch)?;
            if app.build.is_none() || !sources.are_newer_than(app.made) {
                app.sources = sources;
            }
        }
        Ok(())
    }

    fn run(mut self) -> Result<(), Failure> {
        loop {
            self.look()?;
            self.watch.wait().map_err(Failure::Watch)?;
        }
    }

    fn look(&mut self) -> Result<(), Failure> {
        let config = Stamp::of(self.args.config_path());
        if config != self.config {
            self.config = config;
            self.read_again()?;
        }
        for app in &mut self.apps.apps {
            let sources = app.scan(&self.watch).map_err(Failure::Watch)?;
            if let Some(changed) = sources.changed_since(&app.sources) {
                output::error(&format!("{}: {} has changed", app.name, changed.display()));
                app.build(&self.apps.cache_dir);
            }
            app.sources = sources;
            let made = Stamp::of(&app.component);
            if made != app.made && made.is_some() {
                reload(&self.located, Some(&app.name));
            }
            app.made = made;
        }
        Ok(())
    }

    /// Takes a new configuration, if it is right, and has the host take it.
    fn read_again(&mut self) -> Result<(), Failure> {
        output::error(&format!(
            "{} has changed",
            self.args.config_path().display()
        ));
        match self.args.read() {
            Ok((apps, cache_dir)) => {
                self.apps = Apps { apps, cache_dir };
                // What has to be built first is reloaded once more after that.
                reload(&self.located, None);
                self.learn().map_err(Failure::Watch)
            }
            Err(failure) => {
                failure.report();
                Ok(())
            }
        }
    }
}

/// Has the host reload, and tells what came of it.
fn reload(located: &Located, app: Option<&str>) {
    let done = control::carry_out(located, Duration::MAX, async |client| {
        client.reload(app).await
    });
    if let Err(failure) = done {
        failure.report();
    }
}
