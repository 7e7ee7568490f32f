//! The caller's log.

use js_sys::Function;
use wasm_bindgen::JsValue;

use super::value::to_js;
use crate::port::{Log, LogEntry};

/// Passes each entry to the function `options.log`.
pub(super) struct JsLog {
    log: Option<Function>,
}

impl JsLog {
    /// A log that calls `log`, if there is one.
    pub(super) fn new(log: Option<Function>) -> Self {
        Self { log }
    }
}

impl Log for JsLog {
    fn record(&self, entry: LogEntry) {
        let Some(log) = &self.log else { return };
        if let Ok(entry) = to_js(&entry) {
            // A log that throws must not stop the job.
            let _ = log.call1(&JsValue::UNDEFINED, &entry);
        }
    }
}
