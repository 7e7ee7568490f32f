//! The end of a request that no caller waits for any more.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use js_sys::{Array, Promise};
use wasm_bindgen::JsValue;
use web_sys::{AbortController, AbortSignal};

use super::error::description;
use super::event::JsEvent;
use crate::http::TransportError;

/// The right to a reply and its body. Dropping it closes the connection; once everything has
/// been received that does nothing.
pub(super) struct AbortGuard {
    controller: AbortController,
}

impl AbortGuard {
    /// Guards a new request.
    pub(super) fn new() -> Result<Self, TransportError> {
        let controller = AbortController::new().map_err(|thrown| not_sent(&thrown))?;
        Ok(Self { controller })
    }

    /// The signal that ends the request.
    pub(super) fn signal(&self) -> AbortSignal {
        self.controller.signal()
    }
}

impl Drop for AbortGuard {
    fn drop(&mut self) {
        self.controller.abort();
    }
}

/// Waits for something, but not for longer than `timeout`.
pub(super) async fn within<T>(
    timeout: Duration,
    work: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    match select(pin!(work), JsEvent::after(timeout)).await {
        Either::Left((done, _)) => done,
        Either::Right(_) => {
            // As 64 bits: to print 128 of them takes 2 KB of WASM.
            let milliseconds = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
            Err(TransportError::NoReply(format!("nothing came within {milliseconds} ms")))
        }
    }
}

/// Lets a promise end as it likes. One that nobody looks at would end the process if it failed.
pub(super) fn ignore(promise: Promise) {
    // Waits for it without keeping anything here for one that stays pending.
    let _ = Promise::all_settled(&Array::of1(&promise));
}

/// The error for a request that certainly did not arrive.
pub(super) fn not_sent(thrown: &JsValue) -> TransportError {
    TransportError::NotSent(description(thrown))
}

/// The error for a request that may have arrived, unless the reason shows that it did not.
///
/// `fetch` has no field that tells, but Deno's texts do (seen in 2.1.4 and 2.9.6): its HTTP client
/// says in which phase it failed, and in `Connect` (name, connection, TLS) no request has gone
/// out yet.
pub(super) fn no_reply(thrown: &JsValue) -> TransportError {
    let reason = description(thrown);
    if reason.contains("client error (Connect)") {
        TransportError::NotSent(reason)
    } else {
        TransportError::NoReply(reason)
    }
}
