//! An event in JavaScript that happens once: a timer expires, a signal is aborted.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortSignal;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, milliseconds: f64) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
}

/// Timers take a signed 32-bit number of milliseconds and fire at once for anything longer.
const LONGEST_TIMER: Duration = Duration::from_millis(i32::MAX as u64);

/// Ready once the event has happened. Dropping it removes the timer or the listener.
pub(super) struct JsEvent {
    happened: JsFuture,
    resolve: Function,
    source: Source,
}

enum Source {
    Timer(JsValue),
    Signal(AbortSignal),
}

impl JsEvent {
    /// The end of `duration`.
    pub(super) fn after(duration: Duration) -> Self {
        let (happened, resolve) = promise();
        let milliseconds = duration.min(LONGEST_TIMER).as_secs_f64() * 1000.0;
        let timer = set_timeout(&resolve, milliseconds.ceil());
        Self { happened, resolve, source: Source::Timer(timer) }
    }

    /// The abortion of `signal`.
    pub(super) fn on(signal: &AbortSignal) -> Self {
        let (happened, resolve) = promise();
        let listening = signal.add_event_listener_with_callback("abort", &resolve);
        if is_aborted(signal) || listening.is_err() {
            call(&resolve);
        }
        Self { happened, resolve, source: Source::Signal(signal.clone()) }
    }
}

impl Future for JsEvent {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.happened).poll(context).map(drop)
    }
}

impl Drop for JsEvent {
    fn drop(&mut self) {
        match &self.source {
            Source::Timer(timer) => clear_timeout(timer),
            Source::Signal(signal) => {
                // There is nothing to do here if this fails.
                let _ = signal.remove_event_listener_with_callback("abort", &self.resolve);
            }
        }
        // A promise that stays pending would keep its callbacks for ever.
        call(&self.resolve);
    }
}

/// Whether a signal is aborted. One that cannot say so is not.
pub(super) fn is_aborted(signal: &AbortSignal) -> bool {
    Reflect::get(signal, &"aborted".into()).is_ok_and(|aborted| aborted.is_truthy())
}

fn promise() -> (JsFuture, Function) {
    let mut resolve = None;
    let promise = Promise::new(&mut |given, _| resolve = Some(given));
    (JsFuture::from(promise), resolve.unwrap_or_default())
}

fn call(resolve: &Function) {
    let _ = resolve.call0(&JsValue::UNDEFINED);
}
