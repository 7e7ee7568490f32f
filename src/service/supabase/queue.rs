//! The queue and its ledger: the database's functions, called through PostgREST.
//!
//! Each function is one transaction, and repeating a call of the same lease changes nothing, so
//! a call whose reply was lost is simply repeated. So is a claim, by itself or along with a completion: it has
//! a number by which the database knows it again, and returns the jobs that it has leased already. Maintenance
//! has none: what a lost reply handed out stays hidden for a while, so what it confirms is repeated and asks for
//! nothing. What a run can do without is asked for once.

use std::future::Future;
use std::time::Duration;

use super::rows;
use crate::failure::{Code, Failure};
use crate::http::{BodyLimit, Reply, Transport, post_json, send};
use crate::job::{JobId, Kind};
use crate::json::{self, Json, Object, Pieces};
use crate::port::{
    Along, Claim, ClaimRequest, Completion, Deferral, Ending, GenerationTime, Lease,
    MaintenanceRequest, Operation, Overdue, Publication, Queue, StoredAsset, Trouble, WriteError,
};
use crate::service::redact::redacted;

/// PostgREST's own limit for a statement is 8 s by default; the rest is for the network.
const TIMEOUT: Duration = Duration::from_secs(12);

/// Everything but claims fits in.
const LONGEST_REPLY: usize = 1024 * 1024;

/// What a claimed job takes of a reply at most: a claim gives no message of more than 256 KiB.
const LONGEST_CLAIM: usize = 320 * 1024;

/// The pauses before the calls that follow when a reply is lost: a connection that is refused, or a database that
/// starts again, is so for longer than a millisecond. A longer pause that the database asks for is kept up to the
/// last of these.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(2000)];

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

    /// Calls a function, and after each of the pauses again if there is no clear answer. With the answer come so
    /// many claims at most.
    async fn call(
        &self,
        pauses: &[Duration],
        claims: u32,
        function: &str,
        arguments: Pieces,
    ) -> Result<Reply, Failure> {
        let url = format!("{}/rpc/{function}", self.0.base_url());
        let limit = BodyLimit::Bytes(LONGEST_REPLY + claims as usize * LONGEST_CLAIM);
        let arguments = arguments.into_bytes();
        let mut asked = Duration::ZERO;
        let mut before = 0;
        loop {
            let lost = |error| {
                let message = redacted(&format!("{function}: the database {error}"));
                Failure::retry(Code::QueueFailed, message)
            };
            let request = post_json(&url, arguments.clone().into()).map_err(lost)?;
            let failure = match send(&self.0, request, TIMEOUT, limit).await {
                // What there is of a reply that was cut may be of use, if there is no better one.
                Ok(reply)
                    if reply.status.is_success()
                        && (before == pauses.len() || json::may_be_whole(&reply.body)) =>
                {
                    return Ok(reply);
                }
                Ok(reply) if reply.status.is_success() => unreadable(function),
                Ok(reply) => {
                    let refused = refused(function, &reply);
                    // An error that a function raised is its answer, whatever the status.
                    if !reply.status.is_server_error() || refused.code != Code::QueueFailed {
                        return Err(refused);
                    }
                    asked = reply.retry_after.unwrap_or_default();
                    refused
                }
                Err(error) => lost(error),
            };
            let Some(pause) = pauses.get(before) else { return Err(failure) };
            self.0.pause(asked.clamp(*pause, PAUSES[1])).await;
            before += 1;
        }
    }

    /// The number of a claim, which no other has. JSON has no larger integers.
    fn claim_id(&self) -> i64 {
        (self.0.random() * (1_i64 << 53) as f64) as i64
    }

    /// Calls a function that changes something for a lease, and says whether it did.
    async fn write(&self, function: &str, arguments: Pieces) -> Result<(), WriteError> {
        let reply = self.call(&PAUSES, 0, function, arguments).await?;
        held(function, &read(function, &reply)?)
    }
}

impl<T: Transport> Queue for Pgmq<T> {
    async fn claim(&self, kind: Kind, request: ClaimRequest<'_>) -> Result<Vec<Claim>, Failure> {
        const FUNCTION: &str = "claim_generation_jobs";
        let arguments = json::object(|it| {
            write_claim(for_queue(it, kind), &request, self.claim_id());
        });
        let reply = self.call(&PAUSES, request.quantity, FUNCTION, arguments).await?;
        rows(FUNCTION, &reply, |row, whole| rows::claim(kind, row, whole))
    }

    fn extend(
        &self,
        lease: &Lease,
        by: Duration,
        alone: bool,
    ) -> impl Future<Output = Result<(), WriteError>> {
        let arguments = json::object(|it| {
            for_lease(it, lease).integer("lease_seconds", seconds(by)).flag("alone", alone);
        });
        self.write("extend_generation_lease", arguments)
    }

