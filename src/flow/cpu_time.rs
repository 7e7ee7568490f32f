//! How much CPU time a run has used.
//!
//! A function has two seconds of CPU time for a request. A run that uses them up is ended in the
//! middle of its jobs. The platform does not say how much is left, but between two awaits a run
//! only computes: those stretches are added up.

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
    /// Runs `work` and measures it.
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

    /// The CPU time used until `now`.
    pub(super) fn used(&self, now: Duration) -> Duration {
        self.before.get() + now.saturating_sub(self.since.get())
    }
}
