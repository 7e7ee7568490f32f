//! Waiting for a time.
//!
//! Whatever waits here shares one timer of JavaScript. A job waits for a dozen times that hardly ever come: those
//! of its requests, their bodies and its lease. To set and clear a timer for each took as long as to decide what
//! the job needs.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::*;

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

/// What waits, and the functions of JavaScript by which it does.
#[derive(Default)]
struct Timers {
    performance: JsValue,
    set: Function,
    clear: Function,
    /// What the timer calls.
    ring: Option<Function>,
    waiting: Vec<(Duration, Rc<Event>)>,
    /// When the timer is due, and its handle. It may be earlier than anything that waits.
    timer: Option<(Duration, JsValue)>,
}

thread_local! {
    static TIMERS: RefCell<Timers> = RefCell::default();
}

/// Takes the functions that tell the time as they are now, for all timers from now on. Deno finds out with each
/// use of these names whether npm code asks for them.
pub(super) fn find_timers() {
    let find = |name: &str| Reflect::get(&js_sys::global(), &name.into()).unwrap_or_default();
    let function = |name| find(name).dyn_into().unwrap_or_default();
    TIMERS.with_borrow_mut(|timers| {
        timers.performance = find("performance");
        (timers.set, timers.clear) = (function("setTimeout"), function("clearTimeout"));
    });
}

/// The time on a clock that never goes back.
pub(super) fn now() -> Duration {
    TIMERS.with_borrow(Timers::now)
}

/// Has an event happen after `duration`.
pub(super) fn begin(duration: Duration, event: Rc<Event>) {
    TIMERS.with_borrow_mut(|timers| {
        let due = timers.now().saturating_add(duration);
        timers.waiting.push((due, event));
        if timers.timer.as_ref().is_none_or(|(at, _)| *at > due) {
            timers.set_timer(due, duration);
        }
    });
}

/// Takes an event back.
pub(super) fn end(event: &Rc<Event>) {
    TIMERS.with_borrow_mut(|timers| {
        timers.waiting.retain(|(_, other)| !Rc::ptr_eq(other, event));
        // The process may end, for which Deno waits until there are no timers.
        if timers.waiting.is_empty() {
            timers.clear_timer();
        }
    });
}

/// Has happen what is due, and waits for the rest. A timer that was cleared may ring all the same.
fn ring() {
    let due = TIMERS.with_borrow_mut(|timers| {
        let now = timers.now();
        let (due, waiting) = timers.waiting.drain(..).partition(|(due, _)| *due <= now);
        timers.waiting = waiting;
        match timers.waiting.iter().map(|(due, _)| *due).min() {
            Some(next) => timers.set_timer(next, next.saturating_sub(now)),
            None => timers.clear_timer(),
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
        self.clear_timer();
        let ring = self
            .ring
            .get_or_insert_with(|| Closure::<dyn Fn()>::new(ring).into_js_value().unchecked_into());
        let milliseconds = (left.min(LONGEST).as_secs_f64() * 1000.0).ceil();
        let timer = self.set.call2(&JsValue::UNDEFINED, ring, &milliseconds.into());
        self.timer = timer.ok().map(|timer| (due, timer));
    }

    fn clear_timer(&mut self) {
        if let Some((_, timer)) = self.timer.take() {
            // There is nothing to do here if it fails.
            let _ = self.clear.call1(&JsValue::UNDEFINED, &timer);
        }
    }
}
