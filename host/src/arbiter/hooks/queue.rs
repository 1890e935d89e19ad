//! Which hook is run when: those of one worker one after the other, in the order in which they came,
//! those of several workers at once, up to a limit. Pure: it runs nothing.

use std::collections::{HashSet, VecDeque};

use crate::process::hop::WorkerId;

/// What runs and what waits.
#[derive(Debug)]
pub(super) struct Queue<T> {
    running_max: usize,
    waiting_max: usize,
    /// Workers of which a hook runs.
    running: HashSet<WorkerId>,
    /// The oldest first.
    waiting: VecDeque<(WorkerId, T)>,
}

impl<T> Queue<T> {
    pub(super) fn new(running_max: usize, waiting_max: usize) -> Queue<T> {
        Queue {
            running_max,
            waiting_max,
            running: HashSet::new(),
            waiting: VecDeque::new(),
        }
    }

    /// Adds a worker's next. Returns the oldest that waits, if there are too many.
    pub(super) fn push(&mut self, worker: WorkerId, job: T) -> Option<T> {
        self.waiting.push_back((worker, job));
        if self.waiting.len() <= self.waiting_max || self.next_index().is_some() {
            return None;
        }
        self.waiting.pop_front().map(|(_, job)| job)
    }

    /// Takes the next that can be run now; [`done`](Queue::done) says when it has been.
    pub(super) fn next(&mut self) -> Option<(WorkerId, T)> {
        let next = self.waiting.remove(self.next_index()?)?;
        self.running.insert(next.0);
        Some(next)
    }

    /// The hook of this worker that was running has ended.
    pub(super) fn done(&mut self, worker: WorkerId) {
        self.running.remove(&worker);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.len() == 0
    }

    /// How many run or wait.
    pub(super) fn len(&self) -> usize {
        self.running.len() + self.waiting.len()
    }

    fn next_index(&self) -> Option<usize> {
        if self.running.len() >= self.running_max {
            return None;
        }
        let free = |(worker, _): &(WorkerId, T)| !self.running.contains(worker);
        self.waiting.iter().position(free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: WorkerId = WorkerId(1);
    const B: WorkerId = WorkerId(2);
    const C: WorkerId = WorkerId(3);

    #[test]
    fn a_workers_own_follow_each_other_and_hold_nobody_up() {
        let mut queue = Queue::new(16, 16);
        for (worker, job) in [(A, "a1"), (A, "a2"), (B, "b1"), (A, "a3")] {
            assert_eq!(queue.push(worker, job), None);
        }
        assert_eq!(queue.next(), Some((A, "a1")));
        assert_eq!(queue.next(), Some((B, "b1")));
        assert_eq!(queue.next(), None);
        queue.done(A);
        assert_eq!(queue.next(), Some((A, "a2")));
        assert_eq!(queue.next(), None);
        queue.done(B);
        assert_eq!(queue.next(), None);
        queue.done(A);
        assert_eq!(queue.next(), Some((A, "a3")));
        assert!(!queue.is_idle());
        queue.done(A);
        assert!(queue.is_idle());
    }

    #[test]
    fn no_more_than_so_many_run_at_once() {
        let mut queue = Queue::new(2, 16);
        for worker in [A, B, C] {
            queue.push(worker, ());
        }
        assert_eq!(queue.next(), Some((A, ())));
        assert_eq!(queue.next(), Some((B, ())));
        assert_eq!(queue.next(), None);
        queue.done(B);
        assert_eq!(queue.next(), Some((C, ())));
    }

    #[test]
    fn the_oldest_that_waits_gives_way_and_what_runs_does_not() {
        let mut queue = Queue::new(1, 2);
        assert_eq!(queue.push(A, 0), None);
        assert_eq!(queue.next(), Some((A, 0)));
        assert_eq!(queue.push(A, 1), None);
        assert_eq!(queue.push(B, 2), None);
        assert_eq!(queue.push(C, 3), Some(1));
        queue.done(A);
        assert_eq!(queue.next(), Some((B, 2)));
    }
}
