//! The table `build` of an app: what its component is made of. Whether that exists is not looked at
//! here, nor how it is made.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::convert;
use super::error::Problem;
use super::keys::Place;
use super::section::{Entry, Report, Section};

/// What a component is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildSettings {
    /// A package of cargo's.
    Rust {
        /// The directory that has its Cargo.toml.
        package: PathBuf,
    },
    /// A class of gunicorn's kind.
    Python(PythonSettings),
}

/// A Python class and what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonSettings {
    /// The class.
    pub class: PythonClass,
    /// The directory that has its outermost package or module.
    pub root: PathBuf,
    /// pip's list of what goes into the component with it.
    pub requirements: Option<PathBuf>,
    /// What the builder is to let pass although it cannot work in a component.
    pub allow: Vec<String>,
}

/// The place of a class: `MODULE:CLASS`, as gunicorn's `dirty_apps` has it, also with a number of
/// workers behind another colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonClass(String);

impl PythonClass {
    /// As it was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PythonClass {
    type Err = Problem;

    fn from_str(text: &str) -> Result<PythonClass, Problem> {
        let mut parts = text.split(':');
        let module = parts.next().unwrap_or_default();
        let class = parts.next().unwrap_or_default();
        let counted = match (parts.next(), parts.next()) {
            (None, _) => true,
            (Some(count), None) => count.parse().is_ok_and(|count: u32| count > 0),
            (Some(_), Some(_)) => false,
        };
        if counted && module.split('.').all(is_identifier) && is_identifier(class) {
            Ok(PythonClass(text.to_owned()))
        } else {
            Err(Problem::NotAPythonClass(text.to_owned()))
        }
    }
}

/// Nearly what Python calls one; the builder decides.
fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    first && chars.all(|c| c.is_alphanumeric() || c == '_')
}

/// Reads the table, if `app` has it. `directory` is where the file lies.
pub(super) fn read(
    app: &Section<'_>,
    entry: &Entry<'_>,
    directory: &Path,
    report: &mut Report<'_>,
) -> Option<BuildSettings> {
    let build = app.enter(
        report,
        entry,
        "a table like { rust = \".\" } or { python = \"app:Greeter\" }",
    )?;
    build.reject_unknown(report, Place::Build);
    if build.has("rust") == build.has("python") {
        let problem = if build.has("rust") {
            Problem::Ambiguous("rust", "python")
        } else {
            let hint =
                "name the directory of a cargo package, or a class: python = \"app:Greeter\"";
            Problem::Missing("rust", hint)
        };
        app.reject_key(report, entry, problem);
    }
    if build.has("rust") {
        for entry in build.entries() {
            if PYTHON_ONLY.contains(&entry.name()) {
                build.reject_key(report, &entry, Problem::OnlyWith("python"));
            }
        }
        let package = build.read(report, "rust", convert::path)?;
        return Some(BuildSettings::Rust {
            package: directory.join(package),
        });
    }
    let root = build.read(report, "root", convert::path);
    let requirements = build.read(report, "requirements", convert::path);
    let allow = build.read(report, "allow", convert::texts);
    let class = build.read(report, "python", convert::python_class)?;
    Some(BuildSettings::Python(PythonSettings {
        class,
        root: directory.join(root.unwrap_or_else(|| PathBuf::from("."))),
        requirements: requirements.map(|file| directory.join(file)),
        allow: allow.unwrap_or_default(),
    }))
}

/// Keys that say something of a class.
const PYTHON_ONLY: [&str; 3] = ["root", "requirements", "allow"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_classes() {
        for text in [
            "app:Greeter",
            "shop.images:Thumbnails",
            "größe:Ä_1",
            "a:B:4",
        ] {
            assert!(text.parse::<PythonClass>().is_ok(), "{text}");
        }
        for text in [
            "", "app", ":Greeter", "app:", ".", "./app:A", "a..b:C", "1a:B", "a:B:0", "a:B:x",
            "a:B:1:2", "a b:C", "/x/y:Z",
        ] {
            assert!(text.parse::<PythonClass>().is_err(), "{text}");
        }
    }
}
