//! Components of Python apps, made by the SDK's builder and kept while nothing that they are made of
//! changes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use super::cli::{Ran, clean};
use super::paths;

/// The component of the class `MODULE:CLASS` in `tests/python`; `requirements` is a file there.
pub(crate) fn python_app(class: &str, requirements: Option<&str>) -> PathBuf {
    python_app_of(
        class,
        &paths::repository().join("tests/python"),
        requirements,
    )
}

/// The same for a class whose module is in this directory.
pub(crate) fn python_app_of(class: &str, sources: &Path, requirements: Option<&str>) -> PathBuf {
    let component = directory()
        .join(place(sources))
        .join(class.replace(':', ".") + ".wasm");
    fs::create_dir_all(component.parent().expect("a directory")).expect("the directory is ours");
    // Several test binaries may want it at once.
    let lock = File::create(component.with_extension("lock")).expect("the directory is ours");
    lock.lock().expect("a lock");
    if is_current(&component, sources) {
        return component;
    }
    let mut command = builder(sources);
    command.arg(class).arg("--output").arg(&component);
    if let Some(requirements) = requirements {
        command.arg("--requirements").arg(requirements);
    }
    let built = ran(&mut command);
    assert_eq!(built.code, Some(0), "{class} was not built: {built:?}");
    component
}

/// The builder, run in a directory with an app's source; it still needs to be told what to build.
pub(crate) fn builder(app: &Path) -> Command {
    let mut command = clean(Command::new("python3"));
    command
        .args(["-B", "-m", "dirty_build", "--cache-dir"])
        .arg(directory().join("cache"))
        .env("PYTHONPATH", paths::repository().join("guest-sdk/python"))
        .current_dir(app);
    command
}

/// Runs a command to its end, which may take as long as making a component does.
pub(crate) fn ran(command: &mut Command) -> Ran {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error} (the tests need Python 3)"));
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The directory of the sources within the repository: two may have classes of the same name.
fn place(sources: &Path) -> &Path {
    sources
        .strip_prefix(paths::repository())
        .expect("the repository's sources")
}

fn directory() -> PathBuf {
    let directory = paths::target().join("python");
    fs::create_dir_all(&directory).expect("the target directory is ours");
    directory
}

/// Whether a component is newer than all that it is made of.
fn is_current(component: &Path, sources: &Path) -> bool {
    let inputs = [
        paths::repository().join("guest-sdk/python"),
        paths::repository().join("wit"),
        sources.to_path_buf(),
    ];
    let made = fs::metadata(component).and_then(|metadata| metadata.modified());
    made.is_ok_and(|made| inputs.iter().all(|input| newest(input) < made))
}

/// When the newest file in a directory was changed.
fn newest(directory: &Path) -> SystemTime {
    let entries = fs::read_dir(directory).expect("the repository's");
    let times = entries.map(|entry| {
        let path = entry.expect("the repository's").path();
        if path.is_dir() {
            return newest(&path);
        }
        let metadata = fs::metadata(&path).expect("the repository's");
        metadata.modified().expect("a file system with times")
    });
    times.max().unwrap_or(SystemTime::UNIX_EPOCH)
}
