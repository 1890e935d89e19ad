//! A host with both web applications in front of it, each served as its documentation says.

use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::harness::lines::Lines;
use crate::harness::python::python_for;
use crate::harness::{App, Host, PATIENCE, cli, paths, text_wasm, wait_until};
use crate::http::Browser;

/// The app's name, which the applications have, too.
pub(crate) const APP: &str = "text";

/// How gunicorn runs a synchronous application.
#[derive(Clone, Copy)]
pub(crate) enum Model {
    /// A thread for each request.
    Threads,
    /// One request at a time in each worker, which is forked with the application loaded.
    PreloadedProcesses,
}

impl Model {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Model::Threads => &["--worker-class", "gthread", "--threads", "8"],
            Model::PreloadedProcesses => &["--worker-class", "sync", "--preload"],
        }
    }
}

/// The app of the examples, with a small index.
pub(crate) fn text() -> App {
    App::new(APP, text_wasm()).config("sentences = 500")
}

/// Everything that serves.
pub(crate) struct Site {
    pub(crate) flask: Server,
    pub(crate) fastapi: Server,
    pub(crate) host: Host,
}

impl Site {
    /// Flask in threads; FastAPI.
    #[track_caller]
    pub(crate) fn of(app: App) -> Site {
        Site::with(Host::serving(app), Model::Threads)
    }

    /// Puts the applications in front of a host.
    #[track_caller]
    pub(crate) fn with(host: Host, model: Model) -> Site {
        // Two workers each: what they share, they share through the host.
        let mut flask = python(&host, "gunicorn");
        flask
            .args(["--bind", "127.0.0.1:0", "--workers", "2"])
            // It would lie in the developer's home directory.
            .arg("--no-control-socket")
            .args(model.arguments())
            .arg("flask_app:app");
        let mut fastapi = python(&host, "uvicorn");
        fastapi.args(["--port", "0", "--workers", "2", "fastapi_app:app"]);
        let (flask, fastapi) = (Starting::new(flask), Starting::new(fastapi));
        Site {
            flask: flask.serving(),
            fastapi: fastapi.serving(),
            host,
        }
    }

    /// Both, as a browser sees them.
    pub(crate) fn browsers(&self) -> [&Browser; 2] {
        [&self.flask.browser, &self.fastapi.browser]
    }
}

/// A command that runs a Python module where the examples are, with the host's socket.
fn python(host: &Host, module: &str) -> Command {
    let examples = paths::repository().join("examples/web");
    let mut command = cli::clean(Command::new(python_for(&examples.join("requirements.txt"))));
    for theirs in ["GUNICORN_CMD_ARGS", "WEB_CONCURRENCY"] {
        command.env_remove(theirs);
    }
    command
        // Without this the interpreter would leave its cache in the checkout, also from children.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("GUNICORN_DIRTY_SOCKET", &host.socket)
        .args(["-m", module])
        .current_dir(examples);
    command
}

/// A web server of its own process group, which ends with this.
struct Starting {
    child: Child,
    log: Lines,
}

impl Starting {
    #[track_caller]
    fn new(mut command: Command) -> Starting {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let log = Lines::collect(child.stderr.take().expect("a pipe"));
        Starting { child, log }
    }

    /// Waits until it has said where it listens, and does.
    #[track_caller]
    fn serving(self) -> Server {
        const SCHEME: &str = "http://";
        let line = self.log.wait_for("the server's address", PATIENCE, |line| {
            line.contains(SCHEME)
        });
        let place = line.find(SCHEME).expect("it was found");
        let origin = line[place..].split_whitespace().next().expect("it begins");
        let address = &origin[SCHEME.len()..];
        // A server with workers says so before one of them listens.
        wait_until("the server listens", PATIENCE, || {
            TcpStream::connect(address).is_ok()
        });
        Server {
            browser: Browser::new(origin.to_owned()),
            _process: self,
        }
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        let group = Pid::from_raw(i32::try_from(self.child.id()).expect("a process number"));
        // Nobody has reaped it, so the number is still its own.
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.child.wait();
        if std::thread::panicking() {
            #[allow(
                clippy::print_stderr,
                reason = "what a failing test leaves to its reader"
            )]
            {
                eprintln!("the web server's log:\n{}", self.log.text());
            }
        }
    }
}

/// A web server that can be asked.
pub(crate) struct Server {
    pub(crate) browser: Browser,
    _process: Starting,
}
