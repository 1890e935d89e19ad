//! A real host, `dirty serve`, in a directory of its own; gone without a trace when the test ends.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::app::{App, toml_string};
use super::cli::{self, Ran};
use super::lines::Lines;
use super::paths;
use super::processes::{self, Process};
use super::status::{Status, Worker};
use super::wait::{PATIENCE, wait_for, wait_until};
use super::wire::{Failure, Outcome, Wire};

/// How soon every process of a host has to be gone after its arbiter was killed.
pub(crate) const GONE_WITHIN: Duration = Duration::from_secs(1);

/// What a host is started with.
#[derive(Default)]
pub(crate) struct HostBuilder {
    settings: Vec<String>,
    apps: Vec<App>,
    flags: Vec<String>,
    environment: Vec<(String, String)>,
    directory: Option<PathBuf>,
    launcher: Option<String>,
    cache: Option<PathBuf>,
    binary: Option<PathBuf>,
    config: Option<PathBuf>,
}

impl HostBuilder {
    /// Serves this app, too.
    pub(crate) fn app(mut self, app: App) -> Self {
        self.apps.push(app);
        self
    }

    /// Adds one line of TOML before the first table.
    pub(crate) fn set(mut self, line: &str) -> Self {
        self.settings.push(line.to_owned());
        self
    }

    /// Adds an argument of `dirty serve`.
    pub(crate) fn flag(mut self, flag: impl Into<String>) -> Self {
        self.flags.push(flag.into());
        self
    }

    /// Sets an environment variable of the host.
    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Uses a directory that outlives the host, so that another one can follow it there.
    pub(crate) fn directory(mut self, directory: &Path) -> Self {
        self.directory = Some(directory.to_path_buf());
        self
    }

    /// Starts the host through a shell, which runs this before it becomes the host.
    pub(crate) fn after_shell(mut self, preparation: &str) -> Self {
        self.launcher = Some(preparation.to_owned());
        self
    }

    /// Runs the program at this path, which the test may replace.
    pub(crate) fn binary(mut self, path: &Path) -> Self {
        self.binary = Some(path.to_path_buf());
        self
    }

    /// Uses a configuration of the repository's as it is, but for the socket and the place of what is
    /// compiled. What else was said of settings and apps is not heard.
    pub(crate) fn config_file(self, path: &Path) -> Self {
        HostBuilder {
            config: Some(path.to_path_buf()),
            ..self.env("XDG_CACHE_HOME", paths::compile_cache().to_string_lossy())
        }
    }

    /// Keeps compiled components in a directory of the test's own, where none is yet.
    pub(crate) fn cache_dir(mut self, cache: &Path) -> Self {
        self.cache = Some(cache.to_path_buf());
        self
    }

    fn toml(&self, socket: &Path) -> String {
        let cache = self.cache.clone().unwrap_or_else(paths::compile_cache);
        let cache = toml_string(&cache.to_string_lossy());
        let socket = toml_string(&socket.to_string_lossy());
        let settings = self.settings.join("\n");
        let apps: String = self.apps.iter().map(App::toml).collect();
        format!("socket = {socket}\ncache_dir = {cache}\n{settings}\n{apps}")
    }

    fn command(&self, config: &Path) -> Command {
        let binary = self.binary.clone().unwrap_or_else(|| paths::DIRTY.into());
        let mut command = match &self.launcher {
            None => cli::clean(Command::new(binary)),
            Some(preparation) => {
                let mut shell = cli::clean(Command::new("sh"));
                let script = format!("{preparation}; exec \"$0\" \"$@\"");
                shell.arg("-c").arg(script).arg(binary);
                shell
            }
        };
        command
            .arg("serve")
            .arg("--config")
            .arg(config)
            .args(&self.flags);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts the host and returns as soon as it runs, whether it can serve or not.
    #[track_caller]
    pub(crate) fn launch(self) -> Host {
        let scratch = paths::short_temp_dir();
        let directory = self
            .directory
            .clone()
            .unwrap_or_else(|| scratch.path().to_path_buf());
        let socket = directory.join("s");
        let mut command = match &self.config {
            Some(config) => {
                let mut command = self.command(config);
                command.arg("--socket").arg(&socket);
                command
            }
            None => {
                let config = directory.join("dirty.toml");
                write_config(&config, &self.toml(&socket));
                self.command(&config)
            }
        };
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = Lines::collect(child.stdout.take().expect("a pipe"));
        let stderr = Lines::collect(child.stderr.take().expect("a pipe"));
        Host {
            child,
            directory,
            socket,
            stdout,
            stderr,
            seen: Vec::new(),
            _scratch: scratch,
        }
    }

    /// Starts the host and waits until every app can serve.
    #[track_caller]
    pub(crate) fn start(self) -> Host {
        let mut host = self.launch();
        host.wait_ready();
        host
    }
}

/// Puts a configuration into place such that nobody reads half of it.
fn write_config(path: &Path, text: &str) {
    let unfinished = path.with_extension("unfinished");
    std::fs::write(&unfinished, text).expect("the directory is ours");
    std::fs::rename(&unfinished, path).expect("the directory is ours");
}

/// A running host.
pub(crate) struct Host {
    child: Child,
    pub(crate) directory: PathBuf,
    pub(crate) socket: PathBuf,
    pub(crate) stdout: Lines,
    pub(crate) stderr: Lines,
    /// Processes of its that were seen to run, to be found gone in the end.
    seen: Vec<Process>,
    _scratch: TempDir,
}

impl Host {
    /// A host without apps yet.
    pub(crate) fn builder() -> HostBuilder {
        HostBuilder::default()
    }

