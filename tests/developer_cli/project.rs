//! A project that `dirty new` has made, in a directory of its own, and what the tests of all of them
//! share: cargo's target directory, and Python's tools.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::harness::cli::{Ran, Running, clean, dirty};
use crate::harness::python_apps;
use crate::harness::{PATIENCE, demo_wasm, paths, wait_until};

pub(crate) const NAME: &str = "greeter";

pub(crate) struct Project {
    place: TempDir,
}

impl Project {
    /// `dirty new greeter`.
    #[track_caller]
    pub(crate) fn new(language: &str) -> Project {
        let place = paths::short_temp_dir();
        let mut command = dirty();
        command
            .args(["new", NAME, "--lang", language])
            .current_dir(place.path());
        let printed = ran(&mut command).success();
        for step in ["cd greeter", "dirty build", "dirty call greeter greet Ada"] {
            assert!(printed.contains(step), "{printed}");
        }
        Project { place }
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.place.path().join(NAME).join(file)
    }

    /// `dirty` in the project's directory.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = with_tools(dirty());
        command.args(arguments).current_dir(self.path(""));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ran(&mut self.command(arguments))
    }

    /// Another program there.
    pub(crate) fn program(&self, program: &Path) -> Command {
        let mut command = with_tools(clean(Command::new(program)));
        command.current_dir(self.path(""));
        command
    }

    /// Replaces text in a file, as somebody who edits it does.
    #[track_caller]
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.path(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    /// `dirty serve --watch`, once it is ready.
    #[track_caller]
    pub(crate) fn watch(&self) -> Watching<'_> {
        let host = Running::start(&mut self.command(&["serve", "--watch"]));
        let watching = Watching {
            host,
            project: self,
        };
        watching.wait("ready: greeter on ", &watching.host.stdout);
        watching
    }
}

/// A host that builds and reloads what is saved.
pub(crate) struct Watching<'p> {
    pub(crate) host: Running,
    project: &'p Project,
}

impl Watching<'_> {
    /// What `greet` answers.
    #[track_caller]
    pub(crate) fn greets(&self) -> String {
        let called = self.project.run(&["call", NAME, "greet", "Ada"]);
        called.success()
    }

    /// Waits for a line with this on standard output, which tells of reloads.
    #[track_caller]
    pub(crate) fn wait_for_outcome(&self, line: &str) {
        self.wait(line, &self.host.stdout);
    }

    /// Waits for a line with this on standard error, which tells of builds.
    #[track_caller]
    pub(crate) fn wait_for_complaint(&self, line: &str) {
        self.wait(line, &self.host.stderr);
    }

    #[track_caller]
    fn wait(&self, line: &str, lines: &crate::harness::lines::Lines) {
        // A compiler has to run, and other tests do, too.
        wait_until(line, 5 * PATIENCE, || lines.count_of(line) > 0);
    }

    /// Stops the host, which stops all that it has started.
    #[track_caller]
    pub(crate) fn stop(mut self) {
        let started = crate::harness::processes::descendants_of(self.host.pid());
        assert!(!started.is_empty());
        self.host.signal(Signal::SIGTERM);
        assert_eq!(self.host.wait(), Some(0));
        wait_until("the end of all processes", PATIENCE, || {
            !started.iter().any(|process| process.is_alive())
        });
    }
}

/// Runs a command to its end, which may take as long as compilers do; without the last end of line.
pub(crate) fn ran(command: &mut Command) -> Ran {
    let ran = python_apps::ran(command);
    Ran {
        stdout: ran.stdout.trim_end().to_owned(),
        ..ran
    }
}

/// Gives a command the caches that all projects share.
pub(crate) fn with_tools(mut command: Command) -> Command {
    let shared = shared();
    command
        .env("XDG_CACHE_HOME", &shared)
        .env("CARGO_TARGET_DIR", shared.join("target"));
    // Where the target cannot be downloaded, `scripts/build-guests` has made a compiler that has it.
    demo_wasm();
    let compiler = paths::repository().join("target/guests/sysroot/bin/rustc");
    if compiler.exists() {
        command.env("RUSTC", compiler);
    }
    command
}

/// The directory of these caches. What Python needs is shared with the tests of its SDK.
fn shared() -> PathBuf {
    let shared = paths::target().join("developer");
    let cache = shared.join("dirty");
    fs::create_dir_all(&shared).unwrap();
    let lock = File::create(shared.join("lock")).unwrap();
    lock.lock().unwrap();
    if !cache.exists() {
        let tools = paths::target().join("python/cache");
        fs::create_dir_all(&tools).unwrap();
        let unfinished = shared.join("unfinished");
        let _ = fs::remove_dir_all(&unfinished);
        fs::create_dir(&unfinished).unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(&unfinished, private).unwrap();
        symlink(tools, unfinished.join("python")).unwrap();
        fs::rename(unfinished, cache).unwrap();
    }
    shared
}
