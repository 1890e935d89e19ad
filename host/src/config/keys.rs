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
                "cache_dir",
                "apps",
            ],
            Place::App => &[
                "component",
                "workers",
                "timeout",
                "init",
                "config",
                "env",
                "dirs",
                "memory_limit",
                "max_queue",
            ],
            Place::Dir => &["path", "writable"],
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
        match self {
            Place::Top if Place::App.keys().contains(&key) => {
                Some("in an app's table, [apps.NAME]")
            }
            Place::App if Place::Top.keys().contains(&key) => {
                Some("at the top of the file, before the first [table]")
            }
            Place::Top | Place::App | Place::Dir => None,
        }
    }
}

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
        "on_dirty_starting" | "dirty_worker_init" | "post_worker_init" => {
            "there are no hooks: prepare what the app needs in its `init`"
        }
        "dirty_post_fork" | "post_fork" => {
            "there are no hooks: an app may export `on-fork`, which runs in each new worker"
        }
        "dirty_worker_exit" | "worker_exit" => {
            "there are no hooks: an app's `close` runs in each worker that stops gracefully"
        }
        "on_starting" | "on_reload" | "when_ready" | "pre_fork" | "worker_int" | "worker_abort"
        | "pre_exec" | "pre_request" | "post_request" | "child_exit" | "nworkers_changed"
        | "on_exit" => "there are no hooks: `dirty serve` prints a line when every app is ready",
        "max_requests" | "max_requests_jitter" => {
            "workers are not recycled by the number of their calls: one that fails is replaced"
        }
        "preload_app" => {
            "an app is always loaded once and copied; `init = \"per-worker\"` turns that off"
        }
        "raw_env" => "use `env` in an app's table",
        "chdir" | "pythonpath" => "relative paths are relative to this file",
        "loglevel" | "log_level" => {
            "set the environment variable DIRTY_LOG, for example to `debug`"
        }
        "accesslog" | "errorlog" | "logfile" | "logconfig" | "logconfig_dict"
        | "logconfig_json" | "logger_class" | "capture_output" | "syslog" | "access_log_format" => {
            "the log goes to standard error; DIRTY_LOG sets its level"
        }
        "daemon" | "pidfile" | "user" | "group" | "proc_name" => {
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
            (Place::Dir, "write", "writable"),
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
            ("dirty_post_fork", "`on-fork`"),
            ("on_dirty_starting", "`init`"),
            ("dirty_worker_exit", "`close`"),
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
        let far = Place::Dir.unknown("zzz").to_string();
        assert!(far.contains("path, writable"), "{far}");
    }
}
