//! Virtual time: it stands still while a future is ready, and then jumps to the next timer.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use generation_queue::port::Clock;

/// A clock of virtual time; its clones show the same time.
#[derive(Clone, Default)]
pub struct VirtualClock(Rc<State>);

#[derive(Default)]
struct State {
    now: Cell<Duration>,
    timers: RefCell<Vec<(Duration, Waker)>>,
    stop_at: Cell<Option<Duration>>,
    suspension: Cell<Option<(Duration, Duration)>>,
}

impl VirtualClock {
    /// Tells the worker to stop at that time.
    pub fn stop_at(&self, time: Duration) {
        self.0.stop_at.set(Some(time));
    }

    /// Suspends the process at that time for that long.
    pub fn suspend(&self, at: Duration, length: Duration) {
        self.0.suspension.set(Some((at, length)));
    }

    /// Lets time pass while nothing runs.
    pub fn advance(&self, duration: Duration) {
        self.0.now.set(self.0.now.get() + duration);
    }

    /// Runs a future to its end.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return value;
            }
            if !woken.0.swap(false, Ordering::Relaxed) {
                self.jump();
            }
        }
    }

    /// Goes to the next timer and wakes every future whose time has come.
    fn jump(&self) {
        let mut timers = self.0.timers.borrow_mut();
        let next = timers.iter().map(|(time, _)| *time).min();
        let next = next.expect("the future waits for something that never comes");
        let mut now = self.0.now.get().max(next);
        if let Some((_, length)) = self.0.suspension.get().filter(|(at, _)| *at <= now) {
            self.0.suspension.set(None);
            now += length;
        }
        self.0.now.set(now);
        timers.retain(|(time, waker)| {
            if *time <= now {
                waker.wake_by_ref();
            }
            *time > now
        });
    }

    async fn until(&self, time: Duration) {
        poll_fn(|context| {
            if self.0.now.get() >= time {
                return Poll::Ready(());
            }
            self.0.timers.borrow_mut().push((time, context.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        self.0.now.get()
    }

    async fn sleep(&self, duration: Duration) {
        self.until(self.0.now.get() + duration).await;
    }

    fn random(&self) -> f64 {
        0.5
    }

    fn stopping(&self) -> bool {
        self.0.stop_at.get().is_some_and(|time| self.0.now.get() >= time)
    }

    async fn stop(&self) {
        match self.0.stop_at.get() {
            Some(time) => self.until(time).await,
            None => std::future::pending().await,
        }
    }
}
