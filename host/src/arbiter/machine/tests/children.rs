//! Molds and workers for the random schedule, as the arbiter meets them: processes with a socket
//! each, on which they say things that are heard later, or never.
//!
//! What is modelled: a child that is killed has said what it has said; its socket's end is heard
//! after that. A worker's end is also reported by its mold, on the mold's socket, before or after.
//! A mold that has died reports nothing more, and its copies die with it.

use std::collections::{BTreeMap, VecDeque};

use super::super::{Effect, Event, GenerationId};
use super::world::{chunk_of, exit, failure, last_of};
use crate::process::hop::{CallId, Exit, ExitStatus, Fate, Initialised, Stage, Taint, WorkerId};

/// A small linear congruential generator; its high bits are good enough for schedules.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    pub(super) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

enum Order {
    Fork(WorkerId),
    Call(CallId),
    Stop,
}

#[derive(Default)]
struct Mold {
    alive: bool,
    booted: bool,
    orders: VecDeque<Order>,
    to_reap: Vec<(WorkerId, Exit)>,
    said: VecDeque<Event>,
}

struct Worker {
    mold: GenerationId,
    alive: bool,
    ready: bool,
    orders: VecDeque<Order>,
    serving: Option<CallId>,
    cancelled: bool,
    said: VecDeque<Event>,
    /// What the arbiter knows, has said and does.
    link: Link,
}

/// The arbiter's end of a worker's socket.
#[derive(Default)]
struct Link {
    adopted: bool,
    forgotten: bool,
    paused: bool,
    heard_ready: bool,
    /// It was told to end, or its end was heard of.
    ending: bool,
    lease: Option<CallId>,
}

#[derive(Default)]
pub(super) struct Children {
    molds: BTreeMap<GenerationId, Mold>,
    workers: BTreeMap<WorkerId, Worker>,
}

impl Children {
    /// Carries out what concerns children, and checks that it may be asked of them.
    pub(super) fn apply(&mut self, effect: &Effect) {
        match effect {
            Effect::SpawnMold(mold, _) => {
                let alive = Mold {
                    alive: true,
                    ..Mold::default()
                };
                self.molds.insert(*mold, alive);
            }
            Effect::StopMold(mold) => self.order(*mold, Order::Stop),
            Effect::KillMold(mold) => self.mold_dies(*mold),
            Effect::Fork(mold, worker) => self.order(*mold, Order::Fork(*worker)),
            Effect::StopWorker(id) => {
                if let Some(worker) = self.workers.get_mut(id) {
                    worker.link.ending = true;
                    worker.orders.push_back(Order::Stop);
                }
            }
            Effect::KillWorker(id) => {
                // Before it is adopted there is nothing to kill it by.
                if let Some(worker) = self.workers.get_mut(id).filter(|it| it.link.adopted) {
                    worker.link.ending = true;
                    worker.link.paused = false;
                    self.worker_dies(*id, ExitStatus::Signal(9));
                }
            }
            Effect::ForgetWorker(id) => {
                if let Some(worker) = self.workers.get_mut(id) {
                    assert!(!worker.alive, "{id:?} is forgotten alive");
                    let heard = !worker.link.adopted || worker.said.is_empty();
                    assert!(heard, "{id:?} is forgotten before it was heard to the end");
                    worker.link.forgotten = true;
                }
            }
            Effect::Dispatch { worker, call, .. } => self.dispatched(*worker, *call),
            Effect::CancelCall(id, call) => {
                if let Some(worker) = self.workers.get_mut(id) {
                    worker.link.paused = false;
                    worker.cancelled |= worker.serving == Some(*call);
                }
            }
            _ => {}
        }
    }

    fn order(&mut self, mold: GenerationId, order: Order) {
        if let Some(mold) = self.molds.get_mut(&mold).filter(|mold| mold.alive) {
            mold.orders.push_back(order);
        }
    }

    fn dispatched(&mut self, id: WorkerId, call: CallId) {
        let worker = self
            .workers
            .get_mut(&id)
            .expect("a call goes to a worker that exists");
        let link = &mut worker.link;
        assert!(
            link.heard_ready,
            "{call:?} goes to {id:?}, which is not ready"
        );
        assert!(
            !link.ending,
            "{call:?} goes to {id:?}, which is on its way out"
        );
        assert!(!link.paused, "{call:?} goes to {id:?}, which is not read");
        assert_eq!(
            link.lease, None,
            "{call:?} goes to {id:?}, which has a lease"
        );
        link.lease = Some(call);
        worker.orders.push_back(Order::Call(call));
    }

