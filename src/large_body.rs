//! Room for large bodies.
//!
//! A function has 256 MB for several jobs at a time, and a large body stands in memory more than
//! once while it is received, decoded and sent on. Bodies of the usual size fit side by side; a job
//! that meets a larger one waits until no other job has one. Nobody waits for anything else while
//! it has that room, so no two jobs can wait for each other.

use std::cell::RefCell;
use std::sync::Arc;

use futures_util::lock::{Mutex, OwnedMutexGuard};

/// What every job may have of a body without asking, in bytes: an image of 3 MB as base64.
pub const SMALL: usize = 4 * 1024 * 1024;

/// The memory that jobs share. Clones are the same memory.
#[derive(Debug, Clone, Default)]
pub struct LargeBodies(Arc<Mutex<()>>);

impl LargeBodies {
    /// A job's part of it.
    pub fn permit(&self) -> LargeBodyPermit {
        LargeBodyPermit { large_bodies: self.clone(), large: RefCell::default() }
    }
}

/// One job's part of the memory. Dropping it leaves the room to the next.
#[derive(Debug)]
pub struct LargeBodyPermit {
    large_bodies: LargeBodies,
    large: RefCell<Option<OwnedMutexGuard<()>>>,
}

impl LargeBodyPermit {
    /// Waits until this job is the one that may have more than [`SMALL`]. It may from then on.
    pub async fn acquire(&self) {
        if self.large.borrow().is_some() {
            return;
        }
        let permit = self.large_bodies.0.clone().lock_owned().await;
        *self.large.borrow_mut() = Some(permit);
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
