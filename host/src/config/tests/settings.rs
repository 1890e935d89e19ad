//! What files and flags mean: tables from text to settings.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{APP, flag_app, resolve};
use crate::config::*;

#[test]
fn everything_at_once() {
    let settings = resolve(
        r#"
socket = "run/dirty.sock"
workers = 2
timeout = 300
graceful_timeout = 12.5
boot_timeout = 0
cancel_grace = 0
write_timeout = 7
max_frame = "1MiB"
max_connections = 10
max_bytes_in_flight = "2MiB"
restart_intensity = 3
restart_period = 1.5
pidfile = "run/dirty.pid"
log_file = "/var/log/dirty.log"
cache_dir = "/var/cache/dirty"

[apps."myapp.ml:MLApp"]
component = "ml.wasm"
build = { python = "myapp.ml:MLApp", root = "src", requirements = "ml.txt", allow = ["threading.Thread"] }
workers = 4
timeout = 0
init = "per-worker"
memory_limit = "500MB"
max_queue = 3
max_calls = 1000
max_calls_jitter = 999
max_age = 3600
max_memory = "300MiB"
spare = true
on_disconnect = "cancel"
stashes = ["sessions", "größe"]
env = { LANG = "C" }
dirs = { "/models" = "models", "/out/" = { path = "/srv/out", writable = true } }
[apps."myapp.ml:MLApp".config]
model = "base"
since = 2024-01-01
[apps.second]
component = "../second.wasm"
build = { rust = "../second" }
max_calls = 0
max_calls_jitter = 0
max_age = 0
max_memory = 0
spare = false
on_disconnect = "finish"
[hooks]
on_starting = "./check"
post_fork = "notify"
worker_init = ["hooks/ready", "--quiet", "a b"]
worker_exit = ["/usr/bin/logger"]
timeout = 2.5
[stash]
max_bytes = "1GiB"
max_table_bytes = "1MiB"
max_keys = 7
max_tables = 2
"#,
        Overrides::default(),
    )
    .unwrap();
    assert_eq!(
        settings.server,
        ServerSettings {
            socket: Some("/etc/dirty/run/dirty.sock".into()),
            frame_bytes_max: 1 << 20,
            write_timeout: Some(Duration::from_secs(7)),
            connections_max: 10,
            bytes_in_flight_max: 2 << 20,
        }
    );
    assert_eq!(
        settings.lifecycle,
        LifecycleSettings {
            graceful_timeout: Duration::from_millis(12_500),
            boot_timeout: None,
            cancel_grace: Duration::ZERO,
            restart: RestartSettings {
                intensity: 3,
                period: Duration::from_millis(1500),
            },
        }
    );
    assert_eq!(settings.cache_dir, Some("/var/cache/dirty".into()));
    assert_eq!(settings.pidfile, Some("/etc/dirty/run/dirty.pid".into()));
    assert_eq!(settings.log_file, Some("/var/log/dirty.log".into()));
    assert_eq!(
        settings.hooks,
        HookSettings {
            on_starting: hook("/etc/dirty/./check", &[]),
            post_fork: hook("notify", &[]),
            worker_init: hook("/etc/dirty/hooks/ready", &["--quiet", "a b"]),
            worker_exit: hook("/usr/bin/logger", &[]),
            timeout: Duration::from_millis(2500),
        }
    );
    assert_eq!(
        settings.stash,
        StashSettings {
            bytes_max: 1 << 30,
            table_bytes_max: 1 << 20,
            keys_max: 7,
            tables_max: 2,
        }
    );
    let [ml, second] = settings.apps.as_slice() else {
        panic!("{:?}", settings.apps);
    };
    assert_eq!(
        *ml,
        AppSettings {
            name: "myapp.ml:MLApp".into(),
            component: "/etc/dirty/ml.wasm".into(),
            build: Some(BuildSettings::Python(PythonSettings {
                class: "myapp.ml:MLApp".parse().unwrap(),
                root: "/etc/dirty/src".into(),
                requirements: Some("/etc/dirty/ml.txt".into()),
                allow: vec!["threading.Thread".into()],
            })),
            workers: 4,
            workers_as_described: false,
            timeout: None,
            init: InitMode::PerWorker,
            config: r#"{"model":"base","since":"2024-01-01"}"#.into(),
            env: [("LANG".to_owned(), "C".to_owned())].into(),
            dirs: vec![
                DirSettings {
                    guest: "/models".into(),
                    host: "/etc/dirty/models".into(),
                    writable: false,
                },
                DirSettings {
                    guest: "/out".into(),
                    host: "/srv/out".into(),
                    writable: true,
                },
            ],
            memory_limit_bytes: 500_000_000,
            queue_max: 3,
            recycle: RecycleSettings {
                calls_max: Some(1000),
                calls_jitter: 999,
                age_max: Some(Duration::from_secs(3600)),
                private_bytes_max: Some(300 << 20),
            },
            spare: true,
            on_disconnect: OnDisconnect::Cancel,
            stashes: Some(vec!["sessions".into(), "größe".into()]),
        }
    );
    assert_eq!(second.component, Path::new("/etc/dirty/../second.wasm"));
    assert_eq!(
        second.build,
        Some(BuildSettings::Rust {
            package: "/etc/dirty/../second".into()
        })
    );
    assert_eq!(
        (second.workers, second.timeout),
        (2, Some(Duration::from_secs(300)))
    );
    assert_eq!(second.recycle, RecycleSettings::default());
    assert!(!second.spare);
    assert_eq!(second.on_disconnect, OnDisconnect::Finish);
}

