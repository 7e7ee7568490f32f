//! Time and chance from JavaScript.

use std::future::pending;
use std::time::Duration;

use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

use super::event::{JsEvent, is_aborted};
use crate::port::Clock;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn milliseconds() -> f64;
}

/// The clock of the isolate, and the signal to stop.
pub(super) struct JsClock {
    stop: Option<AbortSignal>,
}

impl JsClock {
    /// A clock; `stop` tells the worker to stop.
    pub(super) fn new(stop: Option<AbortSignal>) -> Self {
        Self { stop }
    }
}

impl Clock for JsClock {
    fn now(&self) -> Duration {
        Duration::from_micros((milliseconds() * 1000.0) as u64)
    }

    async fn sleep(&self, duration: Duration) {
        JsEvent::after(duration).await;
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
