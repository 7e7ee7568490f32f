//! The caller's log.

use js_sys::Function;
use tsify::Tsify;
use wasm_bindgen::JsValue;

use crate::port::{Log, LogEntry};

/// Hands each entry to the function that the caller gave as `options.log`.
pub(super) struct JsLog {
    log: Option<Function>,
}

impl JsLog {
    /// A log kept by `log`, or by nobody.
    pub(super) fn new(log: Option<Function>) -> Self {
        Self { log }
    }
}

impl Log for JsLog {
    fn record(&self, entry: LogEntry) {
        let Some(log) = &self.log else { return };
        if let Ok(entry) = entry.into_js() {
            // A log that throws must not stop the job that it is about.
            let _ = log.call1(&JsValue::UNDEFINED, &entry);
        }
    }
}
