//! Short calls of one client, alone and while others keep all workers but one busy: what the long
//! calls add to the tail of the short ones.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::super::client::crowd::Crowd;
use super::super::client::exchange::Call;
use super::super::error::Error;
use super::super::field::{Field, On, Recorder};
use super::super::peers::server::{Server, Setup};
use super::super::report::cases;
use super::super::report::names::{Contestant, Scenario};
use super::super::report::results::Results;
use super::super::suite::Suite;
use super::record_latency;

const CONTESTANTS: [Contestant; 3] = [Contestant::Rust, Contestant::Python, Contestant::Gunicorn];
/// So much later all long calls have begun.
const HEAD_START: Duration = Duration::from_millis(20);

/// A load, and where it is measured.
struct Mix {
    on: On,
    workers: u32,
    alone: &'static str,
    beside: &'static str,
    /// What keeps a worker busy for some 50 ms.
    long: fn(Contestant) -> Call,
}

const WAITING: Mix = Mix {
    on: On::OneCore,
    workers: 4,
    alone: cases::UNLOADED,
    beside: cases::BESIDE_WAITING,
    long: |_| Call::Sleep(0.05),
};
/// Where there are two cores, one stays for everybody else.
const COMPUTING: Mix = Mix {
    on: On::AllCores,
    workers: 2,
    alone: cases::UNLOADED_ALL_CORES,
    beside: cases::BESIDE_COMPUTING,
    long: |contestant| match contestant {
        Contestant::Rust => Call::Fib(34),
        _ => Call::Fib(27),
    },
};

pub(super) fn run(suite: &Suite, results: &mut Results) -> Result<(), Error> {
    for mix in [WAITING, COMPUTING] {
        let mut field = Field::on(mix.on, suite, Scenario::Mixed, results)?;
        for contestant in CONTESTANTS {
            field.enter(contestant, || {
                let server = Server::start(suite, contestant, &Setup::of(mix.workers))?;
                let long = server.exchange(&(mix.long)(contestant));
                let busy = mix.workers as usize - 1;
                let mut crowd = Crowd::gather(&server.socket(), busy, long)?;
                let short = server.exchange(&Call::EchoText(5));
                let mut connection = server.connect()?;
                let mix = &mix;
                Ok(Box::new(move |recorder| {
                    let _alive = &server;
                    let mut measure = |recorder: &mut Recorder<'_>, case| {
                        record_latency(recorder, case, suite.turn(), || connection.run(&short))
                    };
                    measure(recorder, mix.alone)?;
                    beside(&mut crowd, || measure(recorder, mix.beside))
                }))
            });
        }
        field.run(suite.rounds());
    }
    Ok(())
}

/// Does something while a crowd calls.
fn beside(crowd: &mut Crowd, work: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let calls = scope.spawn(|| crowd.run_until(&is_done));
        thread::sleep(HEAD_START);
        let worked = work();
        is_done.store(true, Ordering::Relaxed);
        let called = calls.join().expect("the client does not panic");
        worked.and(called.map(drop))
    })
}
