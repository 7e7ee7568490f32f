//! Time and chance from JavaScript.

use std::future::{Future, pending};
use std::time::Duration;

use js_sys::Reflect;
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

use super::event::{JsEvent, find_timers, is_aborted};
use crate::port::Clock;

#[wasm_bindgen]
extern "C" {
    type Performance;
    #[wasm_bindgen(method)]
    fn now(this: &Performance) -> f64;
}

/// The clock of the isolate, and the signal to stop.
pub(super) struct JsClock {
    performance: Performance,
    stop: Option<AbortSignal>,
}

impl JsClock {
    /// A clock; `stop` tells the worker to stop.
    ///
    /// The globals that tell the time are looked up here, once for a run.
    pub(super) fn new(stop: Option<AbortSignal>) -> Self {
        find_timers();
        let performance = Reflect::get(&js_sys::global(), &"performance".into());
        Self { performance: performance.unwrap_or_default().unchecked_into(), stop }
    }
}

impl Clock for JsClock {
    fn now(&self) -> Duration {
        Duration::from_micros((self.performance.now() * 1000.0) as u64)
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> {
        JsEvent::after(duration)
    }

    fn random(&self) -> f64 {
        js_sys::Math::random()
    }

    fn stopping(&self) -> bool {
        self.stop.as_ref().is_some_and(is_aborted)
    }

    async fn stop(&self) {
        match &self.stop {
            Some(signal) => JsEvent::on(signal).await,
            None => pending().await,
        }
    }
}