    fn begin_submission(
        &self,
        lease: &Lease,
        model: &str,
        passed_over: Option<&str>,
    ) -> impl Future<Output = Result<(), WriteError>> {
        let arguments = json::object(|it| {
            for_lease(it, lease).text("model", model).optional_text("passed_over", passed_over);
        });
        self.write("begin_generation_submission", arguments)
    }

    async fn report_trouble(
        &self,
        lease: &Lease,
        met: Trouble<'_>,
    ) -> Result<Duration, WriteError> {
        const FUNCTION: &str = "report_generation_trouble";
        let arguments = json::object(|it| {
            for_lease(it, lease)
                .text("model", met.model)
                .text("state", met.standing.as_str())
                .text("code", met.code.as_str())
                .text("reason", met.reason)
                .optional_integer("rest_seconds", met.after.map(seconds));
        });
        let reply = self.call(&PAUSES, 0, FUNCTION, arguments).await?;
        match read(FUNCTION, &reply)? {
            Json::Null => Err(WriteError::LeaseLost),
            answer => match answer.integer().and_then(|seconds| seconds.try_into().ok()) {
                Some(seconds) => Ok(Duration::from_secs(seconds)),
                None => Err(unreadable(FUNCTION).into()),
            },
        }
    }

    fn record_operation(
        &self,
        lease: &Lease,
        op: &Operation,
        cancelled_usd: Option<f64>,
    ) -> impl Future<Output = Result<(), WriteError>> {
        let arguments = json::object(|it| {
            for_lease(it, lease).object("operation", |operation| {
                operation.text("model", &op.model).text("name", &op.name);
                if let Some(cost) = cancelled_usd {
                    operation.millionths("cancelled_usd", millionths(cost));
                }
            });
        });
        self.write("record_generation_operation", arguments)
    }

    async fn complete(
        &self,
        lease: &Lease,
        asset: &StoredAsset,
        along: Along<'_>,
    ) -> Result<Completion, WriteError> {
        const FUNCTION: &str = "complete_generation_job";
        let arguments = completion(lease, asset, along, self.claim_id());
        let claims = along.next.map_or(0, |next| next.quantity);
        let reply = self.call(&PAUSES, claims, FUNCTION, arguments).await?;
        let answer = read(FUNCTION, &reply)?;
        held(FUNCTION, answer.get("held"))?;
        Ok(rows::completion(lease.kind, &answer))
    }

    fn defer(
        &self,
        lease: &Lease,
        defer: &Deferral,
    ) -> impl Future<Output = Result<(), WriteError>> {
        let reason = defer.reason.as_ref();
        let delay = defer.delay.as_micros().try_into().unwrap_or(u64::MAX);
        let arguments = json::object(|it| {
            for_lease(it, lease)
                .millionths("delay_seconds", delay)
                .flag("counted", defer.counted)
                .text_or_null("error_code", reason.map(|(code, _)| code.as_str()))
                .text_or_null("error_message", reason.map(|(_, message)| message.as_str()))
                .flag("reset_submission", defer.reset_submission)
                .optional_text("waits_for", defer.waits_for.as_deref());
            spent(it, defer.spent_usd);
        });
        self.write("defer_generation_job", arguments)
    }

    fn fail(&self, lease: &Lease, end: &Ending) -> impl Future<Output = Result<(), WriteError>> {
        let arguments = json::object(|it| {
            for_lease(it, lease)
                .text("error_code", end.code.as_str())
                .text("error_message", &end.message)
                .flag("reset_submission", end.reset_submission);
            spent(it, end.spent_usd);
        });
        self.write("fail_generation_job", arguments)
    }

    async fn slowest(&self, kind: Kind) -> Result<Vec<GenerationTime>, Failure> {
        const FUNCTION: &str = "slowest_generations";
        let arguments = json::object(|it| {
            for_queue(it, kind);
        });
        let reply = self.call(&[], 0, FUNCTION, arguments).await?;
        rows(FUNCTION, &reply, |row, _| rows::generation_time(row))
    }

    async fn maintain(
        &self,
        kind: Kind,
        request: MaintenanceRequest<'_>,
    ) -> Result<Overdue, Failure> {
        const FUNCTION: &str = "maintain_generation_queue";
        let arguments = |unpublished: u32, cancels: bool| {
            json::object(|it| {
                for_queue(it, kind)
                    .list("told", |list| {
                        if let Some(job) = request.confirmed_cancellation {
                            list.text(job.as_str());
                        }
                    })
                    .integer("unpublished", unpublished.into())
                    .integer("cancelled", cancels.into());
                rows::write_confirmed(it, request.confirmed);
            })
        };
        let confirms = request.confirmed_cancellation.is_some() || !request.confirmed.is_empty();
        let first = arguments(request.unpublished, request.cancels);
        let reply = match self.call(&[], 0, FUNCTION, first).await {
            Err(_) if confirms => {
                self.0.pause(PAUSES[0]).await;
                self.call(&PAUSES[1..], 0, FUNCTION, arguments(0, false)).await?
            }
            reply => reply?,
        };
        Ok(rows::overdue(&read(FUNCTION, &reply)?))
    }

