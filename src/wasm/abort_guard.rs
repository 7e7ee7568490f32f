//! Aborting a request when its reply is no longer needed, or takes too long.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::JsValue;
use web_sys::{AbortController, AbortSignal};

use super::error::description;
use super::event::JsEvent;
use crate::http::TransportError;
use crate::search::Search;

/// Keeps a request alive until its reply and body have been received. Dropping it earlier aborts
/// the request and closes the connection.
pub(super) struct AbortGuard {
    /// None when the request has ended: `abort` would make an error with a stack that no one reads.
    controller: Option<AbortController>,
    signal: AbortSignal,
}

impl AbortGuard {
    /// The guard of a new request.
    pub(super) fn new() -> Result<Self, TransportError> {
        let controller = AbortController::new().map_err(|thrown| not_sent(&thrown))?;
        Ok(Self { signal: controller.signal(), controller: Some(controller) })
    }

    /// The signal that aborts the request.
    pub(super) fn signal(&self) -> &AbortSignal {
        &self.signal
    }

    /// Everything has been received: there is nothing left to abort.
    pub(super) fn release(&mut self) {
        self.controller = None;
    }
}

impl Drop for AbortGuard {
    fn drop(&mut self) {
        if let Some(controller) = &self.controller {
            controller.abort();
        }
    }
}

/// Waits for `work`, but no longer than `timeout`.
pub(super) async fn within<T>(
    timeout: Duration,
    work: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    match select(pin!(work), JsEvent::after(timeout)).await {
        Either::Left((done, _)) => done,
        Either::Right(_) => Err(TransportError::TimedOut(timeout)),
    }
}

/// Ignores how a promise ends. An unhandled rejection would end the process.
pub(super) fn ignore(promise: Promise) {
    // Handles the rejection without keeping memory here while the promise is pending.
    let _ = Promise::all_settled(&Array::of1(&promise));
}

/// The error for a request that has certainly not arrived.
pub(super) fn not_sent(thrown: &JsValue) -> TransportError {
    TransportError::NotSent(description(thrown))
}

/// The error for a request that may have arrived, unless the reason shows that it did not.
///
/// An adapter says so by the error's name. `fetch` has no field for this, but Deno's messages do
/// (seen in 2.1.4 and 2.9.6): its HTTP client names the phase in which it failed, and in `Connect`
/// (name, connection, TLS) it has not sent the request yet. Nor has it for what is no URL.
pub(super) fn no_reply(thrown: &JsValue) -> TransportError {
    let reason = description(thrown);
    let name = Reflect::get(thrown, &"name".into()).ok().and_then(|name| name.as_string());
    if name.is_some_and(|name| name == "NotSent")
        || ["client error (Connect)", "Invalid URL"].iter().any(|it| reason.has(it))
    {
        TransportError::NotSent(reason)
    } else {
        TransportError::NoReply(reason)
    }
}
