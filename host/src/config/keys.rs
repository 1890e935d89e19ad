//! The names of all settings, and answers to names that are none: the nearest known one, or what to
//! do instead of a setting of gunicorn's.

use super::error::Problem;

/// Where a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Outside of any table.
    Top,
    /// In `[apps.NAME]`.
    App,
    /// In the value of a directory.
    Dir,
    /// In an app's `build`.
    Build,
    /// In `[hooks]`.
    Hooks,
    /// In `[stash]`.
    Stash,
}

impl Place {
    /// The keys that may stand there.
    pub(super) fn keys(self) -> &'static [&'static str] {
        match self {
            Place::Top => &[
                "socket",
                "workers",
                "timeout",
                "graceful_timeout",
                "boot_timeout",
                "cancel_grace",
                "write_timeout",
                "max_frame",
                "max_connections",
                "max_bytes_in_flight",
                "restart_intensity",
                "restart_period",
                "cache_dir",
                "pidfile",
                "log_file",
                "hooks",
                "stash",
                "apps",
            ],
            Place::App => &[
                "component",
                "build",
                "workers",
                "timeout",
                "init",
                "config",
                "env",
                "dirs",
                "memory_limit",
                "max_queue",
                "max_calls",
                "max_calls_jitter",
                "max_age",
                "max_memory",
                "spare",
                "on_disconnect",
                "stashes",
            ],
            Place::Dir => &["path", "writable"],
            Place::Build => &["rust", "python", "root", "requirements", "allow"],
            Place::Hooks => &[
                "on_starting",
                "post_fork",
                "worker_init",
                "worker_exit",
                "timeout",
            ],
            Place::Stash => &["max_bytes", "max_table_bytes", "max_keys", "max_tables"],
        }
    }

    /// What to answer to `key`, which is not one of [`Place::keys`].
    pub(super) fn unknown(self, key: &str) -> Problem {
        let key = key.to_ascii_lowercase().replace('-', "_");
        let spelled_otherwise = self.keys().iter().find(|known| **known == key);
        if let Some(known) = spelled_otherwise {
            Problem::UnknownKey(known)
        } else if let Some(elsewhere) = self.elsewhere(&key) {
            Problem::Misplaced(elsewhere)
        } else if let Some(advice) = advice(&key) {
            Problem::Foreign(advice)
        } else if let Some(nearest) = nearest(&key, self.keys()) {
            Problem::UnknownKey(nearest)
        } else {
            Problem::UnknownKeyFar(self.keys())
        }
    }

    fn elsewhere(self, key: &str) -> Option<&'static str> {
        if matches!(self, Place::Dir | Place::Build) {
            return None;
        }
        TABLES
            .iter()
            .find(|(place, _)| place.keys().contains(&key))
            .map(|(_, described)| *described)
    }
}

/// Where a key may have been meant to stand, and how to say so.
const TABLES: [(Place, &str); 4] = [
    (
        Place::Top,
        "at the top of the file, before the first [table]",
    ),
    (Place::App, "in an app's table, [apps.NAME]"),
    (Place::Hooks, "in the table [hooks]"),
    (Place::Stash, "in the table [stash]"),
];

/// Names longer than this are no misspelling of ours.
const MISSPELLING_BYTES_MAX: usize = 64;
/// Less alike than this, a suggestion would only puzzle.
const SIMILARITY_MIN: f64 = 0.75;

fn nearest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    if key.len() > MISSPELLING_BYTES_MAX {
        return None;
    }
    known
        .iter()
        .map(|&known| (similarity(key, known), known))
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// From 0 to 1; the same words in another order are as good as the same key.
fn similarity(key: &str, known: &str) -> f64 {
    let sorted = |key: &str| {
        let mut words: Vec<_> = key.split('_').collect();
        words.sort_unstable();
        words.join("_")
    };
    let as_written = strsim::jaro_winkler(key, known);
    as_written.max(strsim::jaro_winkler(&sorted(key), &sorted(known)))
}