    fn mold_dies(&mut self, id: GenerationId) {
        let Some(mold) = self.molds.get_mut(&id).filter(|mold| mold.alive) else {
            return;
        };
        mold.alive = false;
        mold.orders.clear();
        mold.to_reap.clear();
        let copies = self.workers.iter().filter(|(_, worker)| worker.mold == id);
        let copies: Vec<_> = copies.map(|(copy, _)| *copy).collect();
        for copy in copies {
            self.worker_dies(copy, ExitStatus::Signal(9));
        }
        let gone = Event::MoldGone(id, Some(exit(ExitStatus::Signal(9))));
        self.say_as_mold(id, gone);
    }

    fn worker_dies(&mut self, id: WorkerId, status: ExitStatus) {
        let Some(worker) = self.workers.get_mut(&id).filter(|worker| worker.alive) else {
            return;
        };
        worker.alive = false;
        worker.said.push_back(Event::WorkerDrained {
            worker: id,
            unread: !worker.orders.is_empty(),
        });
        if let Some(mold) = self.molds.get_mut(&worker.mold).filter(|mold| mold.alive) {
            mold.to_reap.push((id, exit(status)));
        }
    }

    fn say_as_mold(&mut self, id: GenerationId, event: Event) {
        if let Some(mold) = self.molds.get_mut(&id) {
            mold.said.push_back(event);
        }
    }

    fn say(&mut self, id: WorkerId, event: Event) {
        if let Some(worker) = self.workers.get_mut(&id) {
            worker.said.push_back(event);
        }
    }
}

/// What the loop does with links.
impl Children {
    /// Stops reading a worker, for a client that does not read.
    pub(super) fn pause(&mut self, id: WorkerId) {
        if let Some(worker) = self.workers.get_mut(&id) {
            worker.link.paused = true;
        }
    }

    /// Reads a worker again. Whether it was not read.
    pub(super) fn resume(&mut self, id: WorkerId) -> bool {
        let Some(worker) = self.workers.get_mut(&id).filter(|it| !it.link.forgotten) else {
            return false;
        };
        std::mem::take(&mut worker.link.paused)
    }

    pub(super) fn is_paused(&self, id: WorkerId) -> bool {
        self.workers.get(&id).is_some_and(|it| it.link.paused)
    }

    /// The next event of a child that has said something, chosen by chance.
    pub(super) fn hear(&mut self, dice: &mut Dice) -> Option<Event> {
        // What the loop has taken in already is heard though its worker is not read any more.
        let leaks = dice.one_in(4);
        let molds = self.molds.values_mut().map(|mold| &mut mold.said);
        let audible = |link: &Link| link.adopted && !link.forgotten && (!link.paused || leaks);
        let workers = self.workers.values_mut().filter(|it| audible(&it.link));
        let mut speakers: Vec<_> = molds
            .chain(workers.map(|worker| &mut worker.said))
            .filter(|said| !said.is_empty())
            .collect();
        let count = speakers.len() as u64;
        let event = speakers
            .get_mut(dice.below(count.max(1)) as usize)?
            .pop_front()?;
        self.note(&event);
        Some(event)
    }

    /// Whether there is nothing to be heard and nothing to be done.
    pub(super) fn are_quiet(&self) -> bool {
        let mold_is = |mold: &Mold| {
            mold.said.is_empty()
                && (!mold.alive || mold.booted && mold.orders.is_empty() && mold.to_reap.is_empty())
        };
        let worker_is = |worker: &Worker| {
            let idle = worker.ready && worker.serving.is_none() && worker.orders.is_empty();
            (worker.said.is_empty() || worker.link.forgotten) && (!worker.alive || idle)
        };
        self.molds.values().all(mold_is) && self.workers.values().all(worker_is)
    }

    fn note(&mut self, event: &Event) {
        let (Event::Forked(id, _)
        | Event::WorkerReady(id)
        | Event::WorkerFailed(id, _)
        | Event::Final(id, ..)
        | Event::WorkerDrained { worker: id, .. }
        | Event::WorkerExited(id, _)) = event
        else {
            return;
        };
        let Some(Worker { link, .. }) = self.workers.get_mut(id) else {
            return;
        };
        match event {
            Event::Forked(..) => link.adopted = true,
            Event::WorkerReady(_) => link.heard_ready = true,
            Event::Final(_, _, fate, _) => {
                link.lease = None;
                // Its next call is another client's, who may well read.
                link.paused = false;
                link.ending |= *fate != Fate::Healthy;
            }
            _ => link.ending = true,
        }
    }
}

