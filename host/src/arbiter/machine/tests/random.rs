//! Random schedules of clients, children and time against the machine, with its invariants checked
//! after every event. A seed that fails prints itself and the end of its schedule.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::super::timers::Timer;
use super::super::worker::WorkerState;
use super::super::{ClientId, Effect, Event, Machine};
use super::children::{Children, Dice};
use super::invariants;
use super::world::{QUEUE_MAX, app, forwarded, id_of, lifecycle, parse_request};
use crate::process::hop::{CallId, WorkerId};
use crate::protocol::RawId;

const SEEDS: u64 = 300;
const STEPS: u64 = 300;
/// More than any schedule needs to come to rest.
const REST_STEPS_MAX: u64 = 20_000;
/// How much of a schedule is printed.
const TRACE_LINES_MAX: usize = 60;
const CLIENTS: u64 = 6;
const GRACE: Duration = Duration::from_secs(30);

#[test]
fn nothing_is_lost_or_answered_twice_whatever_happens_when() {
    for seed in 0..SEEDS {
        let mut schedule = Schedule::new(seed);
        for _ in 0..STEPS {
            schedule.step();
        }
        schedule.come_to_rest();
        schedule.check_all_served();
        schedule.stop();
        schedule.come_to_rest();
        schedule.check_all_ended();
    }
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
    stopping: bool,
    finished: u32,
    trace: VecDeque<String>,
}

impl Schedule {
    fn new(seed: u64) -> Schedule {
        let mut endless = app("endless", 1);
        endless.timeout = None;
        let apps = [app("app", 3), endless, app("empty", 0)];
        let now = Instant::now();
        let mut schedule = Schedule {
            seed,
            dice: Dice(seed),
            machine: Machine::new(&apps, lifecycle(), seed, now),
            now,
            children: Children::default(),
            clients: (1..=CLIENTS).map(ClientId).collect(),
            last_client: CLIENTS,
            slow: HashSet::new(),
            stalled: Vec::new(),
            asked: BTreeMap::new(),
            stopping: false,
            finished: 0,
            trace: VecDeque::new(),
        };
        schedule.machine.start(now);
        schedule.carry_out();
        schedule
    }

    fn step(&mut self) {
        match self.dice.below(100) {
            0..22 => self.request(),
            22..25 => self.cancel(),
            25..27 => self.disconnect(),
            27..31 => self.turn_slow_or_fast(),
            31..60 => self.hear(),
            60..90 => self.children.act(&mut self.dice, true),
            90..99 => self.pass_time(),
            _ if self.seed.is_multiple_of(3) && self.dice.one_in(2) => self.stop(),
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
            other => self.note(format!("{other:?}")),
        }
        self.machine.handle(self.now, event);
        self.carry_out();
    }

