//! Waiting for a time.
//!
//! Whatever waits here shares one timer of JavaScript. A job waits for a dozen times that hardly ever come: those
//! of its requests, their bodies and its lease. To set and clear a timer for each took as long as to decide what
//! the job needs.
//!
//! The timer is a signal that is aborted after a time. `setTimeout` is npm's in the current Deno, which loads two
//! dozen modules for the first one, and that takes a third of a start.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

/// Timers take a signed 32-bit number of milliseconds and fire at once for anything longer.
const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);

#[wasm_bindgen]
extern "C" {
    type Performance;
    #[wasm_bindgen(method)]
    fn now(this: &Performance) -> f64;
}

/// What happens once, and what waits for it.
#[derive(Default)]
pub(super) struct Event {
    happened: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

impl Event {
    /// It happens now.
    pub(super) fn happen(&self) {
        self.happened.set(true);
        self.waker.take().map(Waker::wake);
    }

    /// Whether it has happened.
    pub(super) fn poll(&self, context: &Context<'_>) -> Poll<()> {
        if self.happened.get() {
            return Poll::Ready(());
        }
        self.waker.set(Some(context.waker().clone()));
        Poll::Pending
    }
}

/// What waits, and that by which it does.
#[derive(Default)]
struct Timers {
    performance: JsValue,
    /// What the timer calls.
    ring: Option<Function>,
    waiting: Vec<(Duration, Rc<Event>)>,
    /// When the timer is due, and its signal. It may be earlier than anything that waits.
    timer: Option<(Duration, AbortSignal)>,
}

thread_local! {
    static TIMERS: RefCell<Timers> = RefCell::default();
}

/// Takes the object that tells the time as it is now, and leaves a timer that may be of another one. Deno finds
/// out with each use of its name whether npm code asks for it.
pub(super) fn find_clock() {
    let performance = Reflect::get(&js_sys::global(), &"performance".into()).unwrap_or_default();
    TIMERS.with_borrow_mut(|timers| {
        timers.performance = performance;
        timers.timer.take_if(|_| timers.waiting.is_empty());
    });
}

/// The time on a clock that never goes back.
pub(super) fn now() -> Duration {
    TIMERS.with_borrow(Timers::now)
}

/// Has an event happen after `duration`.
pub(super) fn begin(duration: Duration, event: Rc<Event>) {
    TIMERS.with_borrow_mut(|timers| {
        let now = timers.now();
        let due = now.saturating_add(duration);
        match &timers.timer {
            Some((at, _)) if (now..=due).contains(at) => {
                if timers.waiting.is_empty() {
                    timers.listen();
                }
            }
            _ => timers.set_timer(due, duration),
        }
        timers.waiting.push((due, event));
    });
}

/// Takes an event back.
pub(super) fn end(event: &Rc<Event>) {
    TIMERS.with_borrow_mut(|timers| {
        timers.waiting.retain(|(_, other)| !Rc::ptr_eq(other, event));
        // The process may end, for which Deno waits while there is one to call. The next event uses the timer again.
        if timers.waiting.is_empty() {
            timers.ignore();
        }
    });
}

/// Has happen what is due, and waits for the rest. A timer that is ignored may ring all the same.
fn ring() {
    let due = TIMERS.with_borrow_mut(|timers| {
        let now = timers.now();
        let (due, waiting) = timers.waiting.drain(..).partition(|(due, _)| *due <= now);
        timers.waiting = waiting;
        timers.ignore();
        timers.timer = None;
        if let Some(next) = timers.waiting.iter().map(|(due, _)| *due).min() {
            timers.set_timer(next, next.saturating_sub(now));
        }
        due
    });
    let due: Vec<(Duration, Rc<Event>)> = due;
    due.iter().for_each(|(_, event)| event.happen());
}

impl Timers {
    fn now(&self) -> Duration {
        let performance: &Performance = self.performance.unchecked_ref();
        Duration::from_micros((performance.now() * 1000.0) as u64)
    }

    fn set_timer(&mut self, due: Duration, left: Duration) {
        self.ignore();
        let milliseconds = (left.min(LONGEST).as_secs_f64() * 1000.0).ceil();
        self.timer = Some((due, AbortSignal::timeout_with_f64(milliseconds)));
        self.listen();
    }

    /// Has the timer call. (There is nothing to do if it cannot, here or below.)
    fn listen(&mut self) {
        let ring = self
            .ring
            .get_or_insert_with(|| Closure::<dyn Fn()>::new(ring).into_js_value().unchecked_into());
        if let Some((_, timer)) = &self.timer {
            let _ = timer.add_event_listener_with_callback("abort", ring);
        }
    }

    /// Has it call no more.
    fn ignore(&self) {
        if let (Some((_, timer)), Some(ring)) = (&self.timer, &self.ring) {
            let _ = timer.remove_event_listener_with_callback("abort", ring);
        }
    }
}
