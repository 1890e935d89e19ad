//! Edited configurations: apps that are added, removed, resized.

use nix::sys::signal::Signal;
use serde_json::json;

use crate::harness::load::Load;
use crate::harness::{Host, PATIENCE, wait_until};
use crate::versions::{NAME, answer, version};

#[test]
fn apps_are_added_removed_and_resized() {
    let host = Host::builder()
        .app(version("first"))
        .app(version("second").named("leaves"))
        .start();
    let load = Load::start(&host, 2, NAME, "version", &json!("first"));
    let mut last = host.start_calls(1, "leaves", "hold", &json!([3]));
    host.wait_in_calls("leaves", 1);

    let resized = crate::versions::lone_version("first").workers(3);
    let added = version("third").named("comes");
    host.edit(&Host::builder().app(resized).app(added));
    host.signal(Signal::SIGHUP);
    host.wait_workers(NAME, 3);
    host.wait_workers("comes", 2);
    assert_eq!(
        host.call("comes", "version", json!([])).result(),
        json!("third")
    );
    wait_until("the removed app is unknown", PATIENCE, || {
        let outcome = host.call("leaves", "version", json!([]));
        let known = outcome.end.is_ok();
        if !known {
            outcome.failure().of_type("DirtyAppNotFoundError");
        }
        !known
    });
    assert_eq!(
        last[0].outcome().result(),
        json!("second"),
        "what it had begun is finished"
    );
    assert!(load.finish().iter().all(|sample| sample.end.is_ok()));
    host.wait_status("two apps", |status| status.apps == [NAME, "comes"]);
    wait_until("the end of the removed app", PATIENCE, || {
        host.children().len() == 2 + 3 + 2
    });
}

#[test]
fn a_reload_of_one_app_takes_its_part_of_the_file_only() {
    let host = Host::builder()
        .app(version("old"))
        .app(version("old").named("other"))
        .start();
    let edited = Host::builder()
        .app(version("new"))
        .app(version("new").named("other"));
    host.edit(&edited);
    host.cli(&["reload", NAME]).success();
    assert_eq!(answer(&host), json!("new"));
    assert_eq!(
        host.call("other", "version", json!([])).result(),
        json!("old")
    );
}

#[test]
fn a_new_timeout_holds_for_new_calls() {
    let host = Host::serving(version("old").timeout(60.0));
    let mut long = host.start_calls(1, NAME, "hold", &json!([2]));
    host.wait_in_calls(NAME, 1);
    host.edit(&Host::builder().app(version("new").timeout(0.5)));
    host.cli(&["reload"]).success();
    host.call(NAME, "hold", json!([60]))
        .failure()
        .of_type("DirtyTimeoutError");
    assert_eq!(long[0].outcome().result(), json!("old"));
}
