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
cache_dir = "/var/cache/dirty"

[apps."myapp.ml:MLApp"]
component = "ml.wasm"
workers = 4
timeout = 0
init = "per-worker"
memory_limit = "500MB"
max_queue = 3
env = { LANG = "C" }
dirs = { "/models" = "models", "/out/" = { path = "/srv/out", writable = true } }
[apps."myapp.ml:MLApp".config]
model = "base"
since = 2024-01-01
[apps.second]
component = "../second.wasm"
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
            bytes_in_flight_max: 512 << 20,
        }
    );
    assert_eq!(
        settings.lifecycle,
        LifecycleSettings {
            graceful_timeout: Duration::from_millis(12_500),
            boot_timeout: None,
            cancel_grace: Duration::ZERO,
            restart: RestartSettings {
                intensity: 10,
                period: Duration::from_secs(60),
            },
        }
    );
    assert_eq!(settings.cache_dir, Some("/var/cache/dirty".into()));
    let [ml, second] = settings.apps.as_slice() else {
        panic!("{:?}", settings.apps);
    };
    assert_eq!(
        *ml,
        AppSettings {
            name: "myapp.ml:MLApp".into(),
            component: "/etc/dirty/ml.wasm".into(),
            workers: 4,
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
            recycle: RecycleSettings::default(),
            spare: false,
            on_disconnect: OnDisconnect::Finish,
        }
    );
    assert_eq!(second.component, Path::new("/etc/dirty/../second.wasm"));
    assert_eq!(
        (second.workers, second.timeout),
        (2, Some(Duration::from_secs(300)))
    );
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
    let app = &settings.apps[0];
    assert_eq!(app.workers, 6);
    assert_eq!(app.timeout, Some(Duration::from_secs(300)));
    assert_eq!(app.init, InitMode::Mold);
    assert_eq!(app.config, "{}");
    assert_eq!(app.memory_limit_bytes, 4 << 30);
    assert_eq!(app.queue_max, 1024);
    assert!(app.env.is_empty() && app.dirs.is_empty());
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
    let text = "socket = 's'\nworkers = 2\ntimeout = 9\n\
        [apps.a]\ncomponent = 'a.wasm'\nworkers = 3\ntimeout = 8\n[apps.b]\ncomponent = 'b.wasm'";
    let overrides = Overrides {
        apps: vec!["b=new.wasm:7".parse().unwrap(), "c=c.wasm".parse().unwrap()],
        socket: Some("/run/x.sock".into()),
        workers: Some(5),
        timeout: Some(Duration::ZERO),
        graceful_timeout: Some(Duration::from_secs(1)),
    };
    let settings = resolve(text, overrides).unwrap();
    assert_eq!(settings.server.socket, Some("/run/x.sock".into()));
    assert_eq!(settings.lifecycle.graceful_timeout, Duration::from_secs(1));
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
