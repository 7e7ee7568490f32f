//! Something in JavaScript that happens once: a timer that runs out, a signal that is given.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use js_sys::{Function, Promise};
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

/// Ready once it has happened. Dropping it takes back the timer or the listener.
pub(super) struct JsEvent {
    happened: JsFuture,
    open: Function,
    source: Source,
}

enum Source {
    Timer(JsValue),
    Signal(AbortSignal),
}

impl JsEvent {
    /// Opens after a while.
    pub(super) fn after(duration: Duration) -> Self {
        let (happened, open) = promise();
        let milliseconds = duration.min(LONGEST_TIMER).as_secs_f64() * 1000.0;
        let timer = set_timeout(&open, milliseconds.ceil());
        Self { happened, open, source: Source::Timer(timer) }
    }

    /// Opens when the signal is given.
    pub(super) fn on(signal: &AbortSignal) -> Self {
        let (happened, open) = promise();
        let listening = signal.add_event_listener_with_callback("abort", &open);
        if signal.aborted() || listening.is_err() {
            call(&open);
        }
        Self { happened, open, source: Source::Signal(signal.clone()) }
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
                // Fails for nothing that could be done about here.
                let _ = signal.remove_event_listener_with_callback("abort", &self.open);
            }
        }
        // A promise that stays pending for ever would keep its callbacks for ever.
        call(&self.open);
    }
}

fn promise() -> (JsFuture, Function) {
    let mut open = None;
    let promise = Promise::new(&mut |resolve, _| open = Some(resolve));
    (JsFuture::from(promise), open.unwrap_or_default())
}

fn call(open: &Function) {
    let _ = open.call0(&JsValue::UNDEFINED);
}
