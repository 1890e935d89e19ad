//! Servers of the app that is called, each with its own processes: `dirty serve`, and gunicorn.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::super::client::connection::{Connection, PATIENCE};
use super::super::client::exchange::{Call, Dialect, Exchange};
use super::super::error::Error;
use super::super::harness::{App, Host, paths, processes, wait_for};
use super::super::report::names::Contestant;
use super::super::suite::Suite;
use super::gunicorn::Gunicorn;

/// The app in Rust.
pub(crate) const DEMO: &str = "demo";
/// The same in Python: the class of gunicorn's, and the name of its component.
pub(crate) const BENCH: &str = "bench:Bench";
/// A server that listens late is asked this often whether it does.
const POLL_INTERVAL: Duration = Duration::from_micros(200);

/// How a server is set up.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) workers: u32,
    pub(crate) state_mib: u32,
    /// One worker more, in reserve, if it is ours.
    pub(crate) spare: bool,
    /// Lines of the host's configuration, of no meaning to gunicorn.
    pub(crate) settings: Vec<&'static str>,
    pub(crate) app_settings: Vec<&'static str>,
    /// Where compiled components are kept, if not where all are.
    pub(crate) cache: Option<PathBuf>,
}

impl Setup {
    /// So many workers, and nothing special.
    pub(crate) fn of(workers: u32) -> Setup {
        Setup {
            workers,
            state_mib: 0,
            spare: false,
            settings: Vec::new(),
            app_settings: Vec::new(),
            cache: None,
        }
    }

    /// The same with so much state.
    pub(crate) fn with_state(self, state_mib: u32) -> Setup {
        Setup { state_mib, ..self }
    }

    /// The same with a worker in reserve.
    pub(crate) fn with_spare(self) -> Setup {
        Setup {
            spare: true,
            ..self
        }
    }
}

/// A running server. Dropped, it is killed, and all of its processes with it.
pub(crate) struct Server {
    process: Process,
    contestant: Contestant,
    has_spare: bool,
}

enum Process {
    Dirty(Box<Host>),
    Gunicorn(Gunicorn),
}

impl Server {
    /// Starts it, and returns when all of its workers can serve.
    pub(crate) fn start(
        suite: &Suite,
        contestant: Contestant,
        setup: &Setup,
    ) -> Result<Server, Error> {
        let mut server = Server::launch(suite, contestant, setup)?;
        match &mut server.process {
            Process::Dirty(host) => {
                host.wait_ready();
                // The first of them makes it ready.
                let spare = usize::from(server.has_spare);
                host.wait_workers(app_of(contestant), setup.workers as usize + spare);
            }
            Process::Gunicorn(_) => server.call_every_worker(setup.workers)?,
        }
        Ok(server)
    }

    /// Starts it, and returns as soon as its first process exists.
    pub(crate) fn launch(
        suite: &Suite,
        contestant: Contestant,
        setup: &Setup,
    ) -> Result<Server, Error> {
        let process = match contestant {
            Contestant::Gunicorn => {
                let Setup {
                    workers, state_mib, ..
                } = *setup;
                let python = suite.gunicorn()?;
                Process::Gunicorn(Gunicorn::launch(&python, BENCH, workers, state_mib)?)
            }
            Contestant::Python => dirty(python_app(&suite.python_app()?, setup), setup),
            _ => dirty(rust_app(setup), setup),
        };
        Ok(Server {
            process,
            contestant,
            has_spare: setup.spare,
        })
    }

