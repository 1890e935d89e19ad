//! Components of Python classes: runs the builder of the Python SDK, which says itself what it does
//! and what is wrong.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::builder::BuildError;
use super::inspection::InspectError;
use super::sdk;
use crate::config::PythonSettings;
use crate::runtime::cache;

const PYTHON: &str = "python3";
const GET_PYTHON: &str =
    "install Python 3.10 or later, with venv (Debian, Ubuntu: apt install python3-venv)";

/// Where the builder keeps its tools, in the cache.
const TOOLS: &str = "python";

/// Makes `component` of the class.
pub(super) fn build(
    source: &PythonSettings,
    component: &Path,
    cache_dir: &Path,
) -> Result<(), BuildError> {
    // The builder runs elsewhere, so that no module of the app's stands in for one of its own.
    let root = absolute(&source.root)?;
    // Else the builder would make it, and let others in.
    cache::own_directory(cache_dir).map_err(InspectError::from)?;
    let sdk = sdk::python(cache_dir)?;
    let mut command = Command::new(PYTHON);
    command
        .args(["-B", "-m", "dirty_build", source.class.as_str()])
        .arg("--output")
        .arg(component)
        .arg("--root")
        .arg(root)
        .arg("--cache-dir")
        .arg(cache_dir.join(TOOLS))
        .current_dir(&sdk)
        .env("PYTHONPATH", &sdk)
        // What it leaves if it is killed goes with the component.
        .env("TMPDIR", component.parent().unwrap_or(component))
        .stdin(Stdio::null())
        // It says there, for programs, what is known here.
        .stdout(Stdio::null());
    if let Some(requirements) = &source.requirements {
        command.arg("--requirements").arg(absolute(requirements)?);
    }
    for name in &source.allow {
        command.arg("--allow").arg(name);
    }
    let status = command.status().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => BuildError::NoProgram {
            program: PYTHON,
            help: GET_PYTHON,
        },
        _ => BuildError::Run {
            program: PYTHON,
            source,
        },
    })?;
    if status.success() {
        Ok(())
    } else {
        Err(BuildError::Failed {
            program: "the builder of Python components",
        })
    }
}

fn absolute(path: &Path) -> Result<PathBuf, BuildError> {
    let found = path.canonicalize();
    found.map_err(|_| BuildError::NoSource(path.to_owned()))
}
