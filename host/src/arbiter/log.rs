//! What goes to the log, and in what words. Field names do not change: `app`, `worker`, `pid`,
//! `generation`, `request`, `cause`, `retry_in`.

use std::error::Error;
use std::io;
use std::time::Duration;

use nix::sys::signal::Signal;
use tracing::{debug, error, info, trace, warn};

use super::SettingsError;
use super::link::LinkFailure;
use super::machine::{ClientId, DeathCause, Report};
use crate::logline::{LogLevel, LogSource};
use crate::process::hop::{Exit, ExitStatus, Failure, Initialised, Stage, WorkerId};
use crate::protocol::RawId;
use crate::stash::StashError;

/// A line from an app, or from the process that runs it.
pub(super) fn line(
    app: &str,
    worker: Option<WorkerId>,
    request: Option<&RawId>,
    source: LogSource,
    level: LogLevel,
    message: &[u8],
) {
    let message = indented(&String::from_utf8_lossy(message));
    let worker = worker.map(|worker| worker.0);
    let request = request.map(tracing::field::display);
    let stream = match source {
        LogSource::App => "log",
        LogSource::Stdout => "stdout",
        LogSource::Stderr => "stderr",
        LogSource::Host => "host",
    };
    match level {
        LogLevel::Trace => trace!(target: "app", app, worker, request, stream, "{message}"),
        LogLevel::Debug => debug!(target: "app", app, worker, request, stream, "{message}"),
        LogLevel::Info => info!(target: "app", app, worker, request, stream, "{message}"),
        LogLevel::Warn => warn!(target: "app", app, worker, request, stream, "{message}"),
        LogLevel::Error => error!(target: "app", app, worker, request, stream, "{message}"),
    }
}

/// Something that happened to apps and workers.
pub(super) fn report(report: &Report) {
    match report {
        Report::AppReady {
            app,
            generation,
            initialised,
        } => {
            let init = place(initialised);
            info!(app, generation, init, "the app's mold is ready");
        }
        Report::BootFailed {
            app,
            generation,
            failure,
            retry_in,
        } => boot_failed(app, *generation, failure, *retry_in),
        Report::ReloadStarted { app, generation } => {
            info!(app, generation, "reload: the next generation starts");
        }
        Report::Reloaded {
            app,
            generation,
            workers,
            initialised,
        } => {
            let init = place(initialised);
            info!(
                app,
                generation, workers, init, "reload: the next generation has taken over"
            );
        }
        Report::ReloadFailed {
            app,
            generation,
            failure,
        } => {
            let reason = reason(&failure.message, failure.traceback.as_deref());
            error!(
                app,
                generation,
                stage = stage_name(failure.stage),
                "reload failed, the app serves on as it was: {reason}"
            );
        }
        Report::MoldDied {
            app,
            generation,
            exit,
            retry_in,
        } => {
            let (exit, retry_in) = (end(*exit), retry_in.map(seconds));
            error!(app, generation, %exit, retry_in, "the mold died");
        }
        Report::WorkerForked {
            app,
            generation,
            worker,
            pid,
            ..
        } => debug!(app, generation, worker = worker.0, pid, "worker forked"),
        Report::WorkerReady {
            app,
            generation,
            worker,
            pid,
            ..
        } => debug!(app, generation, worker = worker.0, pid, "worker ready"),
        Report::WorkerDied {
            app,
            worker,
            pid,
            cause,
            exit,
            ..
        } => worker_died(app, worker.0, *pid, cause, *exit),
        Report::Backoff {
            app,
            failures,
            retry_in,
            workers_left,
        } => back_off(app, *failures, *retry_in, *workers_left),
        Report::Overloaded { app, queue } => {
            warn!(
                app,
                queue, "calls are refused: the queue is full (max_queue)"
            );
        }
        Report::OverloadEnded { app, refused } => {
            info!(
                app,
                refused, "calls are taken again; `refused` counts all so far"
            );
        }
        Report::Scaled {
            app,
            before,
            workers,
        } => info!(app, before, workers, "scaled"),
        Report::AppRemoved { app } => info!(app, "the app was removed and ends its calls"),
        Report::Stopping { calls, grace } => {
            info!(calls, grace = seconds(*grace), "stopping");
        }
    }
}

/// As the status has it.
fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Compiling => "compiling",
        Stage::Initialising => "initialising",
        Stage::Forking => "forking",
    }
}

fn place(initialised: &Initialised) -> &'static str {
    match initialised {
        Initialised::InMold => "mold",
        Initialised::PerWorker | Initialised::PerWorkerBecause(_) => "per-worker",
    }
}

fn boot_failed(app: &str, generation: u64, failure: &Failure, retry_in: Option<Duration>) {
    let Failure {
        stage,
        message,
        traceback,
        ..
    } = failure;
    let reason = reason(message, traceback.as_deref());
    match retry_in {
        Some(delay) => {
            let retry_in = seconds(delay);
            error!(
                app,
                generation,
                stage = stage_name(*stage),
                retry_in,
                "the app could not start: {reason}"
            );
        }
        None => error!(
            app,
            generation,
            stage = stage_name(*stage),
            "the app has failed; `dirty restart` or a reload tries it again: {reason}"
        ),
    }
}

