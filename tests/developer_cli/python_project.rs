//! A Python project, from `dirty new` to a change that is served.

use std::fs;

use crate::harness::python::{self, python};
use crate::project::{Project, ran};

#[test]
fn a_python_project_is_tested_built_run_served_and_changed() {
    let project = Project::new("python");

    // Natively, with gunicorn itself.
    let mut tests = project.program(&python(python::BINARY_DIALECT));
    let tested = ran(tests.args(["-B", "-m", "unittest"]));
    assert_eq!(tested.code, Some(0), "{tested:?}");
    assert!(tested.stderr.contains("Ran 2 tests"), "{tested:?}");

    // There is no component yet: it is built before anything is served.
    let watching = project.watch();
    assert!(project.path("greeter.wasm").exists());
    assert_eq!(watching.greets(), "\"Hello, Ada! You are number 1.\"");
    let letters = project.run(&["run", "greeter.wasm", "spell", "Al"]);
    assert_eq!(letters.success(), "\"A\"\n\"l\"");

    project.edit("app.py", "Hello, {name}", "Welcome, {name}");
    watching.wait_for_outcome("greeter: serving, generation 2");
    assert!(watching.greets().starts_with("\"Welcome, Ada!"));

    let component = fs::read(project.path("greeter.wasm")).unwrap();
    project.edit("app.py", "from gunicorn", "import socket\nfrom gunicorn");
    watching.wait_for_complaint("imports socket: a component has no network");
    watching.wait_for_complaint("greeter.wasm stays as it was");
    assert_eq!(fs::read(project.path("greeter.wasm")).unwrap(), component);
    assert!(watching.greets().starts_with("\"Welcome, Ada!"));
    watching.stop();
}

#[test]
fn a_class_beside_existing_code_that_cannot_be_built_leaves_what_was_there() {
    let place = crate::harness::paths::short_temp_dir();
    let app = place.path().join("shop/images.py");
    fs::create_dir(place.path().join("shop")).unwrap();
    fs::write(&app, "class Other:\n    pass\n").unwrap();
    fs::write(place.path().join("app.wasm"), "the old one").unwrap();
    let build = |class: &str| {
        let mut command = crate::project::with_tools(crate::harness::cli::dirty());
        command.current_dir(place.path());
        ran(command.args(["build", class, "-o", "app.wasm"])).failure(1)
    };
    let complaint = build("shop.images:Thumbnails");
    assert!(
        complaint.contains("there is no Thumbnails in shop.images: it has Other"),
        "{complaint}"
    );
    let complaint = build("shop.no:Thumbnails");
    assert!(
        complaint.contains("there is no module shop.no"),
        "{complaint}"
    );
    let left = fs::read(place.path().join("app.wasm")).unwrap();
    assert_eq!(left, b"the old one");
}