fn hook(program: &str, args: &[&str]) -> Option<HookCommand> {
    Some(HookCommand {
        program: program.into(),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
    })
}

#[test]
fn the_jitter_of_calls_is_a_tenth_of_them_unless_typed() {
    for (typed, calls_max, calls_jitter) in [
        ("max_calls = 1", Some(1), 0),
        ("max_calls = 1000", Some(1000), 100),
        ("max_calls = 1000\nmax_calls_jitter = 0", Some(1000), 0),
        ("max_calls = 0", None, 0),
    ] {
        let settings = resolve(&format!("{APP}{typed}"), Overrides::default()).unwrap();
        let recycle = settings.apps[0].recycle;
        let found = (recycle.calls_max, recycle.calls_jitter);
        assert_eq!(found, (calls_max, calls_jitter), "{typed}");
    }
}

#[test]
fn all_frames_together_have_room_for_the_largest() {
    for (typed, bytes) in [
        ("", 512 << 20),
        ("max_frame = '1GiB'", 1 << 30),
        ("max_frame = '4KiB'\nmax_bytes_in_flight = 4096", 4096),
    ] {
        let settings = resolve(&format!("{typed}\n{APP}"), Overrides::default()).unwrap();
        assert_eq!(settings.server.bytes_in_flight_max, bytes, "{typed}");
    }
}

#[test]
fn defaults() {
    let settings = resolve(APP, Overrides::default()).unwrap();
    assert_eq!(settings.server.socket, None);
    assert_eq!(settings.server.frame_bytes_max, 64 << 20);
    assert_eq!(settings.server.write_timeout, Some(Duration::from_secs(60)));
    assert_eq!(settings.server.connections_max, 4096);
    assert_eq!(settings.lifecycle.graceful_timeout, Duration::from_secs(30));
    assert_eq!(
        settings.lifecycle.boot_timeout,
        Some(Duration::from_secs(300))
    );
    assert_eq!(settings.lifecycle.cancel_grace, Duration::from_secs(5));
    assert_eq!(settings.lifecycle.restart.intensity, 10);
    let period = settings.lifecycle.restart.period;
    assert_eq!(period, Duration::from_secs(60));
    assert_eq!((settings.pidfile, settings.log_file), (None, None));
    assert_eq!(settings.hooks.on_starting, None);
    assert_eq!(settings.hooks.timeout, Duration::from_secs(10));
    assert_eq!(
        settings.stash,
        StashSettings {
            bytes_max: 64 << 20,
            table_bytes_max: 64 << 20,
            keys_max: 100_000,
            tables_max: 1000,
        }
    );
    let app = &settings.apps[0];
    assert_eq!(app.workers, 6);
    assert_eq!(app.timeout, Some(Duration::from_secs(300)));
    assert_eq!(app.init, InitMode::Mold);
    assert_eq!(app.config, "{}");
    assert_eq!(app.memory_limit_bytes, 4 << 30);
    assert_eq!(app.queue_max, 1024);
    assert!(app.env.is_empty() && app.dirs.is_empty());
    assert_eq!(app.recycle, RecycleSettings::default());
    assert!(!app.spare);
    assert_eq!(app.on_disconnect, OnDisconnect::Finish);
}

