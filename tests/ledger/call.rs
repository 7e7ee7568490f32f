//! The calls: the functions of `supabase/migrations/`, what operators do, and time.

use std::time::Duration;

use generation_queue::failure::Code;
use generation_queue::job::{JobId, Kind};
use generation_queue::port::{
    Copied, Deferral, Ending, Lease, Operation, Publication, StoredAsset, Trouble,
};
use serde_json::{Value, json};

use super::support::ledger::Job;
use super::support::ledger::settle::{Asked, Maintenance};
use super::support::ledger::standing::Worker;

/// One step of a sequence.
#[derive(Debug, Clone)]
pub enum Call {
    Send {
        kind: Kind,
        message: Value,
        delay: Duration,
        enqueued: bool,
    },
    Claim {
        kind: Kind,
        lease: Duration,
        quantity: u32,
        worker: Option<Worker>,
        claim_id: Option<i64>,
    },
    Extend {
        lease: Lease,
        by: Duration,
        alone: bool,
    },
    BeginSubmission {
        lease: Lease,
        model: &'static str,
    },
    ReportTrouble {
        lease: Lease,
        met: Trouble<'static>,
    },
    ResetModels {
        model: Option<&'static str>,
    },
    RecordOperation {
        lease: Lease,
        operation: Operation,
    },
    Complete {
        lease: Lease,
        asset: StoredAsset,
        asked: Asked,
    },
    Defer {
        lease: Lease,
        defer: Deferral,
    },
    Fail {
        lease: Lease,
        end: Ending,
    },
    Confirm {
        job: JobId,
        made: Vec<Publication>,
    },
    Unpublished {
        kind: Kind,
        quantity: u32,
    },
    Maintain {
        kind: Kind,
        asked: Maintenance,
    },
    Cancel {
        job: Job,
    },
    Choose {
        job: Job,
    },
    CancelledOperation {
        kind: Kind,
        told: Option<JobId>,
    },
    Redrive {
        which: Which,
        forget: bool,
    },
    ReadByHand {
        kind: Kind,
        job: Job,
        hidden: Duration,
    },
    TimeGoesBy {
        by: Duration,
    },
    Entity {
        key: &'static str,
        becomes: Becomes,
    },
}

/// Which failed jobs are redriven: those that meet every given condition.
#[derive(Debug, Clone)]
pub struct Which {
    pub jobs: Option<Vec<Job>>,
    pub code: Option<Code>,
    pub kind: Option<Kind>,
}

/// What happens to an entity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Becomes {
    /// It exists; if it is new, without URLs.
    Present,
    /// Its value is no JSON object any more.
    Broken,
    /// Its value is the JSON object again that it was.
    Whole,
}

impl Call {
    /// The name of the function, or of what else happens.
    pub fn does(&self) -> &'static str {
        match self {
            Call::Send { enqueued: true, .. } => "enqueue_generation_job",
            Call::Send { enqueued: false, .. } => "pgmq.send",
            Call::Claim { .. } => "claim_generation_jobs",
            Call::Extend { .. } => "extend_generation_lease",
            Call::BeginSubmission { .. } => "begin_generation_submission",
            Call::RecordOperation { .. } => "record_generation_operation",
            Call::ReportTrouble { .. } => "report_generation_trouble",
            Call::ResetModels { .. } => "reset_generation_models",
            Call::Complete { .. } => "complete_generation_job",
            Call::Defer { .. } => "defer_generation_job",
            Call::Fail { .. } => "fail_generation_job",
            Call::Confirm { .. } => "confirm_generation_publication",
            Call::Unpublished { .. } => "unpublished_generation_jobs",
            Call::Maintain { .. } => "maintain_generation_queue",
            Call::Cancel { .. } => "cancel_generation_job",
            Call::Choose { .. } => "choose_generation_result",
            Call::CancelledOperation { .. } => "cancelled_generation_operations",
            Call::Redrive { .. } => "redrive_generation_jobs",
            Call::ReadByHand { .. } => "read by hand",
            Call::TimeGoesBy { .. } => "time goes by",
            Call::Entity { .. } => "an entity changes",
        }
    }

    /// The arguments, by their names in the SQL.
    pub fn with(&self, id: impl Fn(Job) -> JobId) -> Value {
        match self {
            Call::Send { kind, message, delay, .. } => json!({
                "queue_name": kind.queue(), "message": message, "delay_seconds": delay.as_secs(),
            }),
            Call::Claim { kind, lease, quantity, worker, claim_id } => {
                claim(*kind, *lease, *quantity, worker.as_ref(), *claim_id)
            }
            Call::Extend { lease, by, alone } => {
                of_lease(lease, json!({"lease_seconds": by.as_secs(), "alone": alone}))
            }
            Call::BeginSubmission { lease, model } => of_lease(lease, json!({"model": model})),
            Call::ReportTrouble { lease, met } => of_lease(lease, trouble(met)),
            Call::ResetModels { model } => json!({"model": model}),
            Call::RecordOperation { lease, operation } => {
                of_lease(lease, json!({"operation": self::operation(operation)}))
            }
            Call::Complete { lease, asset, asked } => {
                of_lease(lease, completion(lease, asset, asked))
            }
            Call::Defer { lease, defer } => of_lease(lease, deferral(defer)),
            Call::Fail { lease, end: Ending { code, message, reset_submission, .. } } => {
                let ending = json!({
                    "error_code": code.as_str(), "error_message": message,
                    "reset_submission": reset_submission,
                });
                of_lease(lease, ending)
            }
            Call::Confirm { job, made } => json!({
                "job_id": job.as_str(), "publications": publications(made),
            }),
            Call::Unpublished { kind, quantity } => json!({
                "queue_name": kind.queue(), "quantity": quantity,
            }),
            Call::Maintain { kind, asked } => json!({
                "queue_name": kind.queue(), "confirmed": confirmed(&asked.confirmed),
                "told": asked.told.iter().map(JobId::as_str).collect::<Vec<_>>(),
                "unpublished": asked.unpublished, "cancelled": u8::from(asked.cancels),
            }),
            Call::Cancel { job } | Call::Choose { job } => json!({"job_id": id(*job).as_str()}),
            Call::CancelledOperation { kind, told } => json!({
                "queue_name": kind.queue(), "quantity": 1,
                "told": told.iter().map(JobId::as_str).collect::<Vec<_>>(),
            }),
            Call::Redrive { which: Which { jobs, code, kind }, forget } => {
                let ids = |jobs: &Vec<Job>| -> Value {
                    jobs.iter().map(|job| id(*job).as_str().to_owned()).collect()
                };
                json!({
                    "job_ids": jobs.as_ref().map(ids), "error_code": code.map(Code::as_str),
                    "queue_name": kind.map(Kind::queue), "forget_operation": forget,
                })
            }
            Call::ReadByHand { kind, job, hidden } => json!({
                "queue_name": kind.queue(), "msg_id": job + 1, "vt": hidden.as_secs(),
            }),
            Call::TimeGoesBy { by } => json!({"seconds": by.as_secs()}),
            Call::Entity { key, becomes } => {
                json!({"key": key, "becomes": format!("{becomes:?}").to_lowercase()})
            }
        }
    }
}