    /// Serves one app.
    #[track_caller]
    pub(crate) fn serving(app: App) -> Host {
        Host::builder().app(app).start()
    }

    /// Serves the demo app with this many workers.
    #[track_caller]
    pub(crate) fn demo(workers: u32) -> Host {
        Host::serving(App::demo().workers(workers))
    }

    /// Waits for the line `ready: …` and returns it.
    #[track_caller]
    pub(crate) fn wait_ready(&mut self) -> String {
        wait_for("the ready line", 2 * PATIENCE, || {
            let ready = self
                .stdout
                .all()
                .into_iter()
                .find(|line| line.starts_with("ready: "));
            let ended = self.child.try_wait().expect("the child is ours");
            assert!(
                ready.is_some() || ended.is_none(),
                "the host ended early, {ended:?}:\n{}",
                self.stderr.text()
            );
            ready
        })
    }

    /// Waits until somebody accepts connections, which may be before any app can serve.
    #[track_caller]
    pub(crate) fn wait_listening(&self) {
        wait_until("the host listens", PATIENCE, || {
            Wire::try_connect(&self.socket).is_ok()
        });
    }

    /// The arbiter's process.
    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a process number")
    }

    /// Every living process of the host but the arbiter.
    pub(crate) fn children(&self) -> Vec<Process> {
        processes::descendants_of(self.pid())
    }

    /// A new connection.
    #[track_caller]
    pub(crate) fn connect(&self) -> Wire {
        Wire::connect(&self.socket)
    }

    /// Makes one call on a connection of its own and waits for its end.
    #[track_caller]
    pub(crate) fn call(&self, app: &str, action: &str, args: Value) -> Outcome {
        self.connect().call(app, action, &args)
    }

