//! What is wrong with a file: tables from text to errors.

use std::collections::BTreeSet;

use super::{APP, errors, resolve};
use crate::config::Overrides;
use crate::config::keys::Place;

/// A line after `APP` (which has two), and what must be said about it.
#[test]
fn mistakes_in_an_app() {
    for (line, expected) in [
        ("workers = -1", "3:11: apps.a.workers: -1 is out of range"),
        (
            "workers = 1025",
            "3:11: apps.a.workers: 1025 is out of range",
        ),
        (
            "workers = '2'",
            "3:11: apps.a.workers: expected an integer, found a string",
        ),
        (
            "workers = 1.0",
            "3:11: apps.a.workers: expected an integer, found a float",
        ),
        ("timeout = -1", "3:11: apps.a.timeout: -1 is out of range"),
        ("timeout = nan", "3:11: apps.a.timeout: nan is out of range"),
        (
            "timeout = 1e99",
            "3:11: apps.a.timeout: 1e99 is out of range",
        ),
        (
            "timeout = 99999999999",
            "3:11: apps.a.timeout: 99999999999 is out of range",
        ),
        (
            "timeout = '5s'",
            "3:11: apps.a.timeout: expected a number of seconds",
        ),
        (
            "init = 'fork'",
            "3:8: apps.a.init: `fork` is none of the choices",
        ),
        ("init = 1", "3:8: apps.a.init: expected a string"),
        ("config = 1", "3:10: apps.a.config: expected a table"),
        (
            "build = '.'",
            "3:9: apps.a.build: expected a table like { rust",
        ),
        ("build = {}", "3:1: apps.a.build: `rust` is missing"),
        (
            "build = { rust = '.', python = 'a:B' }",
            "3:1: apps.a.build: there can be `rust` or `python`, not both",
        ),
        (
            "build = { rust = '.', root = '.' }",
            "3:23: apps.a.build.root: this goes with `python` only",
        ),
        (
            "build = { python = 'app' }",
            "3:20: apps.a.build.python: `app` is not of the form MODULE:CLASS",
        ),
        (
            "build = { python = 'a:B', requirement = 'x' }",
            "3:27: apps.a.build.requirement: unknown key; did you mean `requirements`?",
        ),
        (
            "build = { python = 'a:B', allow = 'x' }",
            "3:35: apps.a.build.allow: expected an array",
        ),
        (
            "config.x = inf",
            "3:12: apps.a.config.x: inf cannot be handed to the app",
        ),
        (
            "env = {'A=B' = '1'}",
            "3:8: apps.a.env.\"A=B\": must not contain `=`",
        ),
        (
            "env = {'' = '1'}",
            "3:8: apps.a.env.\"\": must not be empty",
        ),
        (
            "env = {A = 1}",
            "3:12: apps.a.env.A: expected a string, found an integer",
        ),
        (
            "env = {A = \"\\u0000\"}",
            "3:12: apps.a.env.A: must not contain a NUL",
        ),
        (
            "dirs = {data = 'x'}",
            "3:9: apps.a.dirs.data: a directory's path for the app must be",
        ),
        (
            "dirs = {'/d' = 'x', '/d/' = 'y'}",
            "3:21: apps.a.dirs.\"/d/\": /d is there twice",
        ),
        (
            "dirs = {'/d' = ''}",
            "3:16: apps.a.dirs.\"/d\": must not be empty",
        ),
        (
            "dirs = {'/d' = 1}",
            "3:16: apps.a.dirs.\"/d\": expected a path, or a table",
        ),
        (
            "dirs = {'/d' = {}}",
            "3:9: apps.a.dirs.\"/d\": `path` is missing",
        ),
        (
            "dirs = {'/d' = {path = 'x', writeable = true}}",
            "3:29: apps.a.dirs.\"/d\".writeable: unknown key; did you mean `writable`?",
        ),
        (
            "dirs = {'/d' = {path = 'x', writable = 1}}",
            "3:40: apps.a.dirs.\"/d\".writable: expected true or false, found an integer",
        ),
        (
            "memory_limit = '1X'",
            "3:16: apps.a.memory_limit: `1X` is no size",
        ),
        (
            "memory_limit = 1",
            "3:16: apps.a.memory_limit: 1 is out of range",
        ),
        (
            "memory_limit = true",
            "3:16: apps.a.memory_limit: expected a size",
        ),
        ("max_queue = 0", "3:13: apps.a.max_queue: 0 is out of range"),
        (
            "max_calls = -1",
            "3:13: apps.a.max_calls: -1 is out of range",
        ),
        (
            "max_calls_jitter = 1",
            "3:20: apps.a.max_calls_jitter: 1 is too large: it must be less than `max_calls`, \
             which is not set",
        ),
        (
            "max_calls_jitter = 5\nmax_calls = 5",
            "3:20: apps.a.max_calls_jitter: 5 is too large: it must be less than `max_calls`, \
             which is 5",
        ),
        (
            "max_calls_jitter = 5\nmax_calls = 'x'",
            "4:13: apps.a.max_calls: expected an integer",
        ),
        ("max_age = -1", "3:11: apps.a.max_age: -1 is out of range"),
        (
            "max_age = 0.5",
            "3:11: apps.a.max_age: 0.5 s is out of range: 0 for none, or at least 1 s",
        ),
        (
            "max_memory = 1",
            "3:14: apps.a.max_memory: 1 is out of range: 1048576 to",
        ),
        (
            "spare = 1",
            "3:9: apps.a.spare: expected true or false, found an integer",
        ),
        (
            "on_disconnect = 'stop'",
            "3:17: apps.a.on_disconnect: `stop` is none of the choices",
        ),
        (
            "stashes = 'a'",
            "3:11: apps.a.stashes: expected an array of names, found a string",
        ),
        (
            "stashes = ['a', 1]",
            "3:11: apps.a.stashes: expected a string, found an integer",
        ),
        (
            "stashes = ['a', '']",
            "3:11: apps.a.stashes: must not be empty",
        ),
        (
            "stashes = ['a', 'b', 'a']",
            "3:11: apps.a.stashes: a is there twice",
        ),
        (
            "[hooks]\npost_fork = ''",
            "4:13: hooks.post_fork: must not be empty",
        ),
        (
            "[hooks]\npost_fork = []",
            "4:13: hooks.post_fork: must not be empty",
        ),
        (
            "[hooks]\npost_fork = ['x', '']",
            "4:13: hooks.post_fork: must not be empty",
        ),
        (
            "[hooks]\npost_fork = ['x', \"\\u0000\"]",
            "4:13: hooks.post_fork: must not contain a NUL",
        ),
        (
            "[hooks]\npost_fork = ['x', 1]",
            "4:13: hooks.post_fork: expected an array of strings, found an integer",
        ),
        (
            "[hooks]\npost_fork = true",
            "4:13: hooks.post_fork: expected a program, or an array",
        ),
        (
            "[hooks]\npost_fork = 'notify --fast'",
            "4:13: hooks.post_fork: there is no shell: write the program and each argument as an \
             array, [\"notify\", \"--fast\"]",
        ),
        (
            "[hooks]\ntimeout = 0.0",
            "4:11: hooks.timeout: 0 is out of range: this must be some time",
        ),
        (
            "[hooks]\npost_forks = 'x'",
            "4:1: hooks.post_forks: unknown key; did you mean `post_fork`?",
        ),
        (
            "[hooks]\ndirty_post_fork = 'x'",
            "4:1: hooks.dirty_post_fork: this is a setting of gunicorn's",
        ),
        (
            "wokers = 1",
            "3:1: apps.a.wokers: unknown key; did you mean `workers`?",
        ),
        (
            "socket = 's'",
            "3:1: apps.a.socket: this key belongs at the top",
        ),
        (
            "dirty_threads = 4",
            "3:1: apps.a.dirty_threads: this is a setting of gunicorn's",
        ),
        ("[apps.b]", "3:7: apps.b: `component` is missing"),
        (
            "[apps.b]\ncomponent = ''",
            "4:13: apps.b.component: must not be empty",
        ),
        (
            "[apps.b]\ncomponent = 3",
            "4:13: apps.b.component: expected a string, found an integer",
        ),
        (
            "[apps]\nb = 'b.wasm'",
            "4:5: apps.b: expected an app's table",
        ),
        (
            "[apps.'']\ncomponent = 'b'",
            "3:7: apps.\"\": must not be empty",
        ),
        (
            "[apps.\"x\\ny\"]\ncomponent = 'b'",
            "3:7: apps.\"x\\ny\": must not contain control",
        ),
        ("[apps.a]", "duplicate key"),
        ("workers =", "/etc/dirty/dirty.toml:3:"),
    ] {
        let found = errors(&format!("{APP}{line}"));
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        assert!(
            found[0].starts_with("/etc/dirty/dirty.toml:3:")
                || found[0].starts_with("/etc/dirty/dirty.toml:4:"),
            "{line}: {found:?}"
        );
        assert!(found[0].contains(expected), "{line}: {found:?}");
    }
}

