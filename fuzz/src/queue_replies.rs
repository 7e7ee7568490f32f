//! The database's answers. The question is the name of a function.

use std::time::Duration;

use generation_queue::failure::Code;
use generation_queue::job::{Format, JobId, Kind};
use generation_queue::port::{
    Along, Claim, ClaimRequest, Deferral, Ending, Lease, MaintenanceRequest, Operation, Queue,
    StoredAsset, WriteError,
};
use generation_queue::service::Pgmq;
use serde_json::Value;

use crate::failure;
use crate::script::{Script, Service, now};

const BASE: &str = "https://p.example.com/rest/v1";
const LEASE: Lease = Lease { kind: Kind::Video, msg_id: 7, token: 3 };
const JOB: &str = "0b6e2c1e-5a07-4c9f-8d7e-3f1f0a9b8c7d";

/// A write took effect, or the lease is lost, only where the database says just that; what was paid
/// for is never forgotten; a claim is repeated as it was.
pub fn check(input: &[u8]) {
    let script = Script::read(input);
    let service = script.service(BASE);
    let queue = Pgmq::new(&service);
    match script.question.trim_end() {
        "claim" => {
            let request = ClaimRequest {
                lease: Duration::from_secs(600),
                quantity: 5,
                models: &["veo-x".into()],
                fallback_after: None,
                job_deadline: Duration::from_secs(24 * 3600),
            };
            let claims = now(queue.claim(LEASE.kind, request));
            let sent = service.sent.borrow();
            assert!(sent.len() <= 3 && sent.iter().all(|it| it.body == sent[0].body));
            match claims {
                Ok(claims) => check_claims(&service, &claims),
                Err(failure) => failure::check(&failure),
            }
        }
        "complete" => match now(queue.complete(&LEASE, &asset(), Along::default())) {
            Ok(_) => assert!(held(&service).is_none_or(|held| held == true)),
            Err(error) => check_error(&error, held(&service)),
        },
        "maintain" => match now(queue.maintain(Kind::Image, MaintenanceRequest::default())) {
            Ok(overdue) => {
                for job in overdue.unpublished.iter().take(2) {
                    confirm(&queue, &job.job_id, &job.publications);
                }
            }
            Err(failure) => failure::check(&failure),
        },
        "slowest" => {
            if let Err(failure) = now(queue.slowest(Kind::Image)) {
                failure::check(&failure);
            }
        }
        "confirm" => confirm(&queue, &JobId::new(JOB).expect("a job id"), &[]),
        "begin" => check_write(&service, now(queue.begin_submission(&LEASE, "veo-x", None))),
        "record" => {
            let operation = Operation { model: "veo-x".into(), name: "operations/y".into() };
            check_write(&service, now(queue.record_operation(&LEASE, &operation, Some(0.8))));
        }
        "defer" => {
            let deferral = Deferral {
                delay: Duration::from_millis(1500),
                counted: true,
                reason: Some((Code::QuotaExhausted, "m".into())),
                reset_submission: false,
                waits_for: None,
                spent_usd: Some(0.8),
            };
            check_write(&service, now(queue.defer(&LEASE, &deferral)));
        }
        "fail" => {
            let (code, message) = (Code::NoVideo, "m".into());
            let ending = Ending { code, message, reset_submission: false, spent_usd: None };
            check_write(&service, now(queue.fail(&LEASE, &ending)));
        }
        _ => check_write(&service, now(queue.extend(&LEASE, Duration::from_secs(600), false))),
    }
    service.check_requests();
}

fn asset() -> StoredAsset {
    StoredAsset {
        path: "sb/jobs/j.mp4".into(),
        url: "https://p.example.com/j.mp4".into(),
        format: Format::Mp4,
        model: None,
        usage: None,
        cost_usd: Some(0.8),
        passed_over: None,
        took: None,
    }
}

fn confirm(queue: &Pgmq<&Service>, job: &JobId, made: &[generation_queue::port::Publication]) {
    if let Err(failure) = now(queue.confirm_publication(job, made)) {
        failure::check(&failure);
    }
}

/// What the last answer says of the lease, if it can be read here.
fn held(service: &Service) -> Option<Value> {
    service.last_value().map(|answer| answer["held"].clone())
}

fn check_write(service: &Service, outcome: Result<(), WriteError>) {
    let answer = service.last_value();
    match outcome {
        Ok(()) => assert_eq!(answer, Some(Value::Bool(true))),
        Err(error) => check_error(&error, answer),
    }
    assert!(service.urls().len() <= 3);
}

fn check_error(error: &WriteError, answer: Option<Value>) {
    match error {
        WriteError::LeaseLost => assert!(answer.is_none_or(|held| held == false)),
        WriteError::Failed(failure) => {
            failure::check(failure);
            assert!(!matches!(answer, Some(Value::Bool(_))), "an answer was not understood");
        }
    }
}

fn check_claims(service: &Service, claims: &[Claim]) {
    let Some(Value::Array(rows)) = service.last_value() else { return };
    assert!(claims.len() <= rows.len());
    let mut rows = rows.iter();
    for claim in claims {
        assert_eq!(claim.lease.kind, LEASE.kind);
        let names = |row: &&Value| {
            let text = |key: &str| row[key].as_str().map(str::to_ascii_lowercase);
            let is_named = text("job_id").as_deref() == Some(claim.job_id.as_str());
            (is_named || claim.job_id == JobId::default())
                && integer(&row["msg_id"]) == Some(claim.lease.msg_id)
                && integer(&row["lease_token"]) == Some(claim.lease.token.into())
        };
        let row = rows.find(names).expect("claims are in the order of their rows");
        // A row of too many values has no message, which fails the job. Nor has one without the id of its job.
        let message = Value::from(claim.message.clone());
        let is_left_out = values(row) > 8000 || claim.job_id == JobId::default();
        assert!(
            if message.is_null() {
                is_left_out || row["message"].is_null()
            } else {
                message == row["message"]
            },
            "{row}"
        );
        let forgotten = claim.operation.is_none() && !claim.submission_pending;
        assert!(row["operation"].is_null() || !forgotten, "an operation was forgotten: {row}");
    }
}

/// How many values there are in a value, itself included.
fn values(value: &Value) -> usize {
    1 + match value {
        Value::Array(elements) => elements.iter().map(values).sum(),
        Value::Object(members) => members.values().map(values).sum(),
        _ => 0,
    }
}

fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}
