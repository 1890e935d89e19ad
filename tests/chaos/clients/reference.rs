//! The reference client: tasks that share a connection, some of which are dropped half-way.

use std::path::Path;
use std::time::Duration;

use dirty_host::client::{Client, ClientError, Reply};
use fastrand::Rng;
use serde_json::value::{RawValue, to_raw_value};

use crate::calls::{Call, Ending, Tally};
use crate::harness::{Failure, PATIENCE};
use crate::run::Run;

const TASKS: usize = 6;
const IMPATIENCE_MS_MAX: u64 = 60;

pub(crate) fn run(run: &Run, socket: &Path, mut choices: Rng) -> Tally {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let mut tally = Tally::default();
    runtime.block_on(async {
        let client = Client::connect(socket).await.unwrap();
        while run.goes_on() {
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..TASKS {
                let call = Call::any(&mut choices);
                // One in four is dropped before it ends, unless it is quick.
                let impatient = choices.u8(..4) == 0;
                let limit = match impatient {
                    true => Duration::from_millis(choices.u64(..IMPATIENCE_MS_MAX)),
                    false => PATIENCE,
                };
                tasks.spawn(make(client.clone(), call, limit, impatient));
            }
            while let Some(ending) = tasks.join_next().await {
                tally.count(ending.expect("a task has complained"));
            }
        }
    });
    tally
}

async fn make(client: Client, call: Call, limit: Duration, impatient: bool) -> Ending {
    match tokio::time::timeout(limit, to_its_end(client, call)).await {
        Ok(ending) => ending,
        Err(_) => {
            assert!(impatient, "a call without an end");
            Ending::GivenUp
        }
    }
}

async fn to_its_end(client: Client, mut call: Call) -> Ending {
    let args: Vec<Box<RawValue>> = call
        .args()
        .iter()
        .map(|arg| to_raw_value(arg).unwrap())
        .collect();
    let mut request = client.call(call.app, call.action()).args(args);
    if let Some(seconds) = call.timeout() {
        request = request.timeout(Duration::from_secs_f64(seconds));
    }
    let mut replies = request.send().await.unwrap();
    loop {
        match replies.next().await {
            Some(Ok(Reply::Chunk(data))) => {
                call.take_chunk(&serde_json::from_str(data.get()).unwrap());
            }
            Some(Ok(Reply::Result(result))) => {
                return call.take_result(&serde_json::from_str(result.get()).unwrap());
            }
            Some(Err(ClientError::Remote(error))) => {
                return call.take_error(&Failure {
                    error_type: error.error_type.to_string(),
                    message: error.message,
                    details: error.details,
                });
            }
            Some(Err(error)) => panic!("{error} in reply to {call:?}"),
            None => return call.take_end(),
        }
    }
}
