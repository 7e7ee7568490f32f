//! Permits for large bodies.
//!
//! A function has 256 MB for several jobs at a time, and a large body is in memory more than once
//! while it is received, decoded and sent on. Bodies of the usual size fit side by side. A job that
//! meets a larger one waits until no other job has the permit. A job that has it waits for no other
//! job, so no two jobs can wait for each other.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use futures_util::lock::{Mutex, OwnedMutexGuard};

/// What every job may have of a body without asking, in bytes: an image of 3 MB as base64.
pub const SMALL: usize = 4 * 1024 * 1024;

/// What the jobs of an isolate share. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct LargeBodies(Arc<Mutex<()>>);

impl LargeBodies {
    /// The permit of one job, not acquired yet.
    pub fn permit(&self) -> LargeBodyPermit {
        LargeBodyPermit {
            bodies: self.clone(),
            held: RefCell::default(),
            waiting: Cell::new(false),
        }
    }
}

/// One job's permit. Dropping it lets the next job have it.
#[derive(Debug)]
pub struct LargeBodyPermit {
    bodies: LargeBodies,
    held: RefCell<Option<OwnedMutexGuard<()>>>,
    waiting: Cell<bool>,
}

impl LargeBodyPermit {
    /// Waits until this job is the one that may have more than [`SMALL`]. It may from then on.
    pub async fn acquire(&self) {
        if self.held.borrow().is_some() {
            return;
        }
        self.waiting.set(true);
        let permit = self.bodies.0.clone().lock_owned().await;
        self.waiting.set(false);
        *self.held.borrow_mut() = Some(permit);
    }

    /// Whether the job waits for another one, which may take long.
    pub fn is_waiting(&self) -> bool {
        self.waiting.get()
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
