#![allow(clippy::unwrap_used)]
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::*;

fn entries(directory: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    entries
}

/// As a host leaves it that was killed.
fn leave_stale(path: &Path) {
    fs::write(path, "1234567\n").unwrap();
    fs::set_permissions(path, Permissions::from_mode(MODE)).unwrap();
}

#[test]
fn it_holds_our_number_and_goes_when_it_is_dropped() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("pid");
    let pidfile = Pidfile::claim(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), content());
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, MODE);
    assert_eq!(entries(temp.path()), [path]);
    drop(pidfile);
    assert_eq!(entries(temp.path()), [] as [PathBuf; 0]);
}

#[test]
fn a_stale_one_is_replaced_and_a_locked_one_is_not() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("pid");
    leave_stale(&path);
    let held = Pidfile::claim(&path).unwrap();
    // The lock is the first one's; that this process holds it makes no difference.
    match Pidfile::claim(&path).unwrap_err() {
        PidfileError::Running { pid, .. } => assert_eq!(pid, std::process::id() as i32),
        other => panic!("{other}"),
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), content());
    drop(held);
    leave_stale(&path);
    let stranger = Flock::lock(File::open(&path).unwrap(), FlockArg::LockShared).unwrap();
    assert!(matches!(
        Pidfile::claim(&path),
        Err(PidfileError::Locked(_))
    ));
    drop(stranger);
    drop(Pidfile::claim(&path).unwrap());
    assert_eq!(entries(temp.path()), [] as [PathBuf; 0]);
}

#[test]
fn what_cannot_be_ours_is_never_touched() {
    let temp = tempfile::tempdir().unwrap();
    let elsewhere = temp.path().join("elsewhere");
    leave_stale(&elsewhere);
    let path = temp.path().join("pid");
    let write = |text: &str, mode: u32| {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    };
    let cases: [(Distrust, &dyn Fn()); 10] = [
        (Distrust::Link, &|| symlink(&elsewhere, &path).unwrap()),
        (Distrust::Link, &|| symlink("nowhere", &path).unwrap()),
        (Distrust::HardLink, &|| {
            fs::hard_link(&elsewhere, &path).unwrap()
        }),
        (Distrust::NoFile, &|| fs::create_dir(&path).unwrap()),
        (Distrust::NoFile, &|| {
            drop(UnixListener::bind(&path).unwrap())
        }),
        (Distrust::Mode, &|| write("1\n", 0o664)),
        (Distrust::Mode, &|| write("1\n", 0o646)),
        (Distrust::Content, &|| write("", MODE)),
        (Distrust::Content, &|| write("a note of mine\n", MODE)),
        (Distrust::Content, &|| write("-1\n", MODE)),
    ];
    for (expected, make) in cases {
        make();
        let before = fs::symlink_metadata(&path).unwrap();
        match Pidfile::claim(&path).unwrap_err() {
            PidfileError::Untrusted { reason, .. } => assert_eq!(reason, expected),
            other => panic!("{expected}: {other}"),
        }
        let after = fs::symlink_metadata(&path).unwrap();
        assert_eq!((before.ino(), before.mode()), (after.ino(), after.mode()));
        assert_eq!(entries(temp.path()), [elsewhere.clone(), path.clone()]);
        if after.is_dir() {
            fs::remove_dir(&path).unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
    }
}

#[test]
fn another_users_is_never_touched() {
    if !geteuid().is_root() {
        // Only root can give a file away; everybody else has root's.
        let refused = examine(Path::new("/proc/version")).unwrap_err();
        assert!(matches!(
            refused,
            PidfileError::Untrusted {
                reason: Distrust::Owner,
                ..
            }
        ));
        return;
    }
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("pid");
    leave_stale(&path);
    std::os::unix::fs::chown(&path, Some(12345), None).unwrap();
    assert!(matches!(
        Pidfile::claim(&path),
        Err(PidfileError::Untrusted {
            reason: Distrust::Owner,
            ..
        })
    ));
}

#[test]
fn what_has_taken_its_name_over_stays() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("pid");
    let pidfile = Pidfile::claim(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, content()).unwrap();
    drop(pidfile);
    assert!(path.exists(), "another file");
    fs::remove_file(&path).unwrap();
    let pidfile = Pidfile::claim(&path).unwrap();
    fs::write(&path, "7\n").unwrap();
    drop(pidfile);
    assert!(path.exists(), "another content");
}

#[test]
fn it_can_take_the_name_of_one_that_is_gone_or_stale_and_of_no_other() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("pid");
    let first = Pidfile::claim(&path).unwrap();
    let mut second = Pidfile::claim(&temp.path().join("pid.2")).unwrap();
    assert!(matches!(
        second.rename(&path),
        Err(PidfileError::Running { .. })
    ));
    drop(first);
    second.rename(&path).unwrap();
    assert_eq!(entries(temp.path()), std::slice::from_ref(&path));
    drop(second);
    let mut third = Pidfile::claim(&temp.path().join("pid.2")).unwrap();
    leave_stale(&path);
    third.rename(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), content());
    drop(third);
    assert_eq!(entries(temp.path()), [] as [PathBuf; 0]);
}

#[test]
fn what_a_killed_host_had_not_finished_goes_and_another_hosts_stays() {
    let temp = tempfile::tempdir().unwrap();
    for (name, text) in [("empty", ""), ("full", "1234567\n")] {
        fs::write(temp.path().join(format!(".dirty-pid-{name}")), text).unwrap();
    }
    let note = temp.path().join(".dirty-pid-notes");
    fs::write(&note, "a note of mine\n").unwrap();
    let path = temp.path().join("pid");
    let other = prepare(&path).unwrap();
    let pidfile = Pidfile::claim(&path).unwrap();
    assert!(other.name.exists() && note.exists());
    assert_eq!(entries(temp.path()).len(), 3);
    drop((other, pidfile));
    assert_eq!(entries(temp.path()), [note]);
}

#[test]
fn a_stale_one_is_removed_and_no_other() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("pid");
    remove_stale(&path);
    leave_stale(&path);
    remove_stale(&path);
    assert_eq!(entries(temp.path()), [] as [PathBuf; 0]);
    let held = Pidfile::claim(&path).unwrap();
    remove_stale(&path);
    assert_eq!(fs::read_to_string(&path).unwrap(), content());
    drop(held);
    fs::write(&path, "a note of mine\n").unwrap();
    remove_stale(&path);
    assert!(path.exists());
}

#[test]
fn of_many_that_start_at_once_one_has_it() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("pid");
    for stale in [false, true] {
        if stale {
            leave_stale(&path);
        }
        let claims: Vec<_> = std::thread::scope(|scope| {
            let starters: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| Pidfile::claim(&path)))
                .collect();
            starters
                .into_iter()
                .map(|starter| starter.join().unwrap())
                .collect()
        });
        assert_eq!(claims.iter().filter(|claim| claim.is_ok()).count(), 1);
        drop(claims);
        assert_eq!(entries(temp.path()), [] as [PathBuf; 0]);
    }
}
