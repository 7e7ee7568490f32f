//! Time and chance from JavaScript.

use std::future::{Future, pending};
use std::time::Duration;

use web_sys::AbortSignal;

use super::event::{JsEvent, is_aborted};
use super::timer::{self, find_clock};
use crate::port::Clock;

/// The clock of the isolate, and the signal to stop.
pub(super) struct JsClock {
    stop: Option<AbortSignal>,
}

impl JsClock {
    /// A clock; `stop` tells the worker to stop.
    ///
    /// The global that tells the time is looked up here, once for a run.
    pub(super) fn new(stop: Option<AbortSignal>) -> Self {
        find_clock();
        Self { stop }
    }
}

impl Clock for JsClock {
    fn now(&self) -> Duration {
        timer::now()
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
