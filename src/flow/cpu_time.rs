//! How long a run keeps the thread busy.
//!
//! A function has two seconds of CPU time for a request, and a run that uses them up is ended in
//! the middle of its jobs. Nobody says how much is left, but between two awaits a run does nothing
//! but compute: those stretches are added up.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::time::Duration;

use crate::port::Clock;

/// The stretches of a run.
#[derive(Debug, Default)]
pub(super) struct CpuTime {
    /// The sum of those that are over.
    before: Cell<Duration>,
    /// When the one that is on began.
    since: Cell<Duration>,
}

impl CpuTime {
    /// Carries out `work`, which is the run.
    pub(super) async fn measure<T>(&self, clock: &impl Clock, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            self.since.set(clock.now());
            let state = work.as_mut().poll(context);
            self.before.set(self.used(clock.now()));
            state
        })
        .await
    }

    /// How much it is, for work that asks at `now`.
    pub(super) fn used(&self, now: Duration) -> Duration {
        self.before.get() + now.saturating_sub(self.since.get())
    }
}
