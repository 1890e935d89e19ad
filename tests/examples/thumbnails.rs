//! Thumbnails, made for gunicorn's client and looked at by another library for images.

use crate::harness::python::{python_for, run_checks};
use crate::harness::{paths, thumbnails_wasm};
use crate::host_of;

#[test]
fn another_library_sees_what_it_should() {
    thumbnails_wasm();
    let host = host_of("thumbnails").start();
    let python = python_for(&paths::repository().join("tests/peers/thumbnails.txt"));
    run_checks(&host, &python, "thumbnails", "thumbnails", 6);
}
