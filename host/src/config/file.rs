//! A configuration file as it was typed: every value checked on its own, none defaulted.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::build::{self, BuildSettings};
use super::error::{ConfigErrors, Problem};
use super::hooks::ParsedHooks;
use super::keys::Place;
use super::limits::{
    CONNECTIONS, FRAME_BYTES, FRAME_BYTES_DEFAULT, IN_FLIGHT_BYTES, MEMORY_BYTES, QUEUE,
    RESTART_INTENSITY,
};
use super::recycle::ParsedRecycle;
use super::section::{Entry, Report, Section};
use super::settings::{DirSettings, InitMode, OnDisconnect};
use super::stash::ParsedStash;
use super::{convert, json, values};

/// What a configuration file says, its paths resolved against the file's directory.
///
/// A duration of zero is kept as it was typed; [`Settings::resolve`](super::Settings::resolve) knows
/// what it means.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ParsedFile {
    pub(super) socket: Option<PathBuf>,
    pub(super) workers: Option<u32>,
    pub(super) timeout: Option<Duration>,
    pub(super) graceful_timeout: Option<Duration>,
    pub(super) boot_timeout: Option<Duration>,
    pub(super) cancel_grace: Option<Duration>,
    pub(super) write_timeout: Option<Duration>,
    pub(super) frame_bytes_max: Option<usize>,
    pub(super) connections_max: Option<usize>,
    pub(super) bytes_in_flight_max: Option<usize>,
    pub(super) restart_intensity: Option<u32>,
    pub(super) restart_period: Option<Duration>,
    pub(super) cache_dir: Option<PathBuf>,
    pub(super) pidfile: Option<PathBuf>,
    pub(super) log_file: Option<PathBuf>,
    pub(super) hooks: ParsedHooks,
    pub(super) stash: ParsedStash,
    pub(super) apps: Vec<ParsedApp>,
}

/// What the file says of one app.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ParsedApp {
    pub(super) name: String,
    pub(super) component: PathBuf,
    pub(super) build: Option<BuildSettings>,
    pub(super) workers: Option<u32>,
    pub(super) timeout: Option<Duration>,
    pub(super) init: Option<InitMode>,
    pub(super) config: Option<String>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) dirs: Vec<DirSettings>,
    pub(super) memory_limit_bytes: Option<u64>,
    pub(super) queue_max: Option<usize>,
    pub(super) recycle: ParsedRecycle,
    pub(super) spare: Option<bool>,
    pub(super) on_disconnect: Option<OnDisconnect>,
    pub(super) stashes: Option<Vec<String>>,
}

impl ParsedFile {
    /// Parses and checks `text`. `path` is where it came from: it is named in errors, and relative
    /// paths in the file are relative to its directory. The file system is not touched.
    ///
    /// # Errors
    /// Every mistake in the file; where it is no TOML, every syntax error.
    pub fn parse(text: &str, path: impl AsRef<Path>) -> Result<ParsedFile, ConfigErrors> {
        let path = path.as_ref();
        let mut report = Report::new(path, text);
        let (document, syntax_errors) = DeTable::parse_recoverable(text);
        let file = if syntax_errors.is_empty() {
            let directory = path.parent().unwrap_or(Path::new(""));
            read_top(&Section::root(document.get_ref()), directory, &mut report)
        } else {
            // What recovery made of the text would only lead to mistakes that are none.
            for error in syntax_errors {
                let span = error.span().unwrap_or(Range::default());
                let problem = Problem::Syntax(error.message().to_owned());
                report.add(span, String::new(), problem);
            }
            ParsedFile::default()
        };
        ConfigErrors::check(report.into_errors())?;
        Ok(file)
    }

    /// The socket that the file names, if it does.
    pub fn socket(&self) -> Option<&Path> {
        self.socket.as_deref()
    }
}

fn read_top(top: &Section<'_>, directory: &Path, report: &mut Report<'_>) -> ParsedFile {
    top.reject_unknown(report, Place::Top);
    let path = |value: &DeValue<'_>| convert::path(value).map(|path| directory.join(path));
    let frame_bytes_max = top.read(report, "max_frame", |value| {
        convert::size_in_memory(value, &FRAME_BYTES)
    });
    ParsedFile {
        socket: top.read(report, "socket", path),
        workers: top.read(report, "workers", convert::workers),
        timeout: top.read(report, "timeout", convert::seconds),
        graceful_timeout: top.read(report, "graceful_timeout", convert::seconds),
        boot_timeout: top.read(report, "boot_timeout", convert::seconds),
        cancel_grace: top.read(report, "cancel_grace", convert::seconds),
        write_timeout: top.read(report, "write_timeout", convert::seconds),
        frame_bytes_max,
        connections_max: top.read(report, "max_connections", |value| {
            convert::count(value, &CONNECTIONS)
        }),
        bytes_in_flight_max: read_bytes_in_flight(top, frame_bytes_max, report),
        restart_intensity: top.read(report, "restart_intensity", |value| {
            convert::count_u32(value, &RESTART_INTENSITY)
        }),
        restart_period: top.read(report, "restart_period", convert::seconds_above_zero),
        cache_dir: top.read(report, "cache_dir", path),
        pidfile: top.read(report, "pidfile", path),
        log_file: top.read(report, "log_file", path),
        hooks: ParsedHooks::read(top, directory, report),
        stash: ParsedStash::read(top, report),
        apps: read_apps(top, directory, report),
    }
}

