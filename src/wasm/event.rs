//! An event in JavaScript that happens once: a timer expires, a signal is aborted.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

/// Timers take a signed 32-bit number of milliseconds and fire at once for anything longer.
const LONGEST_TIMER: Duration = Duration::from_millis(i32::MAX as u64);

/// The functions of timers. Deno finds out with each use of these names whether npm code asks for them.
#[derive(Default)]
struct Timers {
    set: Function,
    clear: Function,
}

thread_local! {
    static TIMERS: RefCell<Timers> = RefCell::default();
}

/// Takes the functions of timers as they are now, for all timers from now on.
pub(super) fn find_timers() {
    let find = |name: &str| Reflect::get(&js_sys::global(), &name.into()).unwrap_or_default();
    let find = |name| find(name).dyn_into().unwrap_or_default();
    TIMERS.set(Timers { set: find("setTimeout"), clear: find("clearTimeout") });
}

/// Ready once the event has happened. Dropping it removes the timer or the listener.
pub(super) struct JsEvent {
    state: Rc<State>,
    /// Freed by JavaScript's garbage collector, and not here: what has been removed may be called all the
    /// same, since a timer may be on its way already.
    callback: Function,
    source: Source,
}

#[derive(Default)]
struct State {
    happened: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

enum Source {
    Timer(JsValue),
    Signal(AbortSignal),
}

impl JsEvent {
    /// The end of `duration`.
    pub(super) fn after(duration: Duration) -> Self {
        Self::new(|callback| {
            let milliseconds = duration.min(LONGEST_TIMER).as_secs_f64() * 1000.0;
            let set = TIMERS.with_borrow(|it| it.set.clone());
            let timer = set.call2(&JsValue::UNDEFINED, callback, &milliseconds.ceil().into());
            Source::Timer(timer.unwrap_or_default())
        })
    }

    /// The abortion of `signal`.
    pub(super) fn on(signal: &AbortSignal) -> Self {
        let event = Self::new(|callback| {
            // One that cannot be listened to is as good as one that is not aborted.
            let _ = signal.add_event_listener_with_callback("abort", callback);
            Source::Signal(signal.clone())
        });
        event.state.happened.set(is_aborted(signal));
        event
    }

    fn new(listen: impl FnOnce(&Function) -> Source) -> Self {
        let state = Rc::new(State::default());
        let shared = state.clone();
        let callback = Closure::<dyn Fn()>::new(move || {
            shared.happened.set(true);
            if let Some(waker) = shared.waker.take() {
                waker.wake();
            }
        });
        let callback = callback.into_js_value().unchecked_into();
        let source = listen(&callback);
        Self { state, callback, source }
    }
}

impl Future for JsEvent {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.state.happened.get() {
            return Poll::Ready(());
        }
        self.state.waker.set(Some(context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for JsEvent {
    fn drop(&mut self) {
        // There is nothing to do here if one of these fails.
        let _ = match &self.source {
            Source::Timer(timer) => {
                let clear = TIMERS.with_borrow(|it| it.clear.clone());
                clear.call1(&JsValue::UNDEFINED, timer).map(drop)
            }
            Source::Signal(signal) => {
                signal.remove_event_listener_with_callback("abort", &self.callback)
            }
        };
    }
}

/// Whether a signal is aborted. One that cannot say so is not.
pub(super) fn is_aborted(signal: &AbortSignal) -> bool {
    Reflect::get(signal, &"aborted".into()).is_ok_and(|aborted| aborted.is_truthy())
}
