//! An event in JavaScript that happens once: a timer expires, a signal is aborted.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

use super::timer::{self, Event};

/// Ready once the event has happened. Dropping it removes the timer or the listener.
pub(super) struct JsEvent {
    event: Rc<Event>,
    source: Source,
}

enum Source {
    Timer,
    /// A signal, and what it calls. That is freed by JavaScript's garbage collector, and not here: what has
    /// been removed may be called all the same.
    Signal(AbortSignal, Function),
}

impl JsEvent {
    /// The end of `duration`.
    pub(super) fn after(duration: Duration) -> Self {
        let event = Rc::new(Event::default());
        timer::begin(duration, event.clone());
        Self { event, source: Source::Timer }
    }

    /// The abortion of `signal`.
    pub(super) fn on(signal: &AbortSignal) -> Self {
        let event = Rc::new(Event::default());
        let shared = event.clone();
        let callback = Closure::<dyn Fn()>::new(move || shared.happen());
        let callback: Function = callback.into_js_value().unchecked_into();
        // One that cannot be listened to is as good as one that is not aborted.
        let _ = signal.add_event_listener_with_callback("abort", &callback);
        if is_aborted(signal) {
            event.happen();
        }
        Self { event, source: Source::Signal(signal.clone(), callback) }
    }
}

impl Future for JsEvent {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.event.poll(context)
    }
}

impl Drop for JsEvent {
    fn drop(&mut self) {
        match &self.source {
            Source::Timer => timer::end(&self.event),
            Source::Signal(signal, callback) => {
                // There is nothing to do here if it fails.
                let _ = signal.remove_event_listener_with_callback("abort", callback);
            }
        }
    }
}

/// Whether a signal is aborted. One that cannot say so is not.
pub(super) fn is_aborted(signal: &AbortSignal) -> bool {
    Reflect::get(signal, &"aborted".into()).is_ok_and(|aborted| aborted.is_truthy())
}
