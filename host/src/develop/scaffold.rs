//! New projects. The templates are projects called `greeter`, which work as they are; a new one has
//! another name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::sdk::{self, SdkError};

/// What an app is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Language {
    /// A cargo package
    Rust,
    /// A class of gunicorn's kind
    Python,
}

/// A template's file: its path, and its text.
type File = (&'static str, &'static str);

const RUST: [File; 5] = [
    (
        "src/lib.rs",
        include_str!("../../templates/rust/src/lib.rs"),
    ),
    (
        "Cargo.toml",
        include_str!("../../templates/rust/Cargo.toml"),
    ),
    (
        "dirty.toml",
        include_str!("../../templates/rust/dirty.toml"),
    ),
    ("README.md", include_str!("../../templates/rust/README.md")),
    // Without the dot it does not hide files of the template's own.
    (".gitignore", include_str!("../../templates/rust/gitignore")),
];

const PYTHON: [File; 7] = [
    ("app.py", include_str!("../../templates/python/app.py")),
    (
        "test_app.py",
        include_str!("../../templates/python/test_app.py"),
    ),
    (
        "requirements.txt",
        include_str!("../../templates/python/requirements.txt"),
    ),
    (
        "requirements-dev.txt",
        include_str!("../../templates/python/requirements-dev.txt"),
    ),
    (
        "dirty.toml",
        include_str!("../../templates/python/dirty.toml"),
    ),
    (
        "README.md",
        include_str!("../../templates/python/README.md"),
    ),
    (
        ".gitignore",
        include_str!("../../templates/python/gitignore"),
    ),
];

/// The templates' name, and that of the type in them.
const TEMPLATE_NAME: &str = "greeter";
const TEMPLATE_TYPE: &str = "Greeter";

const NAME_BYTES_MAX: usize = 64;

/// Names that crates or modules cannot have, or that stand for something else.
const RESERVED: [&str; 77] = [
    "abstract",
    "alloc",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "become",
    "box",
    "break",
    "class",
    "const",
    "continue",
    "core",
    "crate",
    "def",
    "del",
    "deps",
    "dirty-guest",
    "dirty_guest",
    "do",
    "dyn",
    "elif",
    "else",
    "enum",
    "except",
    "extern",
    "final",
    "finally",
    "fn",
    "for",
    "from",
    "gen",
    "global",
    "gunicorn",
    "if",
    "impl",
    "import",
    "in",
    "is",
    "lambda",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "nonlocal",
    "not",
    "or",
    "override",
    "pass",
    "priv",
    "pub",
    "raise",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "try",
    "type",
    "typeof",
    "union",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "with",
    "yield",
];

/// What a project can be called, in either language: a crate's name, from which that of a type is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProjectName(String);

/// Why a project cannot be called so.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NameError {
    /// Other characters.
    #[error(
        "a project's name has small letters, digits, `-` and `_`, and begins with a letter: not {0:?}"
    )]
    Characters(String),
    /// Too many of them.
    #[error("a project's name has at most {NAME_BYTES_MAX} characters")]
    TooLong,
    /// A word of a language, or a crate's.
    #[error("`{0}` means something else in Rust or Python: choose another name")]
    Reserved(String),
}

impl FromStr for ProjectName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<ProjectName, NameError> {
        let usable = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(usable) {
            Err(NameError::Characters(name.to_owned()))
        } else if name.len() > NAME_BYTES_MAX {
            Err(NameError::TooLong)
        } else if RESERVED.contains(&name) {
            Err(NameError::Reserved(name.to_owned()))
        } else {
            Ok(ProjectName(name.to_owned()))
        }
    }
}

impl ProjectName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// That of a type or a class.
    fn type_name(&self) -> String {
        let words = self.0.split(['-', '_']);
        let capital = |word: &str| {
            let mut chars = word.chars();
            let first = chars.next().map(|c| c.to_ascii_uppercase());
            first.into_iter().chain(chars).collect::<String>()
        };
        words.map(capital).collect()
    }
}

/// Why there is no new project.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScaffoldError {
    /// Something is there.
    #[error("{} exists: choose another name, or remove it", .0.display())]
    Exists(PathBuf),
    /// It cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The SDK cannot be written.
    #[error(transparent)]
    Sdk(#[from] SdkError),
}

/// Makes the project in `directory`, which does not exist yet. Returns the files that are there to be
/// edited.
pub(crate) fn scaffold(
    directory: &Path,
    name: &ProjectName,
    language: Language,
) -> Result<Vec<&'static str>, ScaffoldError> {
    let failed = |path: &Path, source| ScaffoldError::Write {
        path: path.to_owned(),
        source,
    };
    match fs::create_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(ScaffoldError::Exists(directory.to_owned()));
        }
        made => made.map_err(|source| failed(directory, source))?,
    }
    let template = match language {
        Language::Rust => RUST.as_slice(),
        Language::Python => &PYTHON,
    };
    for (file, text) in template {
        let path = directory.join(file);
        let parent = path.parent().unwrap_or(directory);
        let text = personal(text, name);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, text))
            .map_err(|source| failed(&path, source))?;
    }
    if language == Language::Rust {
        sdk::vendor_rust(directory)?;
    }
    Ok(template.iter().map(|(file, _)| *file).collect())
}

fn personal(text: &str, name: &ProjectName) -> String {
    text.replace(TEMPLATE_NAME, name.as_str())
        .replace(TEMPLATE_TYPE, &name.type_name())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names() {
        for (name, type_name) in [
            ("greeter", "Greeter"),
            ("my-app", "MyApp"),
            ("a_2b-c", "A2bC"),
            ("x", "X"),
        ] {
            let name: ProjectName = name.parse().unwrap();
            assert_eq!(name.type_name(), type_name);
        }
        for name in [
            "", "Greeter", "2nd", "-x", "_x", "a b", "größe", "a.b", "../a", "a/b",
        ] {
            assert!(
                matches!(name.parse::<ProjectName>(), Err(NameError::Characters(_))),
                "{name}"
            );
        }
        for name in ["fn", "class", "test", "std", "dirty-guest", "yield", "with"] {
            assert!(
                matches!(name.parse::<ProjectName>(), Err(NameError::Reserved(_))),
                "{name}"
            );
        }
        assert_eq!(
            "x".repeat(65).parse::<ProjectName>(),
            Err(NameError::TooLong)
        );
    }

    #[test]
    fn a_project_has_its_own_name_everywhere() {
        let place = tempfile::tempdir().unwrap();
        for language in [Language::Rust, Language::Python] {
            let directory = place.path().join(format!("{language:?}"));
            let name: ProjectName = "my-app".parse().unwrap();
            for file in scaffold(&directory, &name, language).unwrap() {
                let text = fs::read_to_string(directory.join(file)).unwrap();
                assert!(
                    !text.to_lowercase().contains(TEMPLATE_NAME),
                    "{file}: {text}"
                );
            }
            let text = fs::read_to_string(directory.join("dirty.toml")).unwrap();
            let file = crate::config::ParsedFile::parse(&text, "dirty.toml");
            assert!(file.is_ok(), "{file:?}");
        }
    }

    #[test]
    fn nothing_is_written_over() {
        let place = tempfile::tempdir().unwrap();
        let name: ProjectName = "my-app".parse().unwrap();
        let error = scaffold(place.path(), &name, Language::Rust).unwrap_err();
        assert!(matches!(error, ScaffoldError::Exists(_)));
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
        let nowhere = place.path().join("no/such/place");
        let error = scaffold(&nowhere, &name, Language::Rust).unwrap_err();
        assert!(matches!(error, ScaffoldError::Write { .. }));
    }
}