#[test]
fn mistakes_at_the_top() {
    for (line, expected) in [
        ("socket = ''", ":1:10: socket: must not be empty"),
        (
            "max_frame = '2GiB'",
            ":1:13: max_frame: 2147483648 is out of range",
        ),
        ("max_frame = 100", ":1:13: max_frame: 100 is out of range"),
        (
            "max_connections = 0",
            ":1:19: max_connections: 0 is out of range",
        ),
        (
            "max_bytes_in_flight = '1MiB'",
            ":1:23: max_bytes_in_flight: 1048576 bytes are less than the largest frame has, \
             67108864 bytes",
        ),
        (
            "max_bytes_in_flight = '1GiB'\nmax_frame = 1",
            ":2:13: max_frame: 1 is out of range",
        ),
        (
            "restart_intensity = 0",
            ":1:21: restart_intensity: 0 is out of range",
        ),
        (
            "restart_intensity = 1001",
            ":1:21: restart_intensity: 1001 is out of range",
        ),
        (
            "restart_period = 0",
            ":1:18: restart_period: 0 is out of range: this must be some time",
        ),
        ("pidfile = ''", ":1:11: pidfile: must not be empty"),
        (
            "log_file = 1",
            ":1:12: log_file: expected a string, found an integer",
        ),
        ("hooks = 'x'", ":1:9: hooks: expected a table"),
        ("stash = 1", ":1:9: stash: expected a table"),
        (
            "stash.max_bytes = '1KiB'",
            ":1:19: stash.max_bytes: 1024 is out of range",
        ),
        (
            "stash.max_keys = 0",
            ":1:18: stash.max_keys: 0 is out of range",
        ),
        (
            "stash.max_tables = 'many'",
            ":1:20: stash.max_tables: expected an integer",
        ),
        (
            "stash.max_table_bytes = '65MiB'",
            ":1:25: stash.max_table_bytes: 68157440 bytes for one table are more than for all of \
             them, 67108864 bytes",
        ),
        (
            "stash = { max_bytes = '1MiB', max_table_bytes = '2MiB' }",
            ":1:49: stash.max_table_bytes: 2097152 bytes for one table",
        ),
        (
            "post_fork = 'x'",
            ":1:1: post_fork: this key belongs in the table [hooks]",
        ),
        (
            "workers = 99999999999999999999",
            "99999999999999999999 is out of range",
        ),
        (
            "timeout = 0.00001",
            ":1:11: timeout: 0.00001 is out of range",
        ),
        (
            "graceful-timeout = 3",
            ":1:1: graceful-timeout: unknown key; did you mean `graceful_",
        ),
        (
            "dirty_workers = 3",
            ":1:1: dirty_workers: this is a setting of gunicorn's: use `work",
        ),
        (
            "component = 'x'",
            ":1:1: component: this key belongs in an app's table",
        ),
        ("é = 1", "unquoted"),
        ("'é' = 1; x", ":1:7: "),
    ] {
        let found = errors(&format!("{line}\n{APP}"));
        assert!(found[0].contains(expected), "{line}: {found:?}");
    }
    let apps_as_array = errors("[[apps]]\ncomponent = 'x'");
    assert!(
        apps_as_array[0].contains("expected a table, found an array"),
        "{apps_as_array:?}"
    );
    let app_as_path = errors("[apps]\nb = 'b.wasm'");
    assert!(
        app_as_path[0].contains(":2:5: apps.b: expected an app's table"),
        "{app_as_path:?}"
    );
}

