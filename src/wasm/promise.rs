//! Waiting for promises.
//!
//! A promise calls one of two functions. To make them, and to have the garbage collector free them, takes longer
//! than to call one; so they are kept for the promises that follow.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use js_sys::Function;
use wasm_bindgen::prelude::*;

/// How many pairs of functions are kept: for as many promises as are usually pending at the same time.
const MOST_KEPT: usize = 32;

thread_local! {
    static KEPT: RefCell<Vec<Listener>> = const { RefCell::new(Vec::new()) };
}

#[wasm_bindgen]
extern "C" {
    /// A promise that JavaScript itself has made.
    pub(super) type Pending;
    #[wasm_bindgen(method)]
    fn then(this: &Pending, resolved: &Function, rejected: &Function);
}

/// How a promise was settled.
pub(super) type Settled = Result<JsValue, JsValue>;

#[derive(Default)]
struct Outcome {
    settled: Cell<Option<Settled>>,
    waker: Cell<Option<Waker>>,
}

/// What notes how a promise was settled.
struct Listener {
    outcome: Rc<Outcome>,
    resolved: Function,
    rejected: Function,
}

impl Listener {
    fn new() -> Self {
        let outcome = Rc::new(Outcome::default());
        // JavaScript frees it when no promise has it any more.
        let note = |how: fn(JsValue) -> Settled| {
            let outcome = outcome.clone();
            let note = Closure::<dyn Fn(JsValue)>::new(move |value| {
                outcome.settled.set(Some(how(value)));
                outcome.waker.take().map(Waker::wake);
            });
            note.into_js_value().unchecked_into()
        };
        Self { resolved: note(Ok), rejected: note(Err), outcome }
    }
}

/// Ready when a promise is settled, once.
pub(super) struct Settling(Option<Listener>);

impl Settling {
    pub(super) fn of(promise: &Pending) -> Self {
        let listener = KEPT.with_borrow_mut(Vec::pop).unwrap_or_else(Listener::new);
        promise.then(&listener.resolved, &listener.rejected);
        Self(Some(listener))
    }

    /// How it was settled, if it was. Only then its functions are not called any more.
    fn take(&mut self) -> Option<Settled> {
        let settled = self.0.as_ref()?.outcome.settled.take()?;
        KEPT.with_borrow_mut(|kept| {
            if kept.len() < MOST_KEPT {
                kept.extend(self.0.take());
            }
        });
        self.0 = None;
        Some(settled)
    }
}

impl Future for Settling {
    type Output = Settled;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Settled> {
        if let Some(listener) = &self.0 {
            listener.outcome.waker.set(Some(context.waker().clone()));
        }
        self.take().map_or(Poll::Pending, Poll::Ready)
    }
}

impl Drop for Settling {
    fn drop(&mut self) {
        self.take();
    }
}
