//! Random schedules of clients, operators, children and time against the machine, with its
//! invariants checked after every event. A schedule that fails prints its seed and its end.

mod arbiter;
mod clients;
mod operators;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use super::super::worker::WorkerState;
use super::super::{ClientId, Command, Event, Machine};
use super::children::{Children, Dice};
use super::world::lifecycle;
use crate::process::hop::{CallId, WorkerId};

/// More than any schedule needs to come to rest.
const REST_STEPS_MAX: u64 = 40_000;
/// How much of a schedule is printed.
const TRACE_LINES_MAX: usize = 60;
const CLIENTS: u64 = 6;
const GRACE: Duration = Duration::from_secs(30);

/// Runs one schedule to its end.
pub(super) fn run(seed: u64, steps: u64) {
    let mut schedule = Schedule::new(seed);
    for _ in 0..steps {
        schedule.step();
    }
    schedule.come_to_rest();
    schedule.check_all_served();
    schedule.stop();
    schedule.come_to_rest();
    schedule.check_all_ended();
}

/// A request, from when it was sent.
struct Asked {
    client: ClientId,
    app: &'static str,
    /// Its client does not wait for it any more, and must not get a byte of it.
    left: bool,
    ended: bool,
}

struct Schedule {
    seed: u64,
    dice: Dice,
    machine: Machine,
    now: Instant,
    children: Children,
    /// Connected clients; those with even numbers are of the old kind.
    clients: Vec<ClientId>,
    last_client: u64,
    slow: HashSet<ClientId>,
    stalled: Vec<(ClientId, WorkerId)>,
    /// By number, which is id and call.
    asked: BTreeMap<u64, Asked>,
    /// Commands, and whether they are answered.
    commands: Vec<bool>,
    /// How often others were served while a call waits.
    passed_over: HashMap<CallId, HashMap<ClientId, u32>>,
    stopping: bool,
    finished: u32,
    trace: VecDeque<String>,
}

impl Schedule {
    fn new(seed: u64) -> Schedule {
        let now = Instant::now();
        let mut schedule = Schedule {
            seed,
            dice: Dice(seed),
            machine: Machine::new(&operators::apps(), lifecycle(), seed, now),
            now,
            children: Children::default(),
            clients: (1..=CLIENTS).map(ClientId).collect(),
            last_client: CLIENTS,
            slow: HashSet::new(),
            stalled: Vec::new(),
            asked: BTreeMap::new(),
            commands: Vec::new(),
            passed_over: HashMap::new(),
            stopping: false,
            finished: 0,
            trace: VecDeque::new(),
        };
        schedule.machine.start(now);
        schedule.carry_out();
        schedule
    }

    fn step(&mut self) {
        match self.dice.below(1000) {
            0..220 => self.request(),
            220..250 => self.cancel(),
            250..270 => self.disconnect(),
            270..310 => self.turn_slow_or_fast(),
            310..600 => self.hear(),
            600..890 => self.children.act(&mut self.dice, true),
            890..970 => self.pass_time(),
            970..990 => self.operate(),
            990..995 if self.seed.is_multiple_of(3) => self.stop(),
            _ => {}
        }
    }

    fn hear(&mut self) {
        if let Some(event) = self.children.hear(&mut self.dice) {
            self.happen(event);
        }
    }

    fn happen(&mut self, event: Event) {
        match &event {
            Event::Request(client, request) => {
                let (id, app) = (&request.id, &request.app_path);
                self.note(format!("{client:?} asks {app} for {id}"));
            }
            Event::Command(id, Command::Configure(apps, _)) => {
                let names = apps.iter().map(|app| (app.name.as_str(), app.workers));
                let names: Vec<_> = names.collect();
                self.note(format!("{id:?}: configure {names:?}"));
            }
            Event::Command(id, Command::Reload(name, settings)) => {
                let workers = settings.as_ref().map(|settings| settings.workers);
                self.note(format!("{id:?}: reload {name}, {workers:?}"));
            }
            other => self.note(format!("{other:?}")),
        }
        let before = self.failures();
        let last_worker = self.machine.last_worker;
        self.machine.handle(self.now, event);
        self.check_backoff(&before, last_worker);
        self.carry_out();
    }

    fn pass_time(&mut self) {
        let until = match (self.machine.next_due(), self.dice.below(30)) {
            (Some(due), 0..10) => due.max(self.now),
            // The machine was suspended, or its process was stopped.
            (_, 10) => self.now + Duration::from_secs(self.dice.below(100_000)),
            _ => self.now + Duration::from_millis(self.dice.below(3000)),
        };
        self.advance(until);
    }

    fn advance(&mut self, until: Instant) {
        self.note(format!("{:?} pass", until - self.now));
        self.now = until;
        self.machine.advance(until);
        self.carry_out();
    }

    /// Everybody does what they are for, until nothing is left to be done.
    fn come_to_rest(&mut self) {
        for client in std::mem::take(&mut self.slow) {
            self.catch_up(client);
        }
        for _ in 0..REST_STEPS_MAX {
            self.children.act(&mut self.dice, false);
            self.hear();
            if self.children.are_quiet() {
                match self.next_event() {
                    Some(due) if self.finished == 0 => self.advance(due.max(self.now)),
                    _ => return,
                }
            }
        }
        panic!("it does not come to rest");
    }

    /// When something is due that does not only come with age, which never ends.
    fn next_event(&self) -> Option<Instant> {
        self.machine.timers.next_but_age()
    }

    fn check_all_served(&mut self) {
        self.check_answers();
        if !self.stopping {
            assert_eq!(self.next_event(), None, "a timer is left");
            for (id, worker) in &self.machine.workers {
                let rests = [WorkerState::Ready, WorkerState::Waiting];
                assert!(rests.contains(&worker.state), "{id:?} lingers: {worker:?}");
            }
        }
    }

    fn check_all_ended(&mut self) {
        self.check_answers();
        assert_eq!(self.finished, 1, "the end of the stop");
        assert_eq!(self.machine.workers.len(), 0);
        assert_eq!(self.machine.generations.len(), 0);
    }

    fn check_answers(&self) {
        let left = &self.machine.calls;
        assert!(
            left.is_empty(),
            "{left:?} are left, {:?}",
            self.machine.apps
        );
        for (number, asked) in &self.asked {
            assert!(asked.ended || asked.left, "r{number} has no answer");
        }
        for (number, answered) in self.commands.iter().enumerate() {
            assert!(answered, "command {number} has no answer");
        }
    }

    fn stop(&mut self) {
        if !self.stopping {
            self.stopping = true;
            self.happen(Event::Stop(GRACE));
        }
    }

    fn note(&mut self, line: String) {
        if self.trace.len() == TRACE_LINES_MAX {
            self.trace.pop_front();
        }
        self.trace.push_back(line);
    }
}

impl Drop for Schedule {
    // The only way to say which seed it was, wherever the assertion is that failed.
    #[allow(clippy::print_stderr)]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let seed = self.seed;
            eprintln!("seed {seed}, the end of its schedule:");
            for line in &self.trace {
                eprintln!("  {line}");
            }
            eprintln!(
                "replay it: DIRTY_SIMULATION_SEED={seed} cargo test --release --lib \
                 machine::tests::random::nothing_is_lost"
            );
        }
    }
}
