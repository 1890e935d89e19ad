//! Accepting connections: a task that takes them off the listening socket and brings them to the
//! loop. It can be stopped at any moment without losing one.

use std::io;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::input::Input;
use super::listen::Listener;
use super::log;

/// How long to wait when the system has no descriptor left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections are accepted for as long as this lives.
#[derive(Debug)]
pub(super) struct Accepting(JoinHandle<()>);

impl Accepting {
    pub(super) fn start(listener: &Listener, input: mpsc::Sender<Input>) -> io::Result<Accepting> {
        let listener = UnixListener::from_std(listener.socket.try_clone()?)?;
        Ok(Accepting(tokio::task::spawn_local(accept(listener, input))))
    }
}

impl Drop for Accepting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn accept(listener: UnixListener, input: mpsc::Sender<Input>) {
    // The place in the loop's queue comes first: what is accepted is there at once.
    while let Ok(place) = input.reserve().await {
        match listener.accept().await {
            Ok((stream, _)) => place.send(Input::Connected(stream)),
            Err(error) => {
                drop(place);
                log::accept_failed(&error);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
