//! Compiling in a process of its own. The compiler uses a thread per core, and a process that
//! has had such threads cannot be forked soundly.

use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use nix::unistd::Pid;
use wasmtime::Engine;

use crate::process::hop::{Failure, Stage};
use crate::process::spawn::{self, Executable, ROLE_COMPILE};
use crate::process::{child, title};
use crate::runtime::cache::{self, CacheError, Entry};

/// A report that is longer is not the compiler's.
const REPORT_BYTES_MAX: u64 = 1 << 20;

/// A component whose compiled form is wanted.
pub(super) struct Source<'a> {
    pub(super) engine: &'a Engine,
    /// The app's name.
    pub(super) app: &'a str,
    pub(super) component: &'a Path,
    pub(super) cache_dir: &'a Path,
}

impl Source<'_> {
    /// Finds the compiled component, compiling it if need be. `compiling` is called before that.
    pub(super) fn ensure_compiled(&self, compiling: impl FnOnce()) -> Result<PathBuf, Failure> {
        let entry = self.entry()?;
        if entry.compiled().is_none() {
            compiling();
            self.spawn_compiler()?;
        }
        compiled_or_changed(&entry, self.component)
    }

    /// Compiles it although it is there: what is there has turned out to be damaged.
    pub(super) fn recompile(&self) -> Result<PathBuf, Failure> {
        let entry = self.entry()?;
        entry.remove().map_err(cache_failure)?;
        self.spawn_compiler()?;
        compiled_or_changed(&entry, self.component)
    }

    fn entry(&self) -> Result<Entry, Failure> {
        cache::look_up(self.engine, self.component, self.cache_dir).map_err(cache_failure)
    }

    fn spawn_compiler(&self) -> Result<(), Failure> {
        let component = self.component.display();
        let (status, report) = run_child(self.app, self.component, self.cache_dir)
            .map_err(|error| failure(format!("cannot run the compiler: {error}"), false))?;
        if status.success() {
            return Ok(());
        }
        Err(serde_json::from_slice(&report).unwrap_or_else(|_| {
            let how = match (status.signal(), status.code()) {
                (Some(signal), _) => format!("was killed by signal {signal}"),
                (None, code) => format!("ended with exit code {}", code.unwrap_or_default()),
            };
            failure(format!("the compiler of {component} {how}"), false)
        }))
    }
}

fn compiled_or_changed(entry: &Entry, component: &Path) -> Result<PathBuf, Failure> {
    entry.compiled().map(Path::to_owned).ok_or_else(|| {
        failure(
            format!(
                "{} changed while it was being compiled",
                component.display()
            ),
            false,
        )
    })
}

fn run_child(
    app: &str,
    component: &Path,
    cache_dir: &Path,
) -> io::Result<(std::process::ExitStatus, Vec<u8>)> {
    let mut child = Executable::current()?
        .command(&format!("dirty: compile {app}"), ROLE_COMPILE)
        .arg(std::process::id().to_string())
        .args([component, cache_dir])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut report = Vec::new();
    if let Some(stdout) = child.stdout.take()
        && let Err(error) = stdout.take(REPORT_BYTES_MAX).read_to_end(&mut report)
    {
        spawn::discard(&mut child);
        return Err(error);
    }
    Ok((child.wait()?, report))
}

/// Plays the role of the compiler: arguments are the parent's process, the component and the
/// directory. A failure is printed as JSON. Returns the exit code.
pub(crate) fn run(mut args: impl Iterator<Item = std::ffi::OsString>) -> i32 {
    let parent = args.next().and_then(|arg| arg.to_str()?.parse().ok());
    let (Some(parent), Some(component), Some(cache_dir)) = (parent, args.next(), args.next())
    else {
        return 2;
    };
    if !child::bind_to_parent(Pid::from_raw(parent)).unwrap_or(false) {
        return 1;
    }
    title::set_name("dirty: compile");
    match compile(Path::new(&component), Path::new(&cache_dir)) {
        Ok(()) => 0,
        Err(failure) => {
            if let Ok(report) = serde_json::to_vec(&failure) {
                // Without a reader the exit code has to say it.
                let _ = io::stdout().write_all(&report);
            }
            1
        }
    }
}

fn compile(component: &Path, cache_dir: &Path) -> Result<(), Failure> {
    let engine = crate::runtime::engine().map_err(|error| failure(format!("{error:#}"), true))?;
    let entry = cache::look_up(&engine, component, cache_dir).map_err(cache_failure)?;
    entry.compile(&engine).map_err(cache_failure)
}

fn cache_failure(error: CacheError) -> Failure {
    failure(error.to_string(), error.is_permanent())
}

fn failure(message: String, permanent: bool) -> Failure {
    Failure {
        stage: Stage::Compiling,
        message,
        traceback: None,
        permanent,
    }
}
