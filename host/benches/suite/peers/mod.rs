//! Who is measured: servers, and what they are compared with.

pub(crate) mod gunicorn;
pub(crate) mod raw;
pub(crate) mod relay;
pub(crate) mod role;
pub(crate) mod server;
