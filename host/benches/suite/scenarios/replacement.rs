//! From the death of an app's only worker to the next answer, on one core.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::super::client::exchange::{Call, Exchange};
use super::super::error::Error;
use super::super::field::{Field, On};
use super::super::harness::{PATIENCE, processes, wait_until};
use super::super::peers::server::{Server, Setup};
use super::super::report::cases;
use super::super::report::names::{Contestant, Measure, Scenario};
use super::super::report::results::Results;
use super::super::report::statistics::Spread;
use super::super::suite::Suite;

/// Of which a round's number is the median; gunicorn takes a second for each.
const KILLS: usize = 5;

pub(super) fn run(suite: &Suite, results: &mut Results) -> Result<(), Error> {
    let mut field = Field::on(On::OneCore, suite, Scenario::Replacement, results)?;
    for (contestant, case, setup) in entrants() {
        field.enter(contestant, || {
            let server = Server::start(suite, contestant, &setup)?;
            let exchange = server.exchange(&Call::EchoText(5));
            let kills = match contestant {
                Contestant::Gunicorn => 1,
                _ => KILLS,
            };
            Ok(Box::new(move |recorder| {
                let took = (0..kills).map(|_| kill_and_call(&server, &exchange));
                let took = took.collect::<Result<Vec<_>, _>>()?;
                if let Some(took) = Spread::of(took.iter().map(Duration::as_secs_f64)) {
                    recorder.record(case, Measure::Time, took.median);
                }
                Ok(())
            }))
        });
    }
    field.run(suite.rounds());
    Ok(())
}

fn entrants() -> [(Contestant, &'static str, Setup); 6] {
    let one = || Setup::of(1);
    [
        (Contestant::Rust, cases::NO_STATE, one()),
        (Contestant::Python, cases::NO_STATE, one()),
        (Contestant::Gunicorn, cases::NO_STATE, one()),
        (Contestant::Rust, cases::WITH_SPARE, one().with_spare()),
        (Contestant::Python, cases::WITH_SPARE, one().with_spare()),
        (
            Contestant::Rust,
            cases::STATE_256_MIB,
            one().with_state(256),
        ),
    ]
}

/// Kills the worker, which is idle, and returns how long it takes from there to an answer.
///
/// The call is made when the process is gone, and the server was at rest before, so that it learns of
/// the death first. A call that it finds together with the death, or earlier, may be given to the
/// dead worker, and then its caller is told so.
fn kill_and_call(server: &Server, exchange: &Exchange) -> Result<Duration, Error> {
    server.call_until_answered(exchange)?;
    let victim = watch(server.only_worker()?)?;
    wait_until("the server's rest", PATIENCE, || {
        processes::is_asleep(server.arbiter())
    });
    let start = Instant::now();
    pidfd_send_signal(&victim, Signal::KILL).map_err(Error::system("kill a worker"))?;
    wait_for_end(&victim)?;
    server.call_until_answered(exchange)?;
    Ok(start.elapsed())
}

/// Opens a process, so that it can be killed and its end be seen whoever gets its number later.
fn watch(pid: i32) -> Result<OwnedFd, Error> {
    let pid = Pid::from_raw(pid).ok_or(rustix::io::Errno::SRCH);
    pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()))
        .map_err(Error::system("watch a worker"))
}

fn wait_for_end(pidfd: &OwnedFd) -> Result<(), Error> {
    let mut ended = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
    poll(&mut ended, PollTimeout::NONE).map_err(Error::system("wait for a worker's end"))?;
    Ok(())
}