fn claim(
    kind: Kind,
    lease: Duration,
    quantity: u32,
    worker: Option<&Worker>,
    claim_id: Option<i64>,
) -> Value {
    let mut with = json!({
        "queue_name": kind.queue(), "lease_seconds": lease.as_secs(), "quantity": quantity,
        "claim_id": claim_id,
    });
    if let Some(Worker { models, fallback_after, job_deadline }) = worker {
        with["models"] = json!(models);
        with["fallback_after_seconds"] = json!(fallback_after.map(|after| after.as_secs()));
        with["job_deadline_seconds"] = json!(job_deadline.as_secs());
    }
    with
}

fn trouble(met: &Trouble<'_>) -> Value {
    json!({
        "model": met.model, "state": met.standing.as_str(), "code": met.code.as_str(),
        "reason": met.reason, "rest_seconds": met.after.map(|after| after.as_secs()),
    })
}

fn deferral(defer: &Deferral) -> Value {
    let reason = defer.reason.as_ref();
    json!({
        "delay_seconds": defer.delay.as_secs(), "counted": defer.counted,
        "error_code": reason.map(|(code, _)| code.as_str()),
        "error_message": reason.map(|(_, message)| message),
        "reset_submission": defer.reset_submission, "waits_for": defer.waits_for,
    })
}

fn of_lease(lease: &Lease, mut with: Value) -> Value {
    with["queue_name"] = json!(lease.kind.queue());
    with["msg_id"] = json!(lease.msg_id);
    with["lease_token"] = json!(lease.token);
    with
}

fn completion(lease: &Lease, asset: &StoredAsset, asked: &Asked) -> Value {
    let next = asked.next.as_ref();
    let next = next.map(|(by, quantity, worker)| {
        claim(lease.kind, *by, *quantity, Some(worker), asked.claim_id)
    });
    json!({
        "object_path": asset.path, "asset_url": asset.url,
        "content_type": asset.format.content_type(), "model": asset.model,
        "usage": asset.usage.clone().map(Value::from), "cost_usd": asset.cost_usd,
        "confirmed": confirmed(&asked.confirmed), "next": next,
    })
}

fn confirmed(copies: &[Copied]) -> Value {
    let told = |Copied { job_id, publications: made }: &Copied| json!({"job_id": job_id.as_str(), "publications": publications(made)});
    copies.iter().map(told).collect()
}

/// An operation as the worker stores it.
pub fn operation(operation: &Operation) -> Value {
    json!({"model": operation.model, "name": operation.name})
}

/// Publications as the worker and the database write them.
pub fn publications(publications: &[Publication]) -> Value {
    let told = |publication: &Publication| {
        let mut told = json!({
            "slot": publication.slot.as_str(), "object_path": publication.path,
            "content_type": publication.content_type,
        });
        if let Some(choice) = publication.choice {
            told["choice"] = json!(choice);
        }
        told
    };
    publications.iter().map(told).collect()
}