/// `frame` is what the file says of `max_frame`, if that is right.
fn read_bytes_in_flight(
    top: &Section<'_>,
    frame: Option<usize>,
    report: &mut Report<'_>,
) -> Option<usize> {
    // Where `max_frame` itself is wrong, that is said already.
    let frame = frame.or((!top.has("max_frame")).then_some(FRAME_BYTES_DEFAULT));
    top.read(report, "max_bytes_in_flight", |value| {
        let bytes = convert::size_in_memory(value, &IN_FLIGHT_BYTES)?;
        match frame {
            Some(frame) if bytes < frame => Err(Problem::SmallerThanFrame { bytes, frame }),
            _ => Ok(bytes),
        }
    })
}

fn read_apps(top: &Section<'_>, directory: &Path, report: &mut Report<'_>) -> Vec<ParsedApp> {
    let Some(apps) = top.child(report, "apps") else {
        return Vec::new();
    };
    let mut parsed = Vec::new();
    for entry in apps.entries() {
        if let Err(problem) = values::app_name(entry.name()) {
            apps.reject_key(report, &entry, problem);
        }
        let expected = "an app's table, [apps.NAME]";
        if let Some(app) = apps.enter(report, &entry, expected) {
            parsed.extend(read_app(&app, &apps, &entry, directory, report));
        }
    }
    parsed
}

fn read_app(
    app: &Section<'_>,
    apps: &Section<'_>,
    entry: &Entry<'_>,
    directory: &Path,
    report: &mut Report<'_>,
) -> Option<ParsedApp> {
    app.reject_unknown(report, Place::App);
    if !app.has("component") {
        let hint = "name the file of the app's WebAssembly component";
        apps.reject_key(report, entry, Problem::Missing("component", hint));
    }
    let component = app.read(report, "component", convert::path);
    let parsed = ParsedApp {
        name: entry.name().to_owned(),
        component: PathBuf::new(),
        build: read_build(app, directory, report),
        workers: app.read(report, "workers", convert::workers),
        timeout: app.read(report, "timeout", convert::seconds),
        init: app.read(report, "init", convert::init_mode),
        config: read_config(app, report),
        env: read_env(app, report),
        dirs: read_dirs(app, directory, report),
        memory_limit_bytes: app.read(report, "memory_limit", |value| {
            convert::size(value, &MEMORY_BYTES)
        }),
        queue_max: app.read(report, "max_queue", |value| convert::count(value, &QUEUE)),
        recycle: ParsedRecycle::read(app, report),
        spare: app.read(report, "spare", convert::boolean),
        on_disconnect: app.read(report, "on_disconnect", convert::on_disconnect),
        stashes: app.read(report, "stashes", convert::table_names),
    };
    Some(ParsedApp {
        component: directory.join(component?),
        ..parsed
    })
}

fn read_build(
    app: &Section<'_>,
    directory: &Path,
    report: &mut Report<'_>,
) -> Option<BuildSettings> {
    let entry = app.entry("build")?;
    build::read(app, &entry, directory, report)
}

fn read_config(app: &Section<'_>, report: &mut Report<'_>) -> Option<String> {
    let config = app.child(report, "config")?;
    match json::object(config.table()) {
        Ok(text) => Some(text),
        Err(fault) => {
            report.add(fault.span, config.nested_path(&fault.keys), fault.problem);
            None
        }
    }
}

fn read_env(app: &Section<'_>, report: &mut Report<'_>) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let Some(env) = app.child(report, "env") else {
        return variables;
    };
    for entry in env.entries() {
        if let Err(problem) = values::env_name(entry.name()) {
            env.reject_key(report, &entry, problem);
        }
        if let Some(value) = env.convert(report, &entry, convert::env_value) {
            variables.insert(entry.name().to_owned(), value);
        }
    }
    variables
}

fn read_dirs(app: &Section<'_>, directory: &Path, report: &mut Report<'_>) -> Vec<DirSettings> {
    let mut settings = Vec::new();
    let mut seen = BTreeSet::new();
    let Some(dirs) = app.child(report, "dirs") else {
        return settings;
    };
    for entry in dirs.entries() {
        let guest = values::guest_path(entry.name()).and_then(|guest| {
            if seen.insert(guest.clone()) {
                Ok(guest)
            } else {
                Err(Problem::Duplicate(guest))
            }
        });
        let host = read_dir(&dirs, &entry, report);
        match (guest, host) {
            (Ok(guest), Some((path, writable))) => settings.push(DirSettings {
                guest,
                host: directory.join(path),
                writable,
            }),
            (Ok(_), None) => {}
            (Err(problem), _) => dirs.reject_key(report, &entry, problem),
        }
    }
    settings
}

/// `"path"`, read-only, or `{ path = "path", writable = true }`.
fn read_dir(
    dirs: &Section<'_>,
    entry: &Entry<'_>,
    report: &mut Report<'_>,
) -> Option<(PathBuf, bool)> {
    if let DeValue::String(_) = entry.value() {
        let path = dirs.convert(report, entry, convert::path)?;
        return Some((path, false));
    }
    let expected = "a path, or a table like { path = \"out\", writable = true }";
    let dir = dirs.enter(report, entry, expected)?;
    dir.reject_unknown(report, Place::Dir);
    if !dir.has("path") {
        let hint = "name the directory on the host";
        dirs.reject_key(report, entry, Problem::Missing("path", hint));
    }
    let writable = dir.read(report, "writable", convert::boolean);
    let path = dir.read(report, "path", convert::path)?;
    Some((path, writable.unwrap_or(false)))
}
