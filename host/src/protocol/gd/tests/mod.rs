#![allow(clippy::unwrap_used)]

mod envelope;
mod exchange;
mod frames;
mod limits;
mod model;
mod replies;
mod values;
