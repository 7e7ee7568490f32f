//! The scheduler: virtual time, the workers as tasks, and the effects that are still to happen.
//!
//! Time stands still while a task is ready. Chance decides which of several ready tasks goes first,
//! and which of several effects due at the same moment.

use std::cell::{Cell, RefCell};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::future::LocalBoxFuture;

use super::sim::Sim;
use super::support::random::Random;

type Effect = Box<dyn FnOnce(&Rc<Sim>)>;

/// A task's number, never used twice.
pub type TaskId = usize;

#[derive(Default)]
pub struct Schedule {
    now: Cell<Duration>,
    steps: Cell<u64>,
    timers: RefCell<BinaryHeap<Reverse<Timer>>>,
    tasks: RefCell<Vec<Task>>,
    /// Effects that are still to happen; wake-ups do not count.
    outstanding: Cell<usize>,
}

struct Task {
    future: Option<LocalBoxFuture<'static, ()>>,
    awake: Arc<Awake>,
    waker: Waker,
    suspended_until: Duration,
}

struct Timer {
    at: Duration,
    order: u64,
    action: Action,
}

enum Action {
    Wake(Waker),
    Do(Effect),
}

impl Schedule {
    pub fn now(&self) -> Duration {
        self.now.get()
    }

    /// The number of steps so far.
    pub fn steps(&self) -> u64 {
        self.steps.get()
    }

    pub fn outstanding(&self) -> usize {
        self.outstanding.get()
    }

    /// Schedules an effect.
    pub fn at(&self, random: &Random, at: Duration, effect: impl FnOnce(&Rc<Sim>) + 'static) {
        self.outstanding.set(self.outstanding.get() + 1);
        self.push(random, at, Action::Do(Box::new(effect)));
    }

    fn push(&self, random: &Random, at: Duration, action: Action) {
        let at = at.max(self.now());
        self.timers.borrow_mut().push(Reverse(Timer { at, order: random.next(), action }));
    }

    /// Returns at the given time.
    pub async fn until(&self, random: &Random, at: Duration) {
        let mut set = false;
        poll_fn(|context| {
            if self.now() >= at {
                return Poll::Ready(());
            }
            if !set {
                set = true;
                self.push(random, at, Action::Wake(context.waker().clone()));
            }
            Poll::Pending
        })
        .await;
    }

    pub fn spawn(&self, future: LocalBoxFuture<'static, ()>) -> TaskId {
        let awake = Arc::new(Awake(AtomicBool::new(true)));
        let waker = Waker::from(awake.clone());
        let task = Task { future: Some(future), awake, waker, suspended_until: Duration::ZERO };
        self.tasks.borrow_mut().push(task);
        self.tasks.borrow().len() - 1
    }

    pub fn is_alive(&self, task: TaskId) -> bool {
        self.tasks.borrow()[task].future.is_some()
    }

    pub fn living(&self) -> usize {
        self.tasks.borrow().iter().filter(|task| task.future.is_some()).count()
    }

    /// Drops a task at its current await.
    pub fn kill(&self, task: TaskId) {
        let future = self.tasks.borrow_mut()[task].future.take();
        drop(future);
    }

    /// Keeps a task from running until a time, like a suspended process.
    pub fn suspend(&self, random: &Random, task: TaskId, until: Duration) {
        let waker = {
            let task = &mut self.tasks.borrow_mut()[task];
            task.suspended_until = task.suspended_until.max(until);
            task.waker.clone()
        };
        self.push(random, until, Action::Wake(waker));
    }

    /// Polls a ready task or applies the next effect; returns false if there is neither.
    pub fn step(&self, sim: &Rc<Sim>) -> bool {
        self.steps.set(self.steps.get() + 1);
        if let Some(task) = self.ready(&sim.random) {
            let (future, waker) = {
                let task = &mut self.tasks.borrow_mut()[task];
                task.awake.0.store(false, Relaxed);
                (task.future.take(), task.waker.clone())
            };
            if let Some(mut future) = future
                && future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending()
            {
                self.tasks.borrow_mut()[task].future = Some(future);
            }
            return true;
        }
        let next = self.timers.borrow_mut().pop();
        let Some(Reverse(Timer { at, action, .. })) = next else { return false };
        self.now.set(at.max(self.now()));
        match action {
            Action::Wake(waker) => waker.wake(),
            Action::Do(effect) => {
                self.outstanding.set(self.outstanding.get() - 1);
                effect(sim);
            }
        }
        true
    }

    /// One of the ready tasks.
    fn ready(&self, random: &Random) -> Option<TaskId> {
        let tasks = self.tasks.borrow();
        let can = |task: &Task| {
            task.future.is_some()
                && task.awake.0.load(Relaxed)
                && task.suspended_until <= self.now()
        };
        let count = tasks.iter().filter(|task| can(task)).count();
        let chosen = if count > 1 { random.below(count) } else { 0 };
        let mut ready = tasks.iter().enumerate().filter(|(_, task)| can(task));
        ready.nth(chosen).map(|(number, _)| number)
    }

    /// Drops everything that refers to the simulation.
    pub fn clear(&self) {
        let tasks = std::mem::take(&mut *self.tasks.borrow_mut());
        drop(tasks);
        self.timers.borrow_mut().clear();
    }
}

struct Awake(AtomicBool);

impl Wake for Awake {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Timer {}