#[test]
fn all_mistakes_are_reported_in_the_order_of_the_file() {
    let found = errors("timeout = -1\nwokers = 2\n[apps.a]\nworkers = 'x'\n[apps.b]\ninit = 1");
    let lines: Vec<_> = found
        .iter()
        .map(|error| error.split(':').nth(1).unwrap())
        .collect();
    assert_eq!(lines, ["1", "2", "3", "4", "5", "6"], "{found:#?}");
    let syntax = errors("a = \nb = 1\nc == 2\n");
    assert!(syntax.len() >= 2, "{syntax:?}");
}

/// Guards the lists of keys against a key that is listed but never read.
#[test]
fn every_known_key_is_read_and_typed() {
    let date = |keys: &[&str]| -> String {
        keys.iter()
            .map(|key| format!("{key} = 1979-05-27\n"))
            .collect()
    };
    let top = errors(&date(Place::Top.keys()));
    assert_eq!(top.len(), Place::Top.keys().len(), "{top:#?}");
    let app = errors(&format!("[apps.a]\n{}", date(Place::App.keys())));
    assert_eq!(app.len(), Place::App.keys().len(), "{app:#?}");
    let dir = format!("{APP}[apps.a.dirs.'/d']\n{}", date(Place::Dir.keys()));
    assert_eq!(errors(&dir).len(), Place::Dir.keys().len());
    let hooks = format!("{APP}[hooks]\n{}", date(Place::Hooks.keys()));
    assert_eq!(errors(&hooks).len(), Place::Hooks.keys().len());
    let stash = format!("{APP}[stash]\n{}", date(Place::Stash.keys()));
    assert_eq!(errors(&stash).len(), Place::Stash.keys().len());
}

