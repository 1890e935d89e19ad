//! What the client commands share: an event loop, and a connection whose failure says what was tried.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Builder;

use super::failure::Failure;
use super::socket::Located;
use crate::client::{Client, ClientError};

/// Runs `work` to its end on a loop of its own.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(Failure::Runtime)?;
    runtime.block_on(work)
}

/// Waits for the host, which answers in time or not at all.
pub(super) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = T>,
) -> Result<T, Failure> {
    tokio::time::timeout(limit, work)
        .await
        .map_err(|_elapsed| Failure::Silent(limit))
}

/// Connects to the host at `located`.
pub(super) async fn connect(located: &Located) -> Result<Client, Failure> {
    Client::connect(&located.path)
        .await
        .map_err(|error| match error {
            ClientError::Connect { source, .. } => Failure::Unreachable {
                located: located.clone(),
                source,
            },
            other => Failure::from(other),
        })
}
