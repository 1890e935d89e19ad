//! Components of Rust packages: runs cargo, and finds what it has made.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::builder::{BuildError, Progress};
use super::sdk;

const TARGET: &str = "wasm32-wasip2";
const CARGO: &str = "cargo";
const RUSTC: &str = "rustc";
const GET_RUST: &str = "https://rustup.rs installs Rust";
const MANIFEST: &str = "Cargo.toml";
const COMPONENT_KIND: &str = "cdylib";
const COMPONENT_EXTENSION: &str = "wasm";

/// How a package is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// cargo's `release`: small and fast.
    Release,
    /// cargo's `dev`: soon built, with debug information.
    Debug,
}

/// What cargo tells of each thing that it has made; of its other messages `reason` alone.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    target: Option<Target>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

/// Builds the package in this directory, and returns its component.
pub(super) fn build(
    package: &Path,
    profile: Profile,
    say: Progress<'_>,
) -> Result<PathBuf, BuildError> {
    let failed = |_| BuildError::NoSource(package.join(MANIFEST));
    let package = package.canonicalize().map_err(failed)?;
    let manifest = package.join(MANIFEST);
    let text = std::fs::read_to_string(&manifest).map_err(failed)?;
    if wants_vendored_sdk(&text) {
        sdk::vendor_rust(&package)?;
    }
    check_target(&package)?;
    say(&format!("building {} with cargo", package.display()));
    let made = run_cargo(&package, profile)?;
    let own = made.iter().find(|(from, _)| *from == manifest);
    match (own, made.as_slice()) {
        (Some((_, component)), _) | (None, [(_, component)]) => Ok(component.clone()),
        (None, []) => Err(BuildError::NoComponent(package)),
        (None, _) => Err(BuildError::SeveralComponents(package)),
    }
}

/// Whether the package depends on the SDK that `dirty new` puts into it. What is wrong with a manifest
/// is for cargo to say.
fn wants_vendored_sdk(manifest: &str) -> bool {
    let manifest: toml::Table = manifest.parse().unwrap_or_default();
    let path = manifest
        .get("dependencies")
        .and_then(|dependencies| dependencies.get("dirty-guest"))
        .and_then(|dependency| dependency.get("path"));
    path.and_then(toml::Value::as_str) == Some(sdk::VENDORED_CRATE)
}

/// Finds out whether the compiler that cargo will use can build for the target. A package may choose
/// its compiler, hence the directory.
fn check_target(package: &Path) -> Result<(), BuildError> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| OsString::from(RUSTC));
    let printed = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(package)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| cannot_run(RUSTC, source))?;
    if !printed.status.success() {
        return Err(BuildError::Failed { program: RUSTC });
    }
    let directory = String::from_utf8_lossy(&printed.stdout)
        .trim_end()
        .to_owned();
    let mut files = std::fs::read_dir(directory).into_iter().flatten().flatten();
    if files.any(|file| file.file_name().as_encoded_bytes().starts_with(b"libstd-")) {
        return Ok(());
    }
    let rustup = Command::new("rustup")
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    Err(BuildError::NoTarget {
        target: TARGET,
        help: match rustup {
            Ok(_) => "run `rustup target add wasm32-wasip2`",
            Err(_) => {
                "install Rust with rustup (https://rustup.rs), then run \
                 `rustup target add wasm32-wasip2`"
            }
        },
    })
}

/// Each component that cargo has made of what is in the directory, with its package's manifest.
fn run_cargo(package: &Path, profile: Profile) -> Result<Vec<(PathBuf, PathBuf)>, BuildError> {
    let mut command = Command::new(CARGO);
    command
        .args(["build", "--lib", "--target", TARGET])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(package)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    if profile == Profile::Release {
        command.arg("--release");
    }
    let mut cargo = command
        .spawn()
        .map_err(|source| cannot_run(CARGO, source))?;
    let mut made = Vec::new();
    if let Some(stdout) = cargo.stdout.take() {
        // A line that is no message is a build script's, or not for us.
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            made.extend(
                serde_json::from_str(&line)
                    .ok()
                    .and_then(|it| component_of(it, package)),
            );
        }
    }
    let status = cargo.wait().map_err(|source| cannot_run(CARGO, source))?;
    if status.success() {
        Ok(made)
    } else {
        Err(BuildError::Failed { program: CARGO })
    }
}

/// The manifest and the component that a message tells of, if it is about one that is made of what
/// lies in `package`.
fn component_of(message: Message, package: &Path) -> Option<(PathBuf, PathBuf)> {
    let is_component = message.reason == "compiler-artifact"
        && message.manifest_path.starts_with(package)
        && message
            .target?
            .kind
            .iter()
            .any(|kind| kind == COMPONENT_KIND);
    let file = message.filenames.into_iter().find(|file| {
        file.extension()
            .is_some_and(|extension| extension == COMPONENT_EXTENSION)
    });
    is_component.then_some((message.manifest_path, file?))
}

fn cannot_run(program: &'static str, source: io::Error) -> BuildError {
    match source.kind() {
        io::ErrorKind::NotFound => BuildError::NoProgram {
            program,
            help: GET_RUST,
        },
        _ => BuildError::Run { program, source },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_sdk_is_put_where_a_project_of_dirty_new_wants_it_and_nowhere_else() {
        for (manifest, wanted) in [
            (
                r#"dirty-guest = { path = "vendor/dirty/guest-sdk/rust" }"#,
                true,
            ),
            (
                r#"dirty-guest = { path = "../dirty/guest-sdk/rust" }"#,
                false,
            ),
            (r#"dirty-guest = "1""#, false),
            ("= no TOML", false),
        ] {
            let manifest = format!("[dependencies]\n{manifest}");
            assert_eq!(wants_vendored_sdk(&manifest), wanted, "{manifest}");
        }
    }

    #[test]
    fn components_are_told_from_all_else_that_cargo_makes() {
        let found = |text: &str| component_of(serde_json::from_str(text).unwrap(), "/p".as_ref());
        let artifact = |manifest: &str, kind: &str| {
            format!(
                r#"{{"reason": "compiler-artifact", "manifest_path": "{manifest}",
                    "target": {{"kind": ["{kind}"], "name": "x"}},
                    "filenames": ["/t/libx.rlib", "/t/x.wasm"]}}"#
            )
        };
        let own = found(&artifact("/p/Cargo.toml", "cdylib"));
        assert_eq!(own, Some(("/p/Cargo.toml".into(), "/t/x.wasm".into())));
        assert_eq!(found(&artifact("/p/Cargo.toml", "lib")), None);
        assert_eq!(found(&artifact("/q/Cargo.toml", "cdylib")), None);
        assert_eq!(
            found(r#"{"reason": "build-finished", "success": true}"#),
            None
        );
    }
}
