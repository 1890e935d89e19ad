#![allow(clippy::unwrap_used)]
use std::os::unix::fs::{chown, symlink};
use std::os::unix::net::UnixListener;

use super::*;

const PREFIX: &str = ".dirty-test-";

fn entries(directory: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    entries
}

fn sweep(directory: &Path) {
    remove_abandoned_files(directory, PREFIX, |bytes| bytes != b"precious");
    remove_abandoned_dirs(directory, PREFIX, |name| name == "known");
}

/// A directory of this name, with an entry that is expected.
fn directory(parent: &Path, name: &str) -> PathBuf {
    let path = parent.join(name);
    fs::create_dir(&path).unwrap();
    fs::write(path.join("known"), "").unwrap();
    path
}

#[test]
fn what_is_in_use_stays_and_goes_with_its_user() {
    let temp = tempfile::tempdir().unwrap();
    let file = TemporaryFile::make(temp.path(), PREFIX).unwrap();
    let dir = TemporaryDir::make(temp.path(), PREFIX).unwrap();
    fs::write(dir.path().join("known"), "").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!((mode(&file.name), mode(dir.path())), (0o600, 0o700));
    sweep(temp.path());
    assert_eq!(entries(temp.path()).len(), 2);
    drop((file, dir));
    assert_eq!(entries(temp.path()), [] as [PathBuf; 0]);
    TemporaryDir::make(temp.path(), PREFIX)
        .unwrap()
        .close()
        .unwrap();
    assert_eq!(entries(temp.path()), [] as [PathBuf; 0]);
}

/// As a killed process leaves it: what it had locked, locked no more.
#[test]
fn what_nobody_uses_goes_whether_it_had_been_filled_or_not() {
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join(".dirty-test-empty"), "").unwrap();
    fs::write(temp.path().join(".dirty-test-full"), [0; 1000]).unwrap();
    fs::create_dir(temp.path().join(".dirty-test-emptydir")).unwrap();
    directory(temp.path(), ".dirty-test-dir");
    sweep(temp.path());
    assert_eq!(entries(temp.path()), [] as [PathBuf; 0]);
}

#[test]
fn what_cannot_be_ours_is_left_alone() {
    let temp = tempfile::tempdir().unwrap();
    let parent = temp.path();
    let elsewhere = directory(parent, "elsewhere");
    directory(parent, "other-prefix");
    fs::write(parent.join("file"), "").unwrap();
    let unexpected = directory(parent, ".dirty-test-unexpected");
    fs::write(unexpected.join("precious"), "").unwrap();
    fs::write(parent.join(".dirty-test-precious"), "precious").unwrap();
    symlink(&elsewhere, parent.join(".dirty-test-dirlink")).unwrap();
    symlink(parent.join("file"), parent.join(".dirty-test-filelink")).unwrap();
    drop(UnixListener::bind(parent.join(".dirty-test-socket")).unwrap());
    nix::unistd::mkfifo(
        &parent.join(".dirty-test-fifo"),
        nix::sys::stat::Mode::S_IRUSR,
    )
    .unwrap();
    let before = entries(parent);
    sweep(parent);
    assert_eq!(entries(parent), before);
    assert_eq!(entries(&elsewhere).len(), 1);
    assert_eq!(entries(&unexpected).len(), 2);
}

#[test]
fn a_link_in_what_is_removed_is_not_followed() {
    let temp = tempfile::tempdir().unwrap();
    let elsewhere = directory(temp.path(), "elsewhere");
    let left = temp.path().join(".dirty-test-left");
    fs::create_dir(&left).unwrap();
    symlink(&elsewhere, left.join("known")).unwrap();
    sweep(temp.path());
    assert_eq!(entries(temp.path()), std::slice::from_ref(&elsewhere));
    assert_eq!(entries(&elsewhere).len(), 1);
}

/// Giving a file away needs privileges, so without them the filter is asked about a file that is
/// root's already.
#[test]
fn another_users_is_left_alone() {
    if geteuid().is_root() {
        let temp = tempfile::tempdir().unwrap();
        let foreign = directory(temp.path(), ".dirty-test-foreign");
        chown(&foreign, Some(12345), None).unwrap();
        let file = temp.path().join(".dirty-test-file");
        fs::write(&file, "").unwrap();
        chown(&file, Some(12345), None).unwrap();
        sweep(temp.path());
        assert_eq!(entries(temp.path()).len(), 2);
    } else {
        let found = abandoned(Path::new("/proc"), "version", FileType::is_file);
        assert_eq!(found.count(), 0);
    }
}

#[test]
fn what_has_lost_its_name_is_not_held() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("file");
    let make = || File::create(&path).unwrap();
    let file = make();
    assert!(hold(file.try_clone().unwrap(), &path).unwrap().is_some());
    fs::remove_file(&path).unwrap();
    assert!(hold(file.try_clone().unwrap(), &path).unwrap().is_none());
    let _another = make();
    assert!(hold(file, &path).unwrap().is_none());
}

/// Sweepers find what others are about to lock; nobody may lose what it has been given.
#[test]
fn makers_and_sweepers_at_once() {
    const MAKERS: usize = 4;
    const ROUNDS: usize = 200;
    let temp = tempfile::tempdir().unwrap();
    let done = std::sync::atomic::AtomicUsize::new(0);
    let made_and_used = || {
        for _ in 0..ROUNDS {
            let file = TemporaryFile::make(temp.path(), PREFIX).unwrap();
            let dir = TemporaryDir::make(temp.path(), PREFIX).unwrap();
            fs::write(dir.path().join("known"), "").unwrap();
            assert!(file.name.exists());
            dir.close().unwrap();
        }
        done.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    };
    std::thread::scope(|scope| {
        for _ in 0..MAKERS {
            scope.spawn(made_and_used);
        }
        while done.load(std::sync::atomic::Ordering::SeqCst) < MAKERS {
            sweep(temp.path());
        }
    });
    assert_eq!(entries(temp.path()), [] as [PathBuf; 0]);
}
