//! What all scenarios need: how thorough they are to be, until when, on which cores, and the peers,
//! which are made when they are first asked for.

use std::cell::OnceCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::affinity::Cores;
use super::error::Error;
use super::harness::{python, python_apps};
use super::peers::server::BENCH;

/// How long a whole run may take, and a quick one.
const LIMIT: Duration = Duration::from_secs(15 * 60);
const QUICK_LIMIT: Duration = Duration::from_secs(3 * 60);

/// A file that is made on first use, or why it could not be.
type Made = OnceCell<Result<PathBuf, String>>;

/// A run.
pub(crate) struct Suite {
    pub(crate) quick: bool,
    pub(crate) cores: Cores,
    deadline: Instant,
    python_app: Made,
    gunicorn: Made,
}

impl Suite {
    /// A run that begins now, or, if it is to have peers, when they are made: that can take minutes the
    /// first time, and does not count.
    pub(crate) fn new(quick: bool, has_peers: bool) -> Result<Suite, Error> {
        let (python_app, gunicorn) = (OnceCell::new(), OnceCell::new());
        if has_peers {
            // Those who need what could not be made say so.
            let _ = (app_in_python(&python_app), interpreter(&gunicorn));
        }
        Ok(Suite {
            quick,
            cores: Cores::allowed()?,
            deadline: Instant::now() + if quick { QUICK_LIMIT } else { LIMIT },
            python_app,
            gunicorn,
        })
    }

    /// One of two numbers: that of a quick run, or that of a whole one.
    pub(crate) fn either<T>(&self, quick: T, whole: T) -> T {
        if self.quick { quick } else { whole }
    }

    /// How often each contestant has its turn.
    pub(crate) fn rounds(&self) -> usize {
        self.either(3, 7)
    }

    /// How long it has it.
    pub(crate) fn turn(&self) -> Duration {
        Duration::from_millis(self.either(60, 300))
    }

    /// Whether there is no time for more.
    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// The component of the app in Python.
    pub(crate) fn python_app(&self) -> Result<PathBuf, Error> {
        app_in_python(&self.python_app)
    }

    /// The interpreter that has gunicorn.
    pub(crate) fn gunicorn(&self) -> Result<PathBuf, Error> {
        interpreter(&self.gunicorn)
    }
}

fn app_in_python(cell: &Made) -> Result<PathBuf, Error> {
    prepared(cell, || python_apps::python_app(BENCH, None))
}

fn interpreter(cell: &Made) -> Result<PathBuf, Error> {
    prepared(cell, || python::python(python::BINARY_DIALECT))
}

/// Makes something once, and remembers if that is not possible.
fn prepared(cell: &Made, make: impl FnOnce() -> PathBuf) -> Result<PathBuf, Error> {
    let made = cell.get_or_init(|| guarded(|| Ok(make())).map_err(|error| error.to_string()));
    made.clone().map_err(Error::NotPrepared)
}

/// Turns a panic into an error: what is shared with the tests panics where a test would fail, and
/// here one contestant less is no reason to stop.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(Error::Panicked(text.unwrap_or_default()))
    })
}
