//! Hooks with real shell scripts.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use tempfile::TempDir;
use tokio::runtime::{Builder, LocalOptions};

use super::*;
use crate::process::hop::ExitStatus;
use crate::process::reaper::Strangers;

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(600);

/// Scripts in a directory of the test's own, in which they leave what they have to tell.
struct Scripts(TempDir);

impl Scripts {
    fn new() -> Scripts {
        Scripts(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    /// A command that runs this in a shell, in the directory.
    fn sh(&self, script: &str) -> Option<HookCommand> {
        let directory = self.0.path().to_str().unwrap();
        Some(HookCommand {
            program: "sh".into(),
            args: vec!["-c".into(), format!("cd {directory} && {script}")],
        })
    }
}

fn none() -> HookSettings {
    HookSettings {
        on_starting: None,
        post_fork: None,
        worker_init: None,
        worker_exit: None,
        timeout: LONG,
    }
}

fn worker(id: u64) -> HookWorker {
    HookWorker {
        app: "demo".into(),
        worker: WorkerId(id),
        pid: Some(4711),
        generation: 1,
        age: Duration::from_secs(2),
    }
}

fn life(id: u64) -> [HookEvent; 3] {
    let exit = Exit {
        status: ExitStatus::Code(0),
        cpu_micros: 0,
        rss_kib_max: 1,
    };
    [
        HookEvent::PostFork(worker(id)),
        HookEvent::WorkerInit(worker(id)),
        HookEvent::WorkerExit {
            worker: worker(id),
            reason: "stopped",
            exit: Some(exit),
        },
    ]
}

fn with_hooks<T>(settings: HookSettings, test: impl AsyncFnOnce(Hooks) -> T) -> T {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
        .unwrap();
    runtime.block_on(async {
        let reaper = Reaper::start(Strangers::LeftAlone).unwrap();
        test(Hooks::new(settings, Path::new("/run/s"), reaper)).await
    })
}

async fn all_run(hooks: &Hooks) {
    hooks.finish(Instant::now() + Duration::from_secs(60)).await;
    assert!(hooks.idle());
}

fn on_starting(script: &str, timeout: Duration) -> Result<(), HookError> {
    let scripts = Scripts::new();
    let settings = HookSettings {
        on_starting: scripts.sh(script),
        timeout,
        ..none()
    };
    with_hooks(settings, async |hooks| hooks.on_starting().await)
}

#[test]
fn a_hook_is_told_by_its_environment_and_by_its_input() {
    let scripts = Scripts::new();
    let settings = HookSettings {
        worker_exit: scripts.sh("cat >json; env | grep ^DIRTY_ | sort >env"),
        ..none()
    };
    with_hooks(settings, async |mut hooks| {
        life(3).into_iter().for_each(|event| hooks.fire(event));
        all_run(&hooks).await;
    });
    let pid = std::process::id();
    let json: serde_json::Value = serde_json::from_str(&scripts.text("json")).unwrap();
    assert_eq!(json["worker_id"], 3);
    assert_eq!(json["arbiter_pid"], pid);
    assert_eq!(
        scripts.text("env"),
        format!(
            "DIRTY_AGE=2.0\nDIRTY_APP=demo\nDIRTY_ARBITER_PID={pid}\nDIRTY_CPU_SECONDS=0.0\n\
             DIRTY_EXIT_REASON=stopped\nDIRTY_EXIT_STATUS=code:0\nDIRTY_GENERATION=1\n\
             DIRTY_HOOK=worker_exit\nDIRTY_PID=4711\nDIRTY_RSS_KIB=1\nDIRTY_SOCKET=/run/s\n\
             DIRTY_WORKER_ID=3\n"
        )
    );
}

#[test]
fn the_hooks_of_a_worker_keep_their_order_and_do_not_hold_up_others() {
    let scripts = Scripts::new();
    nix::unistd::mkfifo(&scripts.file("gate"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let tell = "echo $DIRTY_WORKER_ID $DIRTY_HOOK >>told";
    // Worker 1's first waits until the last of worker 2's has come to pass.
    let first = format!("if [ $DIRTY_WORKER_ID = 1 ]; then read line <gate; fi; {tell}");
    let last = format!("{tell}; if [ $DIRTY_WORKER_ID = 2 ]; then echo go >gate; fi");
    let settings = HookSettings {
        post_fork: scripts.sh(&first),
        worker_init: scripts.sh(tell),
        worker_exit: scripts.sh(&last),
        ..none()
    };
    with_hooks(settings, async |mut hooks| {
        let both = life(1).into_iter().chain(life(2));
        both.for_each(|event| hooks.fire(event));
        assert!(!hooks.idle());
        all_run(&hooks).await;
    });
    assert_eq!(
        scripts.text("told"),
        "2 post_fork\n2 worker_init\n2 worker_exit\n1 post_fork\n1 worker_init\n1 worker_exit\n"
    );
}

#[test]
fn a_hook_that_fails_or_hangs_is_followed_by_the_next() {
    let scripts = Scripts::new();
    let settings = HookSettings {
        post_fork: Some(HookCommand {
            program: "/no/such/program".into(),
            args: vec![],
        }),
        worker_init: scripts.sh("sleep 1000"),
        worker_exit: scripts.sh("echo done >told; exit 1"),
        timeout: Duration::from_millis(300),
        ..none()
    };
    with_hooks(settings, async |mut hooks| {
        life(1).into_iter().for_each(|event| hooks.fire(event));
        all_run(&hooks).await;
    });
    assert_eq!(scripts.text("told"), "done\n");
}

#[test]
fn a_new_configuration_is_for_what_happens_from_then_on() {
    let scripts = Scripts::new();
    let settings = |word: &str| HookSettings {
        post_fork: scripts.sh(&format!("echo {word} >>told")),
        ..none()
    };
    with_hooks(settings("old"), async |mut hooks| {
        let [forked, ..] = life(1);
        hooks.fire(forked.clone());
        hooks.reconfigure(settings("new"));
        hooks.fire(forked.clone());
        hooks.reconfigure(none());
        hooks.fire(forked);
        all_run(&hooks).await;
    });
    assert_eq!(scripts.text("told"), "old\nnew\n");
}

#[test]
fn waiting_for_hooks_ends_in_time_and_they_end_with_the_host() {
    let scripts = Scripts::new();
    let settings = HookSettings {
        post_fork: scripts.sh("echo $$ >pid; exec sleep 1000"),
        ..none()
    };
    with_hooks(settings, async |mut hooks| {
        let [forked, ..] = life(1);
        hooks.fire(forked);
        hooks.finish(Instant::now()).await;
        assert!(!hooks.idle());
        while !fs::read_to_string(scripts.file("pid")).is_ok_and(|pid| pid.ends_with('\n')) {
            tokio::task::yield_now().await;
        }
    });
    let pid = scripts.text("pid");
    assert!(!PathBuf::from(format!("/proc/{}", pid.trim())).exists());
}

#[test]
fn only_a_start_that_its_hook_agrees_to_goes_on() {
    on_starting("[ $DIRTY_HOOK = on_starting ]", LONG).unwrap();
    with_hooks(none(), async |hooks| hooks.on_starting().await).unwrap();

    let refused = on_starting("echo no database >&2; exit 3", LONG).unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("on_starting"), "{text}");
    assert!(text.ends_with("code 3: no database"), "{text}");
    let killed = on_starting("kill -KILL $$", LONG).unwrap_err();
    assert!(killed.to_string().ends_with("signal 9"), "{killed}");
    let late = on_starting("sleep 1000", Duration::from_millis(100)).unwrap_err();
    assert!(matches!(late, HookError::TimedOut { .. }), "{late}");
}

#[test]
fn programs_are_looked_for_before_they_are_needed() {
    let scripts = Scripts::new();
    let plain = scripts.file("plain");
    fs::write(&plain, "#!/bin/sh\n").unwrap();
    let program = |program: PathBuf| HookSettings {
        worker_exit: Some(HookCommand {
            program,
            args: vec![],
        }),
        ..none()
    };
    check(&none()).unwrap();
    check(&program("sh".into())).unwrap();
    check(&program("/bin/sh".into())).unwrap();
    for (wrong, kind) in [
        ("no-such-program-anywhere".into(), "PATH"),
        (scripts.file("missing"), "there is no program"),
        (scripts.0.path().to_owned(), "there is no program"),
        (plain.clone(), "chmod +x"),
    ] {
        let error = check(&program(wrong.clone())).unwrap_err().to_string();
        let named = error.contains("worker_exit") && error.contains(wrong.to_str().unwrap());
        assert!(named && error.contains(kind), "{error}");
    }
    fs::set_permissions(&plain, fs::Permissions::from_mode(0o755)).unwrap();
    check(&program(plain)).unwrap();
}
