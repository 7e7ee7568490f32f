//! Virtual time.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::{Poll, Waker};
use std::time::Duration;

#[derive(Default)]
pub struct Timers {
    now: Cell<Duration>,
    count: Cell<u64>,
    waiting: RefCell<BTreeMap<(Duration, u64), Waker>>,
}

/// A timer whose future was dropped is removed.
struct Entry<'a>(&'a Timers, (Duration, u64));

impl Timers {
    pub fn now(&self) -> Duration {
        self.now.get()
    }

    pub async fn sleep(&self, duration: Duration) {
        self.count.set(self.count.get() + 1);
        let entry = Entry(self, (self.now() + duration, self.count.get()));
        poll_fn(|context| {
            if self.now() >= entry.1.0 {
                return Poll::Ready(());
            }
            self.waiting.borrow_mut().insert(entry.1, context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Goes on to the next timer; false when there is none before `until`, which it is then.
    pub fn next(&self, until: Duration) -> bool {
        let mut waiting = self.waiting.borrow_mut();
        match waiting.first_entry().filter(|first| first.key().0 <= until) {
            Some(first) => {
                self.now.set(self.now().max(first.key().0));
                first.remove().wake();
                true
            }
            None => {
                self.now.set(until);
                false
            }
        }
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.0.waiting.borrow_mut().remove(&self.1);
    }
}