/// What to do instead of a setting of gunicorn's.
fn advice(key: &str) -> Option<&'static str> {
    Some(match key {
        "dirty_apps" => {
            "give each app a table of its own, [apps.\"module:Class\"], with its `component`"
        }
        "dirty_workers" => "use `workers`, here for every app or in an app's table for that one",
        "dirty_threads" => "an app runs as many calls at once as it has workers: use `workers`",
        "dirty_timeout" => "use `timeout`, here for every app or in an app's table for that one",
        "dirty_graceful_timeout" => "use `graceful_timeout` at the top of the file",
        "bind" | "backlog" | "umask" => {
            "use `socket`; it is a Unix socket that only its owner may open"
        }
        "threads" | "worker_connections" => {
            "an app runs as many calls at once as it has workers: use `workers`"
        }
        "worker_class" => {
            "every worker runs a WebAssembly component: use `component` in [apps.NAME]"
        }
        "on_dirty_starting" | "dirty_on_starting" => {
            "use `on_starting` in the table [hooks]; it is a command"
        }
        "dirty_post_fork" => "use `post_fork` in the table [hooks]; it is a command",
        "dirty_worker_init" | "post_worker_init" => {
            "use `worker_init` in the table [hooks]; it is a command"
        }
        "dirty_worker_exit" | "child_exit" => {
            "use `worker_exit` in the table [hooks]; it is a command"
        }
        "when_ready" => {
            "use `worker_init` in the table [hooks], or wait for the line that `dirty serve` \
             prints when every app is ready"
        }
        "on_reload" | "pre_fork" | "worker_int" | "worker_abort" | "pre_exec" | "pre_request"
        | "post_request" | "nworkers_changed" | "on_exit" => {
            "there is no such hook: [hooks] has `on_starting`, `post_fork`, `worker_init` and \
             `worker_exit`"
        }
        "max_requests" => "use `max_calls` in an app's table",
        "max_requests_jitter" => "use `max_calls_jitter` in an app's table",
        "preload_app" => {
            "an app is always loaded once and copied; `init = \"per-worker\"` turns that off"
        }
        "raw_env" => "use `env` in an app's table",
        "chdir" | "pythonpath" => "relative paths are relative to this file",
        "loglevel" | "log_level" => {
            "set the environment variable DIRTY_LOG, for example to `debug`"
        }
        "errorlog" | "error_logfile" | "logfile" => {
            "use `log_file`; without it the log goes to standard error"
        }
        "accesslog" | "access_logfile" | "access_logformat" | "access_log_format" => {
            "there is no log of every call; `log_file` names the file of the host's own log"
        }
        "logconfig" | "logconfig_dict" | "logconfig_json" | "logger_class" | "capture_output"
        | "syslog" => "the log goes to standard error or to `log_file`; DIRTY_LOG sets its level",
        "daemon" | "user" | "group" | "proc_name" => {
            "leave that to what starts the host, for example a systemd unit"
        }
        "wsgi_app" => "a host serves components: use `component` in [apps.NAME]",
        "keepalive" => "connections stay open as long as the client likes; remove it",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelled_keys_are_answered_with_the_nearest() {
        for (place, key, expected) in [
            (Place::Top, "worker", "workers"),
            (Place::Top, "graceful-timeout", "graceful_timeout"),
            (Place::Top, "Timeout", "timeout"),
            (Place::Top, "app", "apps"),
            (Place::Top, "sockets", "socket"),
            (Place::Top, "max_connection", "max_connections"),
            (Place::App, "wokers", "workers"),
            (Place::App, "memory", "memory_limit"),
            (Place::App, "queue_max", "max_queue"),
            (Place::App, "componet", "component"),
            (Place::App, "configuration", "config"),
            (Place::App, "max-calls", "max_calls"),
            (Place::App, "memory_max", "max_memory"),
            (Place::Dir, "write", "writable"),
            (Place::Hooks, "postfork", "post_fork"),
            (Place::Hooks, "worker-exit", "worker_exit"),
            (Place::Hooks, "on_start", "on_starting"),
            (Place::Stash, "max-byte", "max_bytes"),
            (Place::Stash, "table_max", "max_tables"),
        ] {
            let problem = place.unknown(key);
            assert_eq!(problem, Problem::UnknownKey(expected), "{key}: {problem}");
        }
    }

    #[test]
    fn names_of_gunicorns_are_answered_with_ours() {
        for (key, ours) in [
            ("dirty_workers", "`workers`"),
            ("dirty_threads", "`workers`"),
            ("dirty-timeout", "`timeout`"),
            ("dirty_graceful_timeout", "`graceful_timeout`"),
            ("dirty_apps", "[apps."),
            ("bind", "`socket`"),
            ("threads", "`workers`"),
            ("dirty_post_fork", "`post_fork` in the table [hooks]"),
            ("on_dirty_starting", "`on_starting` in the table [hooks]"),
            ("dirty_worker_init", "`worker_init` in the table [hooks]"),
            ("dirty_worker_exit", "`worker_exit` in the table [hooks]"),
            ("on_reload", "`worker_exit`"),
            ("max_requests", "`max_calls`"),
            ("max_requests_jitter", "`max_calls_jitter`"),
            ("errorlog", "`log_file`"),
            ("logfile", "`log_file`"),
            ("worker_class", "`component`"),
            ("loglevel", "DIRTY_LOG"),
        ] {
            let Problem::Foreign(advice) = Place::Top.unknown(key) else {
                panic!("{key} is not recognised");
            };
            assert!(advice.contains(ours), "{key}: {advice}");
        }
    }

    #[test]
    fn keys_in_the_wrong_place_are_told_the_right_one() {
        let component = Place::Top.unknown("component");
        assert!(component.to_string().contains("[apps.NAME]"));
        let socket = Place::App.unknown("socket");
        assert!(socket.to_string().contains("top of the file"));
        for (place, hook) in [
            (Place::Top, "on_starting"),
            (Place::Top, "post_fork"),
            (Place::App, "worker_init"),
            (Place::Top, "worker-exit"),
        ] {
            let problem = place.unknown(hook).to_string();
            assert!(problem.contains("[hooks]"), "{problem}");
        }
        for (place, key, right) in [
            (Place::Top, "max_calls", "[apps.NAME]"),
            (Place::App, "pidfile", "top of the file"),
            (Place::Hooks, "graceful_timeout", "top of the file"),
            (Place::Hooks, "spare", "[apps.NAME]"),
            (Place::Top, "max_keys", "[stash]"),
            (Place::Stash, "max_memory", "[apps.NAME]"),
        ] {
            let problem = place.unknown(key).to_string();
            assert!(problem.contains(right), "{problem}");
        }
        let far = Place::Dir.unknown("zzz").to_string();
        assert!(far.contains("path, writable"), "{far}");
    }
}