#[test]
fn the_full_example_is_right_and_names_every_key() {
    let example = include_str!("../../../../examples/dirty.toml");
    if let Err(errors) = resolve(example, Overrides::default()) {
        panic!("{errors}");
    }
    let words: BTreeSet<_> = example
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .collect();
    for place in [
        Place::Top,
        Place::App,
        Place::Dir,
        Place::Build,
        Place::Hooks,
        Place::Stash,
    ] {
        for key in place.keys() {
            assert!(words.contains(key), "{key}");
        }
    }
}

/// The parser allows 80 levels of brackets with 80 dotted keys each, which take more stack to drop
/// than a test thread has; the main thread's 8 MiB, where files are read, must be enough.
#[test]
fn nesting_never_exhausts_the_main_threads_stack() {
    let check = || {
        let dotted = vec!["a"; 100_000].join(".");
        assert!(!errors(&format!("{dotted} = 1")).is_empty());
        assert!(!errors(&format!("a = {}", "[".repeat(100_000))).is_empty());
        let keys = vec!["a"; 79].join(".");
        let tables = format!("{keys} = {{").repeat(79);
        let text = format!("{APP}[apps.a.config]\n{tables}{}", "}".repeat(79));
        let found = errors(&text);
        assert!(
            found[0].contains("nested more than 128 levels"),
            "{found:?}"
        );
    };
    std::thread::scope(|scope| {
        let main_like = std::thread::Builder::new().stack_size(8 << 20);
        main_like
            .spawn_scoped(scope, check)
            .unwrap()
            .join()
            .unwrap();
    });
}