/// What children do by themselves.
impl Children {
    /// Lets one child do something. Without `faults` it does what it is for.
    pub(super) fn act(&mut self, dice: &mut Dice, faults: bool) {
        let molds = self.molds.iter().filter(|(_, mold)| mold.alive);
        let molds: Vec<_> = molds.map(|(id, _)| *id).collect();
        let workers = self.workers.iter().filter(|(_, worker)| worker.alive);
        let workers: Vec<_> = workers.map(|(id, _)| *id).collect();
        let chosen = dice.below((molds.len() + workers.len()).max(1) as u64) as usize;
        if let Some(mold) = molds.get(chosen) {
            self.mold_acts(*mold, dice, faults);
        } else if let Some(worker) = workers.get(chosen - molds.len()) {
            self.worker_acts(*worker, dice, faults);
        }
    }

    fn mold_acts(&mut self, id: GenerationId, dice: &mut Dice, faults: bool) {
        if faults && dice.one_in(50) {
            return self.mold_dies(id);
        }
        let Some(mold) = self.molds.get_mut(&id) else {
            return;
        };
        if !mold.booted {
            return self.mold_boots(id, dice, faults);
        }
        if !mold.to_reap.is_empty() && dice.one_in(2) {
            let (worker, exit) = mold.to_reap.remove(0);
            return self.say_as_mold(id, Event::WorkerExited(worker, exit));
        }
        match mold.orders.pop_front() {
            Some(Order::Fork(worker)) if faults && dice.one_in(15) => {
                let failure = failure(dice.one_in(4));
                self.say_as_mold(id, Event::ForkFailed(worker, failure));
            }
            Some(Order::Fork(worker)) => self.forks(id, worker),
            Some(Order::Stop) => self.mold_dies(id),
            Some(Order::Call(_)) | None => {}
        }
    }

    fn mold_boots(&mut self, id: GenerationId, dice: &mut Dice, faults: bool) {
        match dice.below(20) {
            0..3 if faults => {
                let failure = failure(dice.one_in(10));
                self.say_as_mold(id, Event::MoldFailed(id, failure));
                self.mold_dies(id);
            }
            3 if faults => self.mold_dies(id),
            4..10 if faults => self.say_as_mold(id, Event::MoldStage(id, Stage::Initialising)),
            _ => {
                if faults && dice.one_in(4) {
                    let workers = 1 + u32::from(dice.one_in(2));
                    self.say_as_mold(id, Event::WantsWorkers(id, workers));
                }
                self.say_as_mold(id, Event::MoldReady(id, Initialised::InMold));
                if let Some(mold) = self.molds.get_mut(&id) {
                    mold.booted = true;
                }
            }
        }
    }

    fn forks(&mut self, mold: GenerationId, id: WorkerId) {
        let worker = Worker {
            mold,
            alive: true,
            ready: false,
            orders: VecDeque::new(),
            serving: None,
            cancelled: false,
            said: VecDeque::new(),
            link: Link::default(),
        };
        self.workers.insert(id, worker);
        self.say_as_mold(mold, Event::Forked(id, id.0 as i32));
    }

    fn worker_acts(&mut self, id: WorkerId, dice: &mut Dice, faults: bool) {
        if faults && dice.one_in(30) {
            return self.worker_dies(id, ExitStatus::Signal(11));
        }
        let Some(worker) = self.workers.get_mut(&id) else {
            return;
        };
        if !worker.ready {
            if faults && dice.one_in(8) {
                self.say(id, Event::WorkerFailed(id, failure(dice.one_in(4))));
                return self.worker_dies(id, ExitStatus::Code(1));
            }
            worker.ready = true;
            return self.say(id, Event::WorkerReady(id));
        }
        if let Some(call) = worker.serving {
            return self.serves(id, call, dice, faults);
        }
        match worker.orders.pop_front() {
            Some(Order::Call(call)) => {
                worker.serving = Some(call);
                worker.cancelled = false;
            }
            Some(Order::Stop) => self.worker_dies(id, ExitStatus::Code(0)),
            Some(Order::Fork(_)) | None => {}
        }
    }

    fn serves(&mut self, id: WorkerId, call: CallId, dice: &mut Dice, faults: bool) {
        let cancelled = self.workers.get(&id).is_some_and(|worker| worker.cancelled);
        let next = CallId(call.0 + 1);
        let fate = match dice.below(20) {
            0..5 if cancelled => return,
            0..5 => return self.say(id, Event::Chunk(id, call, chunk_of(call))),
            5 if faults => return self.say(id, Event::Chunk(id, next, chunk_of(next))),
            6..9 if faults => return,
            9..11 if faults => Fate::Tainted(Taint::Trap),
            _ => Fate::Healthy,
        };
        self.say(id, Event::Final(id, call, fate, last_of(call)));
        if faults && dice.one_in(20) {
            self.say(id, Event::OverMemory(id));
        }
        if let Some(worker) = self.workers.get_mut(&id) {
            worker.serving = None;
        }
        if fate != Fate::Healthy {
            self.worker_dies(id, ExitStatus::Code(0));
        }
    }
}