fn back_off(app: &str, failures: u32, retry_in: Option<Duration>, workers_left: usize) {
    match retry_in.map(seconds) {
        Some(retry_in) => warn!(
            app,
            failures, retry_in, workers_left, "workers keep dying; backing off"
        ),
        None => error!(
            app,
            failures,
            workers_left,
            "workers keep dying; they are not replaced before a reload or `dirty restart`"
        ),
    }
}

fn worker_died(app: &str, worker: u64, pid: Option<i32>, cause: &DeathCause, exit: Option<Exit>) {
    let exit = end(exit);
    let name = cause.name();
    match cause {
        DeathCause::Stopped(_) => debug!(app, worker, pid, cause = name, %exit, "worker ended"),
        DeathCause::StartFailed(failure) => {
            let reason = reason(&failure.message, failure.traceback.as_deref());
            error!(
                app,
                worker,
                pid,
                cause = name,
                "worker could not start: {reason}"
            );
        }
        _ => warn!(app, worker, pid, cause = name, %exit, "worker died"),
    }
}

fn reason(message: &str, traceback: Option<&str>) -> String {
    let lines: Vec<_> = [Some(message), traceback].into_iter().flatten().collect();
    indented(lines.join("\n").trim_end())
}

pub(super) fn end(exit: Option<Exit>) -> String {
    match exit {
        Some(exit) => exit_status(exit.status),
        None => "unknown".to_owned(),
    }
}

/// `code:0`, `SIGKILL`: without a space, so that it stands in the log without quotes.
pub(super) fn exit_status(status: ExitStatus) -> String {
    match status {
        ExitStatus::Code(code) => format!("code:{code}"),
        ExitStatus::Signal(number) => match Signal::try_from(number) {
            Ok(signal) => signal.to_string(),
            Err(_) => format!("signal:{number}"),
        },
    }
}

/// An app's text cannot begin a line of the log.
pub(super) fn indented(text: &str) -> String {
    text.replace('\n', "\n    | ")
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

/// A connection could not be accepted.
pub(super) fn accept_failed(error: &io::Error) {
    warn!(error = error as &dyn Error, "cannot accept a connection");
}

/// Connections too many since this was last told.
pub(super) fn connections_refused(connections: usize, refusals: u64) {
    warn!(
        connections,
        refusals, "connections refused: the limit is reached (max_connections)"
    );
}

/// Requests for which there was no room; `app` is the latest one's.
pub(super) fn requests_refused(app: Option<&str>, refusals: u64, held: usize) {
    warn!(
        app,
        refusals,
        bytes_in_flight = held,
        "requests refused: the host holds as many bytes of them as it may (max_bytes_in_flight)"
    );
}

/// A client that leaves more unread than the others, when all together leave too much.
pub(super) fn client_shed(client: ClientId, unwritten: usize, held: usize) {
    warn!(
        client = client.0,
        unwritten,
        bytes_in_flight = held,
        "client closed: of the replies that are more than the host may hold, it has left most \
         unread (max_bytes_in_flight)"
    );
}

/// A client that does not go on with what it has begun to send.
pub(super) fn client_stalled(client: ClientId, arrived: usize) {
    warn!(
        client = client.0,
        arrived,
        "client closed: it has sent hardly anything more of a frame for too long (write_timeout)"
    );
}

/// A client that does not read.
pub(super) fn client_stuck(client: ClientId) {
    warn!(
        client = client.0,
        "client closed: it has read hardly anything for too long (write_timeout)"
    );
}

/// A client that has asked for far more than it reads.
pub(super) fn client_greedy(client: ClientId, unwritten: usize) {
    warn!(
        client = client.0,
        unwritten, "client closed: it has left too many replies unread"
    );
}

/// A client that gave a reply up in the middle of a frame.
pub(super) fn reply_cut(client: ClientId) {
    warn!(
        client = client.0,
        "client closed: it gave up a reply in the middle of a frame"
    );
}

/// A mold could not be started.
pub(super) fn cannot_spawn(app: &str, error: &io::Error) {
    error!(app, error = error as &dyn Error, "cannot start a mold");
}

/// A table of the stash that the configuration gives an app cannot be made.
pub(super) fn no_table(app: &str, table: &str, error: &StashError) {
    warn!(app, table, "cannot make a table of `stashes`: {error}");
}

/// A new worker's socket is of no use.
pub(super) fn cannot_adopt(worker: WorkerId, error: &LinkFailure) {
    error!(
        worker = worker.0,
        error = error as &dyn Error,
        "cannot use a new worker"
    );
}

/// A signal that means nothing to this version.
pub(super) fn signal_ignored(signal: Signal) {
    warn!(%signal, "signal ignored");
}

/// The configuration cannot be read anew.
pub(super) fn cannot_reload(error: &SettingsError) {
    error!("nothing was reloaded, the host serves on as it was: {error}");
}

/// A setting has changed that is read only once.
pub(super) fn needs_restart(key: &str) {
    warn!(
        key,
        "this setting has changed, which takes effect when the host is started anew"
    );
}

/// There are as many or as few workers as there may be.
pub(super) fn not_scaled(app: &str, workers: usize) {
    warn!(
        app,
        workers, "the number of workers stays: it is at its limit"
    );
}
