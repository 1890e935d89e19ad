//! Shows what an app sees of its environment: `env(name)`, `read(path)`, `write(path, text)` and
//! `list(path)`. What the host does not let it do is an error of kind `IoError`.

use std::{env, fs};

use dirty_guest::{Actions, App, NoConfig, Result};
use serde::Deserialize;

struct EnvAndDirs;

dirty_guest::export!(EnvAndDirs);

#[derive(Deserialize)]
struct Name {
    name: String,
}

#[derive(Deserialize)]
struct Place {
    path: String,
}

#[derive(Deserialize)]
struct Write {
    path: String,
    text: String,
}

impl App for EnvAndDirs {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn actions(actions: &mut Actions<Self>) {
        actions
            .on("env", Self::env)
            .on("read", Self::read)
            .on("write", Self::write)
            .on("list", Self::list);
    }
}

impl EnvAndDirs {
    /// The variable's value; null where it is not set.
    fn env(&self, Name { name }: Name) -> Result<Option<String>> {
        match env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(env::VarError::NotPresent) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    fn read(&self, Place { path }: Place) -> Result<String> {
        Ok(fs::read_to_string(path)?)
    }

    fn write(&self, Write { path, text }: Write) -> Result<()> {
        Ok(fs::write(path, text)?)
    }

    /// The names in a directory, sorted.
    fn list(&self, Place { path }: Place) -> Result<Vec<String>> {
        let entries =
            fs::read_dir(path)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names = entries.collect::<Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }
}
