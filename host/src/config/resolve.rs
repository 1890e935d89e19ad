//! File, flags and defaults become [`Settings`]: a flag goes before the file, an app's own setting
//! before the one for all.

use std::collections::BTreeSet;
use std::time::Duration;

use super::error::{ConfigError, ConfigErrors, Origin, Problem};
use super::file::{ParsedApp, ParsedFile};
use super::limits;
use super::overrides::{AppOverride, Overrides};
use super::settings::{AppSettings, LifecycleSettings, RestartSettings, ServerSettings, Settings};
use super::values::none_if_zero;

/// What holds for apps that do not say otherwise.
struct Common {
    workers_flag: Option<u32>,
    workers: u32,
    timeout_flag: Option<Duration>,
    timeout: Duration,
}

impl Settings {
    /// Merges what was typed. `cores` is the default for the count of workers.
    ///
    /// # Errors
    /// An app that was given twice as a flag, and no apps at all.
    pub fn resolve(
        file: Option<ParsedFile>,
        overrides: Overrides,
        cores: usize,
    ) -> Result<Settings, ConfigErrors> {
        let file = file.unwrap_or_default();
        let cores = u32::try_from(cores).unwrap_or(limits::WORKERS_MAX);
        let common = Common {
            workers_flag: overrides.workers,
            workers: file.workers.unwrap_or(cores.clamp(1, limits::WORKERS_MAX)),
            timeout_flag: overrides.timeout,
            timeout: file.timeout.unwrap_or(limits::TIMEOUT_DEFAULT),
        };
        let frame_bytes_max = file.frame_bytes_max.unwrap_or(limits::FRAME_BYTES_DEFAULT);
        Ok(Settings {
            server: ServerSettings {
                socket: overrides.socket.or(file.socket),
                frame_bytes_max,
                write_timeout: none_if_zero(
                    file.write_timeout.unwrap_or(limits::WRITE_TIMEOUT_DEFAULT),
                ),
                connections_max: file.connections_max.unwrap_or(limits::CONNECTIONS_DEFAULT),
                bytes_in_flight_max: file
                    .bytes_in_flight_max
                    .unwrap_or(limits::BYTES_IN_FLIGHT_DEFAULT.max(frame_bytes_max)),
            },
            lifecycle: LifecycleSettings {
                graceful_timeout: overrides
                    .graceful_timeout
                    .or(file.graceful_timeout)
                    .unwrap_or(limits::GRACEFUL_TIMEOUT_DEFAULT),
                boot_timeout: none_if_zero(
                    file.boot_timeout.unwrap_or(limits::BOOT_TIMEOUT_DEFAULT),
                ),
                cancel_grace: file.cancel_grace.unwrap_or(limits::CANCEL_GRACE_DEFAULT),
                restart: RestartSettings {
                    intensity: file
                        .restart_intensity
                        .unwrap_or(limits::RESTART_INTENSITY_DEFAULT),
                    period: file
                        .restart_period
                        .unwrap_or(limits::RESTART_PERIOD_DEFAULT),
                },
            },
            cache_dir: file.cache_dir,
            pidfile: overrides.pidfile.or(file.pidfile),
            log_file: overrides.log_file.or(file.log_file),
            hooks: file.hooks.resolve(),
            stash: file.stash.resolve(),
            apps: merge_apps(file.apps, overrides.apps, &common)?,
        })
    }
}

fn merge_apps(
    file: Vec<ParsedApp>,
    flags: Vec<AppOverride>,
    common: &Common,
) -> Result<Vec<AppSettings>, ConfigErrors> {
    let mut names = BTreeSet::new();
    let twice = flags.iter().filter(|flag| !names.insert(&flag.name));
    let twice = twice.map(|flag| ConfigError {
        origin: Origin::Flag("--app"),
        key: String::new(),
        problem: Problem::Duplicate(flag.name.clone()),
    });
    ConfigErrors::check(twice.collect())?;

    let mut apps: Vec<AppSettings> = file
        .into_iter()
        .map(|app| app_settings(app, common))
        .collect();
    for flag in flags {
        let workers = flag.workers;
        let known = apps.iter_mut().find(|app| app.name == flag.name);
        if let Some(app) = known {
            app.component = flag.component;
            app.say_workers(workers);
        } else {
            let typed = ParsedApp {
                name: flag.name,
                component: flag.component,
                ..ParsedApp::default()
            };
            let mut app = app_settings(typed, common);
            app.say_workers(workers);
            apps.push(app);
        }
    }
    if apps.is_empty() {
        return Err(ConfigErrors::from(ConfigError {
            origin: Origin::Nowhere,
            key: String::new(),
            problem: Problem::NoApps,
        }));
    }
    Ok(apps)
}

impl AppSettings {
    /// Takes what an `--app` says of its workers, if it does.
    fn say_workers(&mut self, workers: Option<u32>) {
        if let Some(workers) = workers {
            self.workers = workers;
            self.workers_as_described = false;
        }
    }
}

fn app_settings(app: ParsedApp, common: &Common) -> AppSettings {
    let workers = common.workers_flag.or(app.workers);
    AppSettings {
        name: app.name,
        component: app.component,
        build: app.build,
        workers: workers.unwrap_or(common.workers),
        // A host that is to have no workers has none.
        workers_as_described: workers.is_none() && common.workers > 0,
        timeout: none_if_zero(
            common
                .timeout_flag
                .or(app.timeout)
                .unwrap_or(common.timeout),
        ),
        init: app.init.unwrap_or_default(),
        config: app.config.unwrap_or_else(|| "{}".to_owned()),
        env: app.env,
        dirs: app.dirs,
        memory_limit_bytes: app
            .memory_limit_bytes
            .unwrap_or(limits::MEMORY_BYTES_DEFAULT),
        queue_max: app.queue_max.unwrap_or(limits::QUEUE_DEFAULT),
        recycle: app.recycle.resolve(),
        spare: app.spare.unwrap_or_default(),
        on_disconnect: app.on_disconnect.unwrap_or_default(),
        stashes: app.stashes,
    }
}
