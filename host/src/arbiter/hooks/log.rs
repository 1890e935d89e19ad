//! What goes to the log about hooks, and in what words. Field names do not change: `hook`, `app`,
//! `worker`, `error`.

use tracing::{info, warn};

use super::super::log::indented;
use super::{Hook, HookError, HookEvent, HookWorker};

/// A hook did what it should; what it printed, if anything.
pub(super) fn printed(hook: Hook, worker: Option<&HookWorker>, stdout: &[u8]) {
    let text = String::from_utf8_lossy(stdout);
    let text = text.trim_end();
    if !text.is_empty() {
        let app = worker.map(|worker| worker.app.as_str());
        let worker = worker.map(|worker| worker.worker.0);
        info!(hook = hook.name(), app, worker, "hook: {}", indented(text));
    }
}

/// A hook failed, from which nothing follows.
pub(super) fn failed(hook: Hook, worker: &HookWorker, error: &HookError) {
    warn!(
        hook = hook.name(),
        app = worker.app,
        worker = worker.worker.0,
        "{}",
        indented(&error.to_string())
    );
}

/// Hooks were not run, because too many wait; `event` is the latest one's.
pub(super) fn dropped(event: &HookEvent, hooks: u64, waiting_max: usize) {
    let worker = event.worker();
    warn!(
        hook = event.hook().name(),
        app = worker.app,
        worker = worker.worker.0,
        hooks,
        "hooks not run: {waiting_max} others wait, which is the limit"
    );
}

/// Hooks were not run to their end, because the host ends.
pub(super) fn cut_off(hooks: usize) {
    warn!(
        hooks,
        "the host ends before its hooks have: they are killed or not run"
    );
}