    /// What the host says of itself.
    #[track_caller]
    pub(crate) fn status(&self) -> Status {
        let mut wire = self.connect();
        wire.send(r#"{"type": "status", "id": 0}"#);
        let frame = wire.read();
        assert_eq!(frame.kind(), "response", "{frame:?}");
        serde_json::from_str(frame.raw("result"))
            .unwrap_or_else(|error| panic!("{error} in {}", frame.raw("result")))
    }

    /// Starts so many calls, each on a connection of its own.
    #[track_caller]
    pub(crate) fn start_calls(
        &self,
        count: usize,
        app: &str,
        action: &str,
        args: &Value,
    ) -> Vec<Wire> {
        (0..count)
            .map(|_| {
                let mut wire = self.connect();
                wire.request("x", app, action, args);
                wire
            })
            .collect()
    }

    /// Edits the configuration: what was typed before is replaced as a whole. The host does not
    /// look at it before it is told to.
    pub(crate) fn edit(&self, changed: &HostBuilder) {
        write_config(
            &self.directory.join("dirty.toml"),
            &changed.toml(&self.socket),
        );
    }

    /// Has the host do something, and waits for the result: `message` is a control message but for
    /// its `type` and `id`.
    #[track_caller]
    pub(crate) fn control(&self, mut message: Value) -> Result<Value, Failure> {
        message["type"] = "control".into();
        message["id"] = 0.into();
        let mut wire = self.connect();
        wire.send(message.to_string());
        let frame = wire.read();
        match frame.kind().as_str() {
            "response" => Ok(frame.value("result")),
            _ => Err(frame.failure()),
        }
    }

    /// Waits until the status satisfies the condition and returns it.
    #[track_caller]
    pub(crate) fn wait_status(&self, what: &str, condition: impl Fn(&Status) -> bool) -> Status {
        wait_for(what, PATIENCE, || Some(self.status()).filter(&condition))
    }

    /// Waits until this many workers of an app are busy with a call.
    #[track_caller]
    pub(crate) fn wait_leased(&self, app: &str, count: usize) {
        let what = format!("{count} leased workers of {app}");
        self.wait_status(&what, |status| status.count(app, "leased") == count);
    }

    /// Waits until this many workers of an app have begun a call and wait in it. (One that is only
    /// leased may not have read its call yet, which then another worker can serve.)
    #[track_caller]
    pub(crate) fn wait_in_calls(&self, app: &str, count: usize) {
        let what = format!("{count} workers of {app} that wait in a call");
        self.wait_status(&what, |status| {
            let begun = |worker: &&Worker| processes::waits_in_a_call(worker.pid);
            let leased = status
                .workers_of(app)
                .filter(|worker| worker.state == "leased");
            leased.filter(begun).count() == count
        });
    }

    /// The workers of an app that can serve, once there are this many; in the order of their numbers.
    #[track_caller]
    pub(crate) fn wait_workers(&self, app: &str, count: usize) -> Vec<i32> {
        let what = format!("{count} workers of {app}");
        let status = self.wait_status(&what, |status| {
            status.count(app, "ready") + status.count(app, "leased") == count
        });
        let serving = status.workers_of(app);
        let serving = serving.filter(|worker| matches!(worker.state.as_str(), "ready" | "leased"));
        let mut pids: Vec<i32> = serving.map(|worker| worker.pid).collect();
        pids.sort_unstable();
        pids
    }

    /// The mold of an app, which is what its workers are copies of.
    #[track_caller]
    pub(crate) fn mold(&self, app: &str) -> i32 {
        let status = self.status();
        let worker = status.workers_of(app).next().expect("the app has a worker");
        processes::parent_of(worker.pid)
    }

    /// Runs `dirty` with these arguments against this host.
    #[track_caller]
    pub(crate) fn cli<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Ran {
        cli::run(
            cli::dirty()
                .args(arguments)
                .env("DIRTY_SOCKET", &self.socket),
        )
    }

    /// Sends the arbiter a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        processes::signal(self.pid(), signal);
    }

    /// Waits for the arbiter's end, and until no process of the host is left.
    #[track_caller]
    pub(crate) fn wait_exit(&mut self, deadline: Duration) -> ExitStatus {
        self.remember_children();
        let status = wait_for("the arbiter's end", deadline, || {
            self.child.try_wait().expect("the child is ours")
        });
        self.assert_nothing_left();
        status
    }

    /// Asks the host to stop and waits until it has.
    #[track_caller]
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.remember_children();
        self.signal(Signal::SIGTERM);
        self.wait_exit(PATIENCE)
    }

    /// Kills the arbiter, and returns how long the last of its processes lived on.
    #[track_caller]
    pub(crate) fn kill(&mut self) -> Duration {
        self.remember_children();
        self.signal(Signal::SIGKILL);
        let killed = Instant::now();
        let status = self.child.wait().expect("the child is ours");
        assert_eq!(status.signal(), Some(Signal::SIGKILL as i32));
        self.assert_nothing_left();
        killed.elapsed()
    }

    /// Waits for the arbiter's end alone: what it has started may be a host of its own.
    #[track_caller]
    pub(crate) fn wait_arbiter_exit(&mut self, deadline: Duration) -> ExitStatus {
        wait_for("the arbiter's end", deadline, || {
            self.child.try_wait().expect("the child is ours")
        })
    }

    fn remember_children(&mut self) {
        self.seen.extend(self.children());
    }

    #[track_caller]
    fn assert_nothing_left(&self) {
        wait_until("the end of the host's processes", GONE_WITHIN, || {
            !self.seen.iter().any(|process| process.is_alive())
        });
    }
}

impl Drop for Host {
    /// Kills the host. A test that has gone well so far fails if anything of the host lives on.
    fn drop(&mut self) {
        if std::thread::panicking() {
            // A host that was to replace this one would go on without it.
            for process in self.children() {
                processes::signal(process.pid, Signal::SIGKILL);
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
            #[allow(
                clippy::print_stderr,
                reason = "what a failing test leaves to its reader"
            )]
            {
                eprintln!("the host's log:\n{}", self.stderr.text());
            }
        } else if matches!(self.child.try_wait(), Ok(None)) {
            self.kill();
        }
    }
}
