//! Lists the files of the SDKs, which the binary carries for `dirty new` and `dirty build`:
//! `src/develop/sdk.rs` includes the list. Each entry is a path relative to the repository, and the
//! file's bytes.

#![allow(clippy::print_stdout, reason = "cargo reads it")]

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// What apps are made with, relative to the repository: files, and directories with all in them.
const PARTS: [&str; 12] = [
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "guest-sdk/python/dirty_build",
    "guest-sdk/python/runtime",
    "guest-sdk/python/wit",
    "guest-sdk/rust/Cargo.toml",
    "guest-sdk/rust/README.md",
    "guest-sdk/rust/src",
    "guest-sdk/rust-macros/Cargo.toml",
    "guest-sdk/rust-macros/src",
    "wit",
    // Not for itself: the workspace's settings, which the crates inherit.
    "Cargo.toml",
];

/// What interpreters leave in directories.
const LEFTOVERS: &str = "__pycache__";

fn main() -> Result<(), Box<dyn Error>> {
    let host = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let repository = host.parent().ok_or("the crate lies in the repository")?;
    let mut files = Vec::new();
    for part in PARTS {
        // Of a directory, cargo looks at all that is in it.
        println!(
            "cargo::rerun-if-changed={}",
            repository.join(part).display()
        );
        list(repository, Path::new(part), &mut files)?;
    }
    files.sort();
    let mut listed = String::from("&[\n");
    for file in files {
        let source = repository.join(&file);
        writeln!(listed, "({file:?}, include_bytes!({source:?}).as_slice()),")?;
    }
    listed.push(']');
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    fs::write(out.join("sdk_files.rs"), listed)?;
    Ok(())
}

fn list(repository: &Path, part: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    let path = repository.join(part);
    if !path.is_dir() {
        files.push(part.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        if name != LEFTOVERS {
            list(repository, &part.join(name), files)?;
        }
    }
    Ok(())
}