#[test]
fn the_count_of_cores_is_only_a_default_and_stays_in_range() {
    for (cores, workers) in [
        (0, 1),
        (3, 3),
        (5000, WORKERS_MAX),
        (usize::MAX, WORKERS_MAX),
    ] {
        let settings = Settings::resolve(None, flag_app("a=a.wasm"), cores).unwrap();
        assert_eq!(settings.apps[0].workers, workers);
    }
}

#[test]
fn a_flag_goes_before_the_file_and_an_apps_own_count_before_all() {
    let text = "socket = 's'\nworkers = 2\ntimeout = 9\npidfile = 'p'\nlog_file = 'l'\n\
        [apps.a]\ncomponent = 'a.wasm'\nworkers = 3\ntimeout = 8\n[apps.b]\ncomponent = 'b.wasm'";
    let overrides = Overrides {
        apps: vec!["b=new.wasm:7".parse().unwrap(), "c=c.wasm".parse().unwrap()],
        socket: Some("/run/x.sock".into()),
        workers: Some(5),
        timeout: Some(Duration::ZERO),
        graceful_timeout: Some(Duration::from_secs(1)),
        pidfile: Some("x.pid".into()),
        log_file: Some("x.log".into()),
    };
    let settings = resolve(text, overrides).unwrap();
    assert_eq!(settings.server.socket, Some("/run/x.sock".into()));
    assert_eq!(settings.lifecycle.graceful_timeout, Duration::from_secs(1));
    assert_eq!(settings.pidfile, Some("x.pid".into()));
    assert_eq!(settings.log_file, Some("x.log".into()));
    let apps: Vec<_> = settings
        .apps
        .iter()
        .map(|app| {
            (
                app.name.as_str(),
                app.component.to_str().unwrap(),
                app.workers,
                app.timeout,
            )
        })
        .collect();
    assert_eq!(
        apps,
        [
            ("a", "/etc/dirty/a.wasm", 5, None),
            ("b", "new.wasm", 7, None),
            ("c", "c.wasm", 5, None)
        ]
    );
}

#[test]
fn a_flag_replaces_an_apps_component_and_keeps_the_rest() {
    let text = "[apps.a]\ncomponent = 'a.wasm'\nworkers = 3\nmax_queue = 9\ninit = 'per-worker'";
    let settings = resolve(text, flag_app("a=/b.wasm")).unwrap();
    let app = &settings.apps[0];
    assert_eq!(app.component, PathBuf::from("/b.wasm"));
    assert_eq!(
        (app.workers, app.queue_max, app.init),
        (3, 9, InitMode::PerWorker)
    );
}

#[test]
fn apps_keep_the_order_of_the_file() {
    let text = "[apps.z]\ncomponent='z'\n[apps.a]\ncomponent='a'\n[apps.m]\ncomponent='m'";
    let settings = resolve(text, flag_app("b=b")).unwrap();
    let names: Vec<_> = settings.apps.iter().map(|app| app.name.as_str()).collect();
    assert_eq!(names, ["z", "a", "m", "b"]);
}

#[test]
fn nothing_to_serve_is_an_error_with_an_example() {
    for file in [None, Some(ParsedFile::default())] {
        let error = Settings::resolve(file, Overrides::default(), 1).unwrap_err();
        let text = error.to_string();
        for line in [
            "[apps.hello]",
            "component = ",
            "workers = ",
            "--app NAME=PATH",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}

#[test]
fn the_same_app_twice_in_flags_is_an_error() {
    let mut overrides = flag_app("a=a.wasm");
    overrides.apps.push("a=b.wasm".parse().unwrap());
    let error = Settings::resolve(None, overrides, 1).unwrap_err();
    assert_eq!(error.to_string(), "--app: a is there twice");
}