    async fn confirm_publication(
        &self,
        job: &JobId,
        made: &[Publication],
    ) -> Result<Vec<Publication>, Failure> {
        const FUNCTION: &str = "confirm_generation_publication";
        let arguments = json::object(|it| {
            rows::write_publications(it.text("job_id", job.as_str()), made);
        });
        let reply = self.call(&PAUSES, 0, FUNCTION, arguments).await?;
        let answer = read(FUNCTION, &reply)?;
        match &answer {
            Json::List(_) => Ok(rows::publications(&answer)),
            _ => Err(unreadable(FUNCTION)),
        }
    }
}

fn millionths(usd: f64) -> u64 {
    (usd * 1e6).round() as u64
}

fn spent(it: &mut Object<'_>, usd: Option<f64>) {
    if let Some(usd) = usd {
        it.millionths("spent_usd", millionths(usd));
    }
}

/// Writes the argument of a call for a queue.
fn for_queue<'o, 'j>(it: &'o mut Object<'j>, kind: Kind) -> &'o mut Object<'j> {
    it.text("queue_name", kind.queue())
}

/// The arguments of a completion.
fn completion(lease: &Lease, asset: &StoredAsset, along: Along<'_>, claim_id: i64) -> Pieces {
    json::object(|it| {
        for_lease(it, lease)
            .text("object_path", &asset.path)
            .text("asset_url", &asset.url)
            .text("content_type", asset.format.content_type())
            .text_or_null("model", asset.model.as_deref())
            .value("usage", asset.usage.as_ref());
        match asset.cost_usd {
            Some(cost) => it.millionths("cost_usd", millionths(cost)),
            None => it.value("cost_usd", None),
        }
        .optional_text("passed_over", asset.passed_over.as_deref());
        if let Some(took) = asset.took {
            it.millionths("generation_seconds", took.as_micros() as u64);
        }
        rows::write_confirmed(it, along.confirmed);
        if let Some(request) = along.next {
            it.object("next", |it| write_claim(it, &request, claim_id));
        }
    })
}

/// Writes what a claim asks for.
fn write_claim(it: &mut Object<'_>, request: &ClaimRequest<'_>, claim_id: i64) {
    it.integer("lease_seconds", seconds(request.lease))
        .integer("claim_id", claim_id)
        .integer("quantity", request.quantity.into())
        .list("models", |list| {
            for model in request.models {
                list.text(model);
            }
        })
        .integer("job_deadline_seconds", seconds(request.job_deadline));
    match request.fallback_after {
        Some(after) => it.integer("fallback_after_seconds", seconds(after)),
        // Left out it would be the database's default.
        None => it.value("fallback_after_seconds", None),
    };
}

/// Writes the arguments of a call for a lease.
fn for_lease<'o, 'j>(it: &'o mut Object<'j>, lease: &Lease) -> &'o mut Object<'j> {
    for_queue(it, lease.kind)
        .integer("msg_id", lease.msg_id)
        .integer("lease_token", lease.token.into())
}

/// Whole seconds, rounded up: a lease of nothing would be lost at once.
fn seconds(duration: Duration) -> i64 {
    let whole = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    whole.saturating_add(i64::from(duration.subsec_nanos() > 0))
}

fn read<'a>(function: &str, reply: &'a Reply) -> Result<Json<'a>, Failure> {
    Json::read(&reply.body).map_err(|_| unreadable(function))
}

/// The rows of a table that can be read; `row` learns whether the whole of a row was read.
fn rows<R>(
    function: &str,
    reply: &Reply,
    row: impl Fn(&Json<'_>, bool) -> Option<R>,
) -> Result<Vec<R>, Failure> {
    let rows = Json::read_rows(&reply.body).map_err(|_| unreadable(function))?;
    let mut all = Vec::new();
    for (it, whole) in &rows {
        if let Some(row) = row(it, *whole) {
            all.push(row);
        }
    }
    Ok(all)
}

/// Whether the lease was still held.
fn held(function: &str, answer: &Json<'_>) -> Result<(), WriteError> {
    match answer {
        Json::Bool(true) => Ok(()),
        Json::Bool(false) => Err(WriteError::LeaseLost),
        _ => Err(unreadable(function).into()),
    }
}

fn unreadable(function: &str) -> Failure {
    Failure::retry(Code::QueueFailed, format!("{function}: the database's answer cannot be read"))
}

/// What an error of PostgREST's means: `{code, message, details, hint}`.
fn refused(function: &str, reply: &Reply) -> Failure {
    let body = Json::read(&reply.body).unwrap_or(Json::Null);
    let message = body.get("message").text().map_or("no explanation".into(), |text| redacted(text));
    match body.get("code").text().map(|code| &**code) {
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
