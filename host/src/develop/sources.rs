//! The files that a component is made of, as they are now: what has changed is found by comparing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::config::BuildSettings;

/// Directories that hold what is made or installed, not written.
const NOT_WRITTEN: [&str; 3] = ["target", "__pycache__", "node_modules"];
/// What a Python environment has.
const ENVIRONMENT_MARK: &str = "pyvenv.cfg";

/// Tells versions of a file apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    inode: u64,
}

impl Stamp {
    /// That of a file, if it is there.
    pub(crate) fn of(path: &Path) -> Option<Stamp> {
        fs::metadata(path).ok().as_ref().map(Stamp::read)
    }

    fn read(metadata: &Metadata) -> Stamp {
        Stamp {
            modified: metadata.modified().ok(),
            bytes: metadata.size(),
            inode: metadata.ino(),
        }
    }
}

/// The files, and the directories in which there may be more of them.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    files: BTreeMap<PathBuf, Stamp>,
    directories: BTreeSet<PathBuf>,
}

impl Sources {
    /// Looks at what is there. Nothing hidden counts, nor what tools have made; of a cargo package its
    /// manifest, its build script and all in `src`; of a Python project every module, and the list of
    /// requirements.
    pub(crate) fn scan(of: &BuildSettings) -> Sources {
        let mut sources = Sources::default();
        match of {
            BuildSettings::Rust { package } => {
                sources.directories.insert(package.clone());
                for file in ["Cargo.toml", "build.rs"] {
                    sources.add(package.join(file));
                }
                sources.walk(&package.join("src"), &|_| true);
            }
            BuildSettings::Python(source) => {
                let is_module = |path: &Path| path.extension().is_some_and(|it| it == "py");
                sources.walk(&source.root, &is_module);
                if let Some(requirements) = &source.requirements {
                    sources
                        .directories
                        .extend(requirements.parent().map(Path::to_owned));
                    sources.add(requirements.clone());
                }
            }
        }
        sources
    }

    /// The directories to look after.
    pub(crate) fn directories(&self) -> impl Iterator<Item = &Path> {
        self.directories.iter().map(PathBuf::as_path)
    }

    /// Whether these files differ from those, and if so, one that does.
    pub(crate) fn changed_since(&self, before: &Sources) -> Option<&Path> {
        let differs = |(path, stamp): &(&PathBuf, &Stamp)| before.files.get(*path) != Some(stamp);
        let gone = || {
            before
                .files
                .keys()
                .find(|path| !self.files.contains_key(*path))
        };
        let changed = self.files.iter().find(differs).map(|(path, _)| path);
        // What is gone is named by a path of `before`, whose parent has changed in our eyes.
        changed
            .map(PathBuf::as_path)
            .or_else(|| gone().and_then(|path| self.directory_of(path)))
    }

    /// Whether the component is older than what it is made of, or not there.
    pub(crate) fn are_newer_than(&self, component: Option<Stamp>) -> bool {
        let made = component.and_then(|stamp| stamp.modified);
        let newest = self.files.values().filter_map(|stamp| stamp.modified).max();
        match (made, newest) {
            (Some(made), Some(newest)) => newest > made,
            (None, _) => true,
            (_, None) => false,
        }
    }

    fn directory_of(&self, gone: &Path) -> Option<&Path> {
        let mut above = gone.ancestors().skip(1);
        above.find_map(|path| self.directories.get(path).map(PathBuf::as_path))
    }

    fn add(&mut self, path: PathBuf) {
        if let Some(stamp) = Stamp::of(&path) {
            self.files.insert(path, stamp);
        }
    }

    fn walk(&mut self, directory: &Path, wanted: &dyn Fn(&Path) -> bool) {
        self.directories.insert(directory.to_owned());
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            // No link to a directory is followed: it may lead back here.
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if name.starts_with(['.', '#']) || name.ends_with('~') {
                continue;
            }
            if !is_directory {
                if wanted(&path) {
                    self.add(path);
                }
            } else if !NOT_WRITTEN.contains(&&*name) && !path.join(ENVIRONMENT_MARK).exists() {
                self.walk(&path, wanted);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::PythonSettings;

    fn write(root: &Path, files: &[&str]) {
        for file in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
    }

    fn names(sources: &Sources, root: &Path) -> Vec<String> {
        let below = |path: &PathBuf| path.strip_prefix(root).unwrap().display().to_string();
        sources.files.keys().map(below).collect()
    }

    #[test]
    fn of_a_package_the_source_counts() {
        let root = tempfile::tempdir().unwrap();
        write(
            root.path(),
            &[
                "Cargo.toml",
                "Cargo.lock",
                "app.wasm",
                "README.md",
                "src/lib.rs",
                "src/a/b.txt",
                "src/.lib.rs.swp",
                "src/lib.rs~",
                "target/x.rs",
                "vendor/dirty/Cargo.toml",
            ],
        );
        let package = root.path().to_owned();
        let sources = Sources::scan(&BuildSettings::Rust { package });
        assert_eq!(
            names(&sources, root.path()),
            ["Cargo.toml", "src/a/b.txt", "src/lib.rs"]
        );
        assert_eq!(sources.directories().count(), 3);
    }

    fn python(root: &Path) -> BuildSettings {
        BuildSettings::Python(PythonSettings {
            class: "app:A".parse().unwrap(),
            root: root.to_owned(),
            requirements: Some(root.join("requirements.txt")),
            allow: Vec::new(),
        })
    }

    #[test]
    fn of_a_python_project_modules_and_requirements_count() {
        let root = tempfile::tempdir().unwrap();
        write(
            root.path(),
            &[
                "app.py",
                "app.wasm",
                "requirements.txt",
                "shop/__init__.py",
                "shop/data.csv",
                "shop/__pycache__/x.py",
                ".venv/a.py",
                "env/pyvenv.cfg",
                "env/a.py",
            ],
        );
        let sources = Sources::scan(&python(root.path()));
        assert_eq!(
            names(&sources, root.path()),
            ["app.py", "requirements.txt", "shop/__init__.py"]
        );
    }

    #[test]
    fn what_is_written_made_or_removed_is_a_change() {
        let root = tempfile::tempdir().unwrap();
        let scan = || Sources::scan(&python(root.path()));
        write(root.path(), &["app.py", "b/c.py"]);
        let before = scan();
        assert_eq!(scan().changed_since(&before), None);
        fs::write(root.path().join("app.py"), "something else").unwrap();
        let changed = scan();
        let path = changed.changed_since(&before).unwrap();
        assert_eq!(path, root.path().join("app.py"));
        write(root.path(), &["b/d.py"]);
        let more = scan();
        let path = more.changed_since(&changed).unwrap();
        assert_eq!(path, root.path().join("b/d.py"));
        fs::remove_dir_all(root.path().join("b")).unwrap();
        let fewer = scan();
        assert_eq!(fewer.changed_since(&more), Some(root.path()));
    }

    #[test]
    fn a_component_is_stale_when_it_is_missing_or_older() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &["app.py", "app.wasm"]);
        let component = root.path().join("app.wasm");
        let set = |name: &str, seconds: u64| {
            let file = fs::File::options()
                .write(true)
                .open(root.path().join(name))
                .unwrap();
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            file.set_modified(time).unwrap();
        };
        let stale = || Sources::scan(&python(root.path())).are_newer_than(Stamp::of(&component));
        set("app.py", 1000);
        set("app.wasm", 1001);
        assert!(!stale());
        set("app.py", 1002);
        assert!(stale());
        fs::remove_file(&component).unwrap();
        assert!(stale());
    }
}