    fn pass_time(&mut self) {
        let until = match (self.machine.next_due(), self.dice.below(3)) {
            (Some(due), 0) => due.max(self.now),
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
                match self.machine.next_due() {
                    Some(due) if self.finished == 0 => self.advance(due.max(self.now)),
                    _ => return,
                }
            }
        }
        panic!("it does not come to rest");
    }

    fn check_all_served(&mut self) {
        self.check_answers();
        if !self.stopping {
            assert_eq!(self.machine.next_due(), None, "a timer is left");
            for (id, worker) in &self.machine.workers {
                assert_eq!(worker.state, WorkerState::Ready, "{id:?} lingers");
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
    }
}

/// What clients do.
impl Schedule {
    fn any_client(&mut self) -> ClientId {
        self.clients[self.dice.below(CLIENTS) as usize]
    }

    fn request(&mut self) {
        let client = self.any_client();
        let multiplex = client.0 % 2 == 1;
        if !multiplex {
            self.leave_all(client);
        }
        let app = match self.dice.below(20) {
            0..14 => "app",
            14..19 => "endless",
            _ => "empty",
        };
        let multiplex = format!(r#","multiplex":{multiplex}"#);
        let timeout = match self.dice.below(4) {
            0 => r#","timeout":0.5"#,
            _ => "",
        };
        // One that was refused had the number too.
        let number = self.machine.last_call + 1;
        let id = format!("\"r{number}\"");
        let asked = Asked {
            client,
            app,
            left: false,
            ended: false,
        };
        self.asked.insert(number, asked);
        let request = parse_request(app, &id, &(multiplex + timeout));
        self.happen(Event::Request(client, request));
        let admitted = self.machine.last_call == number;
        let answered = self.asked[&number].ended;
        assert!(admitted || answered, "r{number} is refused silently");
        // Only calls that were admitted before may come on top, when they are put back.
        let mut queues = self.machine.apps.iter().map(|app| &app.queue);
        if let Some(queue) = queues.find(|queue| queue.contains(&CallId(number))) {
            assert!(queue.len() <= QUEUE_MAX, "{queue:?} with r{number}");
        }
    }

    fn cancel(&mut self) {
        if self.machine.last_call > 0 {
            let recent = self.dice.below(self.machine.last_call.min(8));
            let number = self.machine.last_call - recent;
            let client = self.asked[&number].client;
            if self.clients.contains(&client) {
                self.happen(Event::Cancel(client, id_of(number)));
            }
        }
    }

    fn disconnect(&mut self) {
        let client = self.any_client();
        self.leave_all(client);
        self.slow.remove(&client);
        self.catch_up(client);
        self.happen(Event::Disconnected(client));
        // Another of the same kind comes.
        self.last_client += 2 - (self.last_client + client.0) % 2;
        let newcomer = ClientId(self.last_client);
        self.clients.retain(|connected| *connected != client);
        self.clients.push(newcomer);
    }

    fn leave_all(&mut self, client: ClientId) {
        let own = self
            .asked
            .values_mut()
            .filter(|asked| asked.client == client);
        for asked in own.filter(|asked| !asked.ended) {
            asked.left = true;
        }
    }

    fn turn_slow_or_fast(&mut self) {
        let client = self.any_client();
        if !self.slow.insert(client) {
            self.slow.remove(&client);
            self.catch_up(client);
        }
    }

    fn catch_up(&mut self, client: ClientId) {
        let (caught_up, rest) = std::mem::take(&mut self.stalled)
            .into_iter()
            .partition(|(stalled_by, _)| *stalled_by == client);
        self.stalled = rest;
        let caught_up: Vec<(ClientId, WorkerId)> = caught_up;
        for (_, worker) in caught_up {
            if self.children.resume(worker) {
                self.happen(Event::Resumed(worker));
            }
        }
    }

    fn stop(&mut self) {
        if !self.stopping {
            self.stopping = true;
            self.happen(Event::Stop(GRACE));
        }
    }
}

/// What the arbiter's loop does.
impl Schedule {
    fn carry_out(&mut self) {
        let mut effects = Vec::new();
        loop {
            self.machine.take_effects(&mut effects);
            if effects.is_empty() {
                break;
            }
            for effect in std::mem::take(&mut effects) {
                self.apply(effect);
            }
        }
        invariants::check(&self.machine);
        self.check_deadlines();
    }

    fn apply(&mut self, effect: Effect) {
        match &effect {
            Effect::Report(_) => {}
            Effect::Dispatch { worker, call, .. } => {
                self.note(format!("    Dispatch({worker:?}, {call:?})"));
            }
            Effect::Fail { id, error, .. } => self.note(format!("    Fail({id}, {error})")),
            other => self.note(format!("    {other:?}")),
        }
        self.children.apply(&effect);
        match effect {
            Effect::Fail { client, id, .. } => {
                let number = number_of(&id);
                self.answered(client, number, true);
            }
            Effect::Forward {
                client,
                worker,
                frames,
            } => self.forward(client, worker, &frames),
            Effect::Finished => self.finished += 1,
            _ => {}
        }
    }

    fn forward(&mut self, client: ClientId, worker: Option<WorkerId>, frames: &Bytes) {
        let (call, last) = forwarded(frames);
        self.answered(client, call.0, last);
        assert_eq!(
            worker.is_none(),
            last,
            "{call:?} names the wrong worker to pause"
        );
        if let Some(worker) = worker
            && self.slow.contains(&client)
        {
            self.stalled.push((client, worker));
            self.children.pause(worker);
            self.machine.handle(self.now, Event::Stalled(worker));
        }
    }

    fn answered(&mut self, client: ClientId, number: u64, last: bool) {
        let asked = self.asked.get_mut(&number).unwrap();
        assert_eq!(asked.client, client, "r{number} is another's");
        assert!(!asked.left, "r{number} is answered, but nobody waits");
        assert!(!asked.ended, "r{number} is answered after its end");
        asked.ended = last;
    }

    /// A call that has a deadline has a timer, unless its client does not read or its end is near.
    fn check_deadlines(&self) {
        let exempt = |call: &CallId| {
            let mut workers = self.machine.workers.iter();
            let holder = workers.find(|(_, worker)| worker.lease == Some(*call));
            holder.is_some_and(|(id, worker)| {
                self.children.is_paused(*id) || worker.state == WorkerState::Dying
            })
        };
        for call in self.machine.calls.keys().filter(|call| !exempt(call)) {
            let timer = self.machine.timers.due_at(Timer::Call(*call));
            let without = self.asked[&call.0].app == "endless";
            assert!(without || timer.is_some(), "{call:?} has no timer");
        }
    }

    fn note(&mut self, line: String) {
        if self.trace.len() == TRACE_LINES_MAX {
            self.trace.pop_front();
        }
        self.trace.push_back(line);
    }
}

fn number_of(id: &RawId) -> u64 {
    let digits = id.as_str().trim_matches(['"', 'r']);
    digits.parse().unwrap()
}

impl Drop for Schedule {
    // The only way to say which seed it was, wherever the assertion is that failed.
    #[allow(clippy::print_stderr)]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}, the end of its schedule:", self.seed);
            for line in &self.trace {
                eprintln!("  {line}");
            }
        }
    }
}
