//! Permits for large bodies.
//!
//! A function has 256 MB for several jobs at a time, and a large body is in memory more than once
//! while it is received, decoded and sent on. Bodies of the usual size fit side by side. A job that
//! meets a larger one waits until no other job has the permit. A job that has it waits for no other
//! job, so no two jobs can wait for each other.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// How much of a body a job may hold without the permit, in bytes: an image of 3 MB as base64.
pub const SMALL: usize = 4 * 1024 * 1024;

/// As much as large bodies need at once, in bytes: an image of 22 MB as base64. Where one has been, the next
/// fits in; one with room for the most that is allowed would need fresh memory.
pub const LARGE: usize = 30 * 1024 * 1024;

/// What the jobs of an isolate share. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct LargeBodies(Rc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Whether a job has the permit.
    taken: Cell<bool>,
    /// Whom to wake when none has it.
    waiting: RefCell<Vec<Waker>>,
}

impl LargeBodies {
    /// The permit of one job, not acquired yet.
    pub fn permit(&self) -> LargeBodyPermit {
        LargeBodyPermit { bodies: self.0.clone(), state: Cell::default() }
    }
}

/// One job's permit. Dropping it lets the next job have it.
#[derive(Debug)]
pub struct LargeBodyPermit {
    bodies: Rc<Shared>,
    state: Cell<State>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Unneeded,
    Waiting,
    Held,
}

impl LargeBodyPermit {
    /// Waits until this job is the one that may have more than [`SMALL`]. It may from then on.
    pub async fn acquire(&self) {
        poll_fn(|context| {
            if self.state.get() == State::Held || !self.bodies.taken.replace(true) {
                self.state.set(State::Held);
                return Poll::Ready(());
            }
            self.state.set(State::Waiting);
            let mut waiting = self.bodies.waiting.borrow_mut();
            if !waiting.iter().any(|waker| waker.will_wake(context.waker())) {
                waiting.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }

    /// Whether the job waits for another one, which may take long.
    pub fn is_waiting(&self) -> bool {
        self.state.get() == State::Waiting
    }
}

impl Drop for LargeBodyPermit {
    fn drop(&mut self) {
        if self.state.get() == State::Held {
            self.bodies.taken.set(false);
            self.bodies.waiting.take().into_iter().for_each(Waker::wake);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn one_job_at_a_time_has_large_bodies_and_as_many_as_it_likes() {
        let large_bodies = LargeBodies::default();
        let (first, second) = (large_bodies.permit(), large_bodies.permit());
        first.acquire().now_or_never().unwrap();
        first.acquire().now_or_never().unwrap();
        let mut waiting = Box::pin(second.acquire());
        assert_eq!(waiting.as_mut().now_or_never(), None);
        drop(first);
        waiting.now_or_never().unwrap();
    }

    #[test]
    fn one_that_gives_up_waiting_is_in_nobodys_way() {
        let large_bodies = LargeBodies::default();
        let (first, second, third) =
            (large_bodies.permit(), large_bodies.permit(), large_bodies.permit());
        first.acquire().now_or_never().unwrap();
        assert_eq!(second.acquire().now_or_never(), None);
        drop(first);
        third.acquire().now_or_never().unwrap();
    }
}
