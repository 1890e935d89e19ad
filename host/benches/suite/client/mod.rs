//! The load client, one for all servers: requests and replies as bytes that are made beforehand, so
//! that during a measurement bytes are only sent and compared.

pub(crate) mod connection;
pub(crate) mod crowd;
pub(crate) mod exchange;
mod value;
