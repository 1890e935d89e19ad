//! The committed corpus, and what becomes of it by chance, through the functions that the fuzzers run.

use std::fs;
use std::panic;
use std::path::{Path, PathBuf};

use super::seeds::{self, Seed};
use super::stash_seeds;

/// Set to write the seeds anew; else they are compared.
const WRITE_SEEDS: &str = "DIRTY_WRITE_SEEDS";

/// How many changed inputs each target gets.
const CHANGED_INPUTS: usize = 5_000;

struct Target {
    name: &'static str,
    run: fn(&[u8]),
    seeds: fn() -> Vec<Seed>,
    /// Those that use the stash, if it is a part of what the target reads.
    stash_seeds: fn() -> Vec<Seed>,
}

const TARGETS: [Target; 5] = [
    Target {
        name: "app_value",
        run: super::app_value,
        seeds: seeds::app_value,
        stash_seeds: Vec::new,
    },
    Target {
        name: "binary_message",
        run: super::binary_message,
        seeds: seeds::binary_message,
        stash_seeds: stash_seeds::binary_message,
    },
    Target {
        name: "frames",
        run: super::frames,
        seeds: seeds::frames,
        stash_seeds: Vec::new,
    },
    Target {
        name: "hop",
        run: super::hop,
        seeds: seeds::hop,
        stash_seeds: stash_seeds::hop,
    },
    Target {
        name: "json_message",
        run: super::json_message,
        seeds: seeds::json_message,
        stash_seeds: stash_seeds::json_message,
    },
];

impl Target {
    /// Runs one input, which is shown if it breaks a promise.
    #[track_caller]
    fn check(&self, origin: &Path, input: &[u8]) {
        let ran = panic::catch_unwind(|| (self.run)(input));
        assert!(
            ran.is_ok(),
            "{}: {}",
            origin.display(),
            input.escape_ascii()
        );
    }

    fn corpus(&self) -> PathBuf {
        fuzz_directory().join("corpus").join(self.name)
    }

    /// The corpus: the seeds, and what fuzzers have found beside.
    fn inputs(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut inputs: Vec<_> = files(&self.corpus())
            .into_iter()
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        inputs.sort();
        inputs
    }
}

fn fuzz_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn the_corpus_has_every_seed() {
    for target in TARGETS {
        for (name, seed) in [(target.seeds)(), (target.stash_seeds)()].concat() {
            let path = target.corpus().join(name);
            if std::env::var_os(WRITE_SEEDS).is_some() {
                fs::create_dir_all(target.corpus()).unwrap();
                fs::write(&path, &seed).unwrap();
            }
            assert!(
                fs::read(&path).is_ok_and(|found| found == seed),
                "{} is not what its seed says: run this test with {WRITE_SEEDS}=1",
                path.display()
            );
        }
    }
}

#[test]
fn every_target_can_be_fuzzed() {
    let of = |names: Vec<PathBuf>| {
        let mut names: Vec<_> = names
            .iter()
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(of(files(&fuzz_directory().join("fuzz_targets"))), names);
    assert_eq!(of(files(&fuzz_directory().join("corpus"))), names);
    let manifest = fs::read_to_string(fuzz_directory().join("Cargo.toml")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")));
    }
}

#[test]
fn the_corpus_breaks_no_promise() {
    for target in TARGETS {
        for (path, input) in target.inputs() {
            target.check(&path, &input);
        }
    }
}

#[test]
fn nor_does_the_corpus_changed_at_random() {
    let mut dice = fastrand::Rng::with_seed(20);
    for target in TARGETS {
        let inputs = target.inputs();
        for _ in 0..CHANGED_INPUTS {
            let (path, input) = dice.choice(&inputs).unwrap();
            let mut changed = input.clone();
            for _ in 0..dice.usize(1..4) {
                change(&mut changed, &dice.choice(&inputs).unwrap().1, &mut dice);
            }
            target.check(path, &changed);
        }
    }
}

/// Changes a few bytes, mostly to such as mean something, or puts a piece of another input in.
fn change(input: &mut Vec<u8>, other: &[u8], dice: &mut fastrand::Rng) {
    const MEANINGFUL: &[u8] = b"\0\x01\x05\x06\x10\x11\x20\x21\xff[]{},:\"\\u$-.e09 \x80";
    let at = dice.usize(..=input.len());
    let byte = match dice.bool() {
        true => *dice.choice(MEANINGFUL).unwrap(),
        false => dice.u8(..),
    };
    match dice.u8(..6) {
        0 | 1 if at < input.len() => input[at] = byte,
        2 if at < input.len() => {
            input.remove(at);
        }
        3 => input.truncate(at),
        4 => {
            let from = dice.usize(..=other.len());
            let piece = &other[from..other.len().min(from + dice.usize(..20))];
            input.splice(at..at, piece.iter().copied());
        }
        _ => input.insert(at, byte),
    }
}
