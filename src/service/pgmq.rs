//! The queue and its ledger: the database's functions, called through PostgREST.
//!
//! Each function is one transaction, and repeating a call of the same lease changes nothing, so
//! a call whose reply was lost is simply made again. The one exception is a claim: its jobs
//! would stay leased to nobody, and a second claim would take others, so it is left to the next
//! run and the first ones become visible again when their leases run out.

use std::time::Duration;

use serde_json::{Value, json};

use super::redact::shown;
use super::reply::{Reply, exchange};
use super::request::post_json;
use super::{Transport, rows};
use crate::failure::{Code, Failure};
use crate::job::{JobId, Kind};
use crate::port::{
    Claim, Completion, Deferral, Ending, Lease, Operation, Publication, Queue, StoredAsset,
    Unpublished, WriteError,
};

/// PostgREST's own limit for a statement is 8 s by default; the rest is the way.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A hundred messages with the longest prompts fit in.
const LONGEST_REPLY: usize = 16 * 1024 * 1024;

/// How often a call is made when its reply is lost.
const CALLS: usize = 3;

/// The error code of the database's functions for an entity that could not be updated.
const LINKING_FAILED: &str = "GJ001";

/// PostgREST's code for a function that does not exist.
const NO_SUCH_FUNCTION: &str = "PGRST202";

/// The queue behind PostgREST.
pub struct Pgmq<T>(T);

impl<T: Transport> Pgmq<T> {
    /// The queue behind a transport whose address ends in `/rest/v1`.
    pub fn new(transport: T) -> Self {
        Self(transport)
    }

    /// Calls a function, `calls` times at most if there is no clear answer.
    async fn call(&self, calls: usize, function: &str, arguments: Value) -> Result<Value, Failure> {
        let url = format!("{}/rpc/{function}", self.0.base_url());
        let body = arguments.to_string().into_bytes();
        let mut failure = None;
        for _ in 0..calls {
            let lost = |error| {
                let message = shown(&format!("{function}: the database {error}"));
                Failure::retry(Code::QueueFailed, message)
            };
            let request = post_json(&url, body.clone()).map_err(lost)?;
            match exchange(&self.0, request, TIMEOUT, LONGEST_REPLY).await {
                Ok(reply) if reply.status.is_success() => return read(function, &reply),
                Ok(reply) => {
                    let refused = refused(function, &reply);
                    // An error that a function raised is its answer, whatever the status.
                    if !reply.status.is_server_error() || refused.code != Code::QueueFailed {
                        return Err(refused);
                    }
                    failure = Some(refused);
                }
                Err(error) => failure = Some(lost(error)),
            }
        }
        Err(failure.unwrap_or_else(|| unreadable(function)))
    }

    /// Calls a function that changes something for a lease, and says whether it did.
    async fn write(&self, function: &str, lease: &Lease, more: Value) -> Result<(), WriteError> {
        match self.call(CALLS, function, with_lease(lease, more)).await? {
            Value::Bool(true) => Ok(()),
            Value::Bool(false) => Err(WriteError::LeaseLost),
            _ => Err(unreadable(function).into()),
        }
    }
}

impl<T: Transport> Queue for Pgmq<T> {
    async fn claim(
        &self,
        kind: Kind,
        lease: Duration,
        quantity: u32,
    ) -> Result<Vec<Claim>, Failure> {
        const FUNCTION: &str = "claim_generation_jobs";
        let arguments = json!({
            "queue": kind.queue(), "lease_seconds": seconds(lease), "quantity": quantity,
        });
        let answer = self.call(1, FUNCTION, arguments).await?;
        let rows = answer.as_array().ok_or_else(|| unreadable(FUNCTION))?;
        Ok(rows.iter().filter_map(|row| rows::claim(kind, row)).collect())
    }

    async fn extend(&self, lease: &Lease, by: Duration) -> Result<(), WriteError> {
        let more = json!({"lease_seconds": seconds(by)});
        self.write("extend_generation_lease", lease, more).await
    }

    async fn begin_submission(&self, lease: &Lease, model: &str) -> Result<(), WriteError> {
        self.write("begin_generation_submission", lease, json!({"model": model})).await
    }