    /// A call of its app, in its dialect.
    pub(crate) fn exchange(&self, call: &Call) -> Exchange {
        let dialect = match self.contestant {
            Contestant::Rust => Dialect::Json,
            _ => Dialect::Binary,
        };
        Exchange::new(dialect, app_of(self.contestant), call)
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> Result<Connection, Error> {
        Connection::open(&self.socket())
    }

    /// A new connection, as soon as it listens.
    pub(crate) fn connect_soon(&mut self) -> Result<Connection, Error> {
        if let Process::Gunicorn(gunicorn) = &mut self.process {
            return gunicorn.connect();
        }
        let socket = self.socket();
        retried(|| Connection::open(&socket))
    }

    /// The answer to a call, on a new connection each time that it fails: what a caller has to do
    /// while there is no worker.
    pub(crate) fn call_until_answered(&self, exchange: &Exchange) -> Result<(), Error> {
        retried(|| self.connect()?.run(exchange).map(drop))
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        match &self.process {
            Process::Dirty(host) => host.socket.clone(),
            Process::Gunicorn(gunicorn) => gunicorn.socket(),
        }
    }

    /// The host, if it is ours.
    pub(crate) fn host(&self) -> Option<&Host> {
        match &self.process {
            Process::Dirty(host) => Some(host),
            Process::Gunicorn(_) => None,
        }
    }

    /// The process that clients talk to.
    pub(crate) fn arbiter(&self) -> i32 {
        match &self.process {
            Process::Dirty(host) => host.pid(),
            Process::Gunicorn(gunicorn) => gunicorn.arbiter(),
        }
    }

    /// The process of the only worker, which has to be idle. If the app has a spare, it is ready then.
    pub(crate) fn only_worker(&self) -> Result<i32, Error> {
        let workers: Vec<i32> = match &self.process {
            Process::Dirty(host) => {
                let workers = wait_for("the only worker and its spare", PATIENCE, || {
                    let workers = host.status().workers;
                    let has_spare = workers.iter().any(|it| it.spare);
                    let ready = workers.iter().all(|it| it.state == "ready");
                    (ready && has_spare == self.has_spare).then_some(workers)
                });
                let members = workers.iter().filter(|it| !it.spare);
                members.map(|worker| worker.pid).collect()
            }
            Process::Gunicorn(gunicorn) => processes::children_of(gunicorn.arbiter()),
        };
        match workers[..] {
            [worker] => Ok(worker),
            _ => Err(Error::NotOneWorker),
        }
    }

    /// Memory that all of its processes answer for, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let all = self.processes().into_iter();
        all.map(processes::proportional_memory).sum()
    }

    /// Processor time that its processes have used.
    pub(crate) fn processor_time(&self) -> Result<Duration, Error> {
        self.processes().into_iter().map(processor_time).sum()
    }

    fn processes(&self) -> Vec<i32> {
        let below = processes::descendants_of(self.arbiter());
        let below = below.into_iter().map(|process| process.pid);
        below.chain([self.arbiter()]).collect()
    }

    /// gunicorn hands calls to workers in turn, and lets those wait or fail whose worker is not
    /// initialised: when one call for each has been answered in a row, all are.
    fn call_every_worker(&mut self, workers: u32) -> Result<(), Error> {
        self.connect_soon()?;
        let exchange = self.exchange(&Call::EchoText(1));
        retried(|| {
            let mut connection = self.connect()?;
            (0..workers).try_for_each(|_| connection.run(&exchange).map(drop))
        })
    }
}

/// What its app is called.
fn app_of(contestant: Contestant) -> &'static str {
    match contestant {
        Contestant::Gunicorn | Contestant::Python => BENCH,
        _ => DEMO,
    }
}

/// Tries until it succeeds, or has not for long.
fn retried<T>(mut work: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let end = Instant::now() + PATIENCE;
    loop {
        match work() {
            Err(_) if Instant::now() < end => std::thread::sleep(POLL_INTERVAL),
            done => return done,
        }
    }
}

/// Processor time of all threads of a process, exact to the nanosecond.
pub(crate) fn processor_time(pid: i32) -> Result<Duration, Error> {
    let no_time = |source| Error::System {
        what: "read how long a process has run",
        source,
    };
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).map_err(no_time)?;
    let nanoseconds = tasks.map(|task| {
        let path = task.map_err(no_time)?.path().join("schedstat");
        let text = fs::read_to_string(path).map_err(no_time)?;
        let first = text.split_whitespace().next();
        Ok(first.and_then(|first| first.parse().ok()).unwrap_or(0))
    });
    let nanoseconds = nanoseconds.sum::<Result<u64, Error>>()?;
    Ok(Duration::from_nanos(nanoseconds))
}

fn rust_app(setup: &Setup) -> App {
    let component = paths::repository().join("examples/demo/demo.wasm");
    let Setup {
        workers, state_mib, ..
    } = setup;
    App::new(DEMO, component)
        .workers(*workers)
        .config(&format!("state_mib = {state_mib}"))
}

fn python_app(component: &Path, setup: &Setup) -> App {
    let Setup {
        workers, state_mib, ..
    } = setup;
    App::new(BENCH, component)
        .workers(*workers)
        .set(&format!("env = {{ STATE_MIB = \"{state_mib}\" }}"))
}

fn dirty(app: App, setup: &Setup) -> Process {
    let app = setup
        .app_settings
        .iter()
        .fold(app, |app, line| app.set(line))
        .set(&format!("spare = {}", setup.spare));
    let mut builder = Host::builder().app(app);
    for line in &setup.settings {
        builder = builder.set(line);
    }
    if let Some(cache) = &setup.cache {
        builder = builder.cache_dir(cache);
    }
    Process::Dirty(Box::new(builder.launch()))
}
