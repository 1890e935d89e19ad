//! `dirty build`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::config_file;
use super::failure::Failure;
use super::output;
use super::serve::cores;
use super::status::size;
use crate::config::{BuildSettings, Overrides, PythonClass, PythonSettings, Settings};
use crate::develop::{Built, Job, Profile};
use crate::process::environment;

const EXAMPLES: &str = "\
Examples:
  dirty build                                    what ./dirty.toml says, or the package here
  dirty build apps/thumbnails
  dirty build --debug                            a Rust package, with debug information
  dirty build shop.images:Thumbnails -o thumbnails.wasm
  dirty build app:App -o app.wasm --requirements requirements.txt

In a directory whose dirty.toml has apps with `build`, these are built, each into its `component`. Else a
directory with a Cargo.toml is a Rust package, whose component is put beside that. MODULE:CLASS is a class
of gunicorn's kind, in modules below --root. What is built is checked and compiled before it replaces what
was there; `dirty inspect` shows more of it.

Rust takes cargo and the target wasm32-wasip2, Python takes python3 (3.10 or later, with venv), and for the
first build PyPI.";

/// The arguments of `dirty build`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct BuildArgs {
    /// A project's directory, or a Python class
    #[arg(value_name = "PATH|MODULE:CLASS", default_value = ".")]
    project: PathBuf,
    /// Where to put the component [default: what dirty.toml says; beside Cargo.toml]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Build a Rust package with cargo's profile `dev` instead of `release`
    #[arg(long)]
    debug: bool,
    /// Where the modules of MODULE:CLASS are [default: here]
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// pip's list of what MODULE:CLASS needs in its component, all of it pure Python
    #[arg(long, short, value_name = "FILE")]
    requirements: Option<PathBuf>,
    /// Build MODULE:CLASS although this cannot work in a component; may be repeated
    #[arg(long, value_name = "NAME")]
    allow: Vec<String>,
}

/// Something to build, and where to put it.
type Wanted = (BuildSettings, Option<PathBuf>);

impl BuildArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        let profile = match self.debug {
            true => Profile::Debug,
            false => Profile::Release,
        };
        let (wanted, cache_dir) = self.wanted()?;
        for (source, output) in &wanted {
            let job = Job {
                source,
                output: output.as_deref(),
                profile,
                cache_dir: &cache_dir,
            };
            let built = job.run(&output::error)?;
            output::line(&summary(&built))?;
        }
        Ok(())
    }

    fn wanted(self) -> Result<(Vec<Wanted>, PathBuf), Failure> {
        let class = self.project.to_str().and_then(|text| text.parse().ok());
        if let Some(class) = class.filter(|_| !self.project.exists()) {
            return Ok((vec![self.wanted_class(class)], cache_dir(None)?));
        }
        self.refuse_what_is_for_a_class()?;
        let (mut wanted, configured) = configured(&self.project)?;
        if wanted.is_empty() && self.project.join("Cargo.toml").exists() {
            let package = self.project.clone();
            wanted.push((BuildSettings::Rust { package }, None));
        }
        match (wanted.as_mut_slice(), self.output) {
            ([], _) => return Err(Failure::NothingToBuild(self.project)),
            ([(_, place)], Some(output)) => *place = Some(output),
            (several, Some(_)) => return Err(Failure::OneOutput(several.len())),
            (_, None) => {}
        }
        Ok((wanted, cache_dir(configured.as_deref())?))
    }

    fn wanted_class(self, class: PythonClass) -> Wanted {
        let source = PythonSettings {
            class,
            root: self.root.unwrap_or_else(|| PathBuf::from(".")),
            requirements: self.requirements,
            allow: self.allow,
        };
        (BuildSettings::Python(source), self.output)
    }

    fn refuse_what_is_for_a_class(&self) -> Result<(), Failure> {
        for (typed, flag) in [
            (self.root.is_some(), "--root"),
            (self.requirements.is_some(), "--requirements"),
            (!self.allow.is_empty(), "--allow"),
        ] {
            if typed {
                return Err(Failure::OnlyForClass(flag));
            }
        }
        Ok(())
    }
}

/// What the configuration in this directory says, if there is one: the apps that can be built, and the
/// directory of compiled components.
fn configured(directory: &Path) -> Result<(Vec<Wanted>, Option<PathBuf>), Failure> {
    let path = match directory == "." {
        // Paths in messages are shorter without.
        true => PathBuf::from(config_file::DEFAULT),
        false => directory.join(config_file::DEFAULT),
    };
    if !path.exists() {
        return Ok((Vec::new(), None));
    }
    let file = config_file::load(Some(&path))?.map(|loaded| loaded.file);
    let settings = Settings::resolve(file, Overrides::default(), cores())?;
    let apps = settings.apps.into_iter();
    let wanted = apps.filter_map(|app| Some((app.build?, Some(app.component))));
    Ok((wanted.collect(), settings.cache_dir))
}

/// Where what is made once is kept.
pub(super) fn cache_dir(configured: Option<&Path>) -> Result<PathBuf, Failure> {
    environment::cache_dir(configured).ok_or(Failure::NoCacheDir)
}

/// What was built, in a line.
pub(super) fn summary(built: &Built) -> String {
    let actions = built.inspection.description.as_ref();
    let actions: Vec<_> = actions
        .map(|described| described.actions.iter())
        .into_iter()
        .flatten()
        .map(|action| action.name.as_str())
        .collect();
    let actions = match actions.is_empty() {
        true => String::new(),
        false => format!(", actions: {}", actions.join(", ")),
    };
    let size = size_and_bytes(built.bytes);
    output::on_one_line(&format!("{}: {size}{actions}", built.component.display()))
}

/// A size for people, and to the byte.
pub(super) fn size_and_bytes(bytes: u64) -> String {
    format!("{} ({bytes} bytes)", size(bytes))
}
