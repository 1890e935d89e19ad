//! Where a call's result and chunks go: to standard output as JSON or, if they are to be bytes, as they
//! are to a file.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use serde_json::value::RawValue;

use super::failure::Failure;
use super::output;
use crate::client::Bytes;

/// Takes them one after another.
pub(super) enum Sink {
    /// A line of JSON for each.
    Json,
    /// The bytes of each, to standard output.
    Stdout,
    /// The bytes of each, to a file that is not made before there are some: a call that fails leaves
    /// it as it is.
    File { path: PathBuf, file: Option<File> },
}

impl Sink {
    pub(super) fn new(output: Option<PathBuf>) -> Sink {
        match output {
            None => Sink::Json,
            Some(path) if path.as_os_str() == "-" => Sink::Stdout,
            Some(path) => Sink::File { path, file: None },
        }
    }

    pub(super) fn take(&mut self, json: &RawValue) -> Result<(), Failure> {
        match self {
            Sink::Json => output::json_line(json.get()),
            Sink::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(&bytes_of(json)?)
                    .and_then(|()| out.flush())
                    .map_err(Failure::Stdout)
            }
            Sink::File { path, file } => {
                let bytes = bytes_of(json)?;
                let open = match file.take() {
                    Some(open) => Ok(open),
                    None => File::create(&path),
                };
                let written = open.and_then(|mut open| {
                    open.write_all(&bytes)?;
                    *file = Some(open);
                    Ok(())
                });
                written.map_err(|source| Failure::WriteOutput {
                    path: path.clone(),
                    source,
                })
            }
        }
    }

    /// Nothing more comes: a stream without chunks makes an empty file.
    pub(super) fn finish(self) -> Result<(), Failure> {
        match self {
            Sink::File { path, file: None } => match File::create(&path) {
                Ok(_) => Ok(()),
                Err(source) => Err(Failure::WriteOutput { path, source }),
            },
            Sink::File { .. } | Sink::Json | Sink::Stdout => Ok(()),
        }
    }
}

fn bytes_of(json: &RawValue) -> Result<Bytes, Failure> {
    serde_json::from_str(json.get()).map_err(Failure::NotBytes)
}