    async fn record_operation(&self, lease: &Lease, op: &Operation) -> Result<(), WriteError> {
        let more = json!({"operation": {"model": op.model, "name": op.name}});
        self.write("record_generation_operation", lease, more).await
    }

    async fn complete(&self, lease: &Lease, asset: &StoredAsset) -> Result<Completion, WriteError> {
        const FUNCTION: &str = "complete_generation_job";
        let more = json!({
            "object_path": asset.path,
            "asset_url": asset.url,
            "content_type": asset.format.content_type(),
            "model": asset.model,
            "usage": asset.usage,
            "cost_usd": asset.cost_usd,
        });
        let answer = self.call(CALLS, FUNCTION, with_lease(lease, more)).await?;
        match answer.get("held").and_then(Value::as_bool) {
            Some(true) => Ok(rows::completion(&answer)),
            Some(false) => Err(WriteError::LeaseLost),
            None => Err(unreadable(FUNCTION).into()),
        }
    }

    async fn defer(&self, lease: &Lease, defer: &Deferral) -> Result<(), WriteError> {
        let (code, message) = match &defer.reason {
            Some((code, message)) => (Some(code.as_str()), Some(message)),
            None => (None, None),
        };
        let more = json!({
            "delay_seconds": defer.delay.as_secs_f64(),
            "counted": defer.counted,
            "error_code": code,
            "error_message": message,
            "reset_submission": defer.reset_submission,
        });
        self.write("defer_generation_job", lease, more).await
    }

    async fn fail(&self, lease: &Lease, end: &Ending) -> Result<(), WriteError> {
        let more = json!({
            "error_code": end.code.as_str(),
            "error_message": end.message,
            "reset_submission": end.reset_submission,
        });
        self.write("fail_generation_job", lease, more).await
    }

    async fn unpublished(&self, kind: Kind, quantity: u32) -> Result<Vec<Unpublished>, Failure> {
        const FUNCTION: &str = "unpublished_generation_jobs";
        let arguments = json!({"queue": kind.queue(), "quantity": quantity});
        let answer = self.call(CALLS, FUNCTION, arguments).await?;
        let rows = answer.as_array().ok_or_else(|| unreadable(FUNCTION))?;
        Ok(rows.iter().filter_map(rows::unpublished).collect())
    }

    async fn confirm_publication(
        &self,
        job: &JobId,
        made: &[Publication],
    ) -> Result<Vec<Publication>, Failure> {
        const FUNCTION: &str = "confirm_generation_publication";
        let made = rows::publications_json(made);
        let arguments = json!({"job_id": job.as_str(), "publications": made});
        let answer = self.call(CALLS, FUNCTION, arguments).await?;
        if !answer.is_array() {
            return Err(unreadable(FUNCTION));
        }
        Ok(rows::publications(Some(&answer)))
    }
}

/// The arguments of a call for a lease: those that name it, and more.
fn with_lease(lease: &Lease, more: Value) -> Value {
    let mut arguments = json!({
        "queue": lease.kind.queue(), "msg_id": lease.msg_id, "lease_token": lease.token,
    });
    if let (Value::Object(arguments), Value::Object(more)) = (&mut arguments, more) {
        arguments.extend(more);
    }
    arguments
}

/// Whole seconds, rounded up: a lease of nothing would be lost at once.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

fn read(function: &str, reply: &Reply) -> Result<Value, Failure> {
    serde_json::from_slice(&reply.body).map_err(|_| unreadable(function))
}

fn unreadable(function: &str) -> Failure {
    Failure::retry(Code::QueueFailed, format!("{function}: the database's answer cannot be read"))
}

/// What an error of PostgREST's means: `{code, message, details, hint}`.
fn refused(function: &str, reply: &Reply) -> Failure {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let text = |key| body.get(key).and_then(Value::as_str);
    let message = text("message").map_or("no explanation".into(), shown);
    match text("code") {
        // The log phrase that operators look for begins the message.
        Some(LINKING_FAILED) => Failure::retry(Code::EntityUpdateFailed, message),
        Some(NO_SUCH_FUNCTION) => {
            let message = format!("{function} is missing in the database: run the migrations");
            Failure::retry(Code::QueueFailed, message)
        }
        _ => {
            let status = reply.status.as_u16();
            let message = format!("{function}: the database answered {status}: {message}");
            Failure::retry(Code::QueueFailed, message)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;
