//! What the model answers, as the JSON of the SQL.

use std::time::Duration;

use generation_queue::failure::Next;
use generation_queue::port::{Claim, Lease, Unavailable};
use serde_json::{Value, json};

use super::call::{Becomes, Call, Which, operation, publications};
use super::state::{entities, rounded, status};
use super::support::ledger::operator::Chosen;
use super::support::ledger::settle::Completed;
use super::support::ledger::{Entity, Job, Ledger, Status};

/// The jitter of rests, as `database.ts` sets it. No rest ends close to a call by it.
const CHANCE: f64 = 0.75;

/// Makes a call to the model.
pub fn answer(ledger: &mut Ledger, now: Duration, call: &Call) -> Value {
    match call.clone() {
        Call::Send { kind, message, delay, enqueued } => {
            let job = ledger.send(now, kind, message, delay);
            let job_id = ledger.rows[job].job_id.as_str();
            if enqueued { json!({"job_id": job_id, "msg_id": job + 1}) } else { json!(job + 1) }
        }
        Call::Claim { kind, lease, quantity, worker } => {
            let claims = ledger.claim(now, kind, lease, quantity, worker.as_ref());
            claims.iter().map(|(_, claim)| claimed(claim)).collect()
        }
        Call::Extend { lease, by, alone } => json!(ledger.extend(now, &lease, by, alone)),
        Call::BeginSubmission { lease, model } => {
            json!(ledger.begin_submission(now, &lease, model))
        }
        Call::ReportTrouble { lease, met } => {
            let rest = ledger.report_trouble(now, &lease, met, CHANCE);
            json!(rest.map(|rest| rounded(rest, Duration::ZERO)))
        }
        Call::ResetModels { model } => json!(ledger.reset_models(now, model)),
        Call::RecordOperation { lease, operation } => {
            json!(ledger.record_operation(now, &lease, operation))
        }
        Call::Complete { lease, asset } => match ledger.complete(now, &lease, &asset) {
            Completed::Held(_) => completed(ledger, lease),
            Completed::NotHeld => json!({"held": false}),
            Completed::LinkingFailed(key) => json!({"error": "GJ001", "entity": key}),
        },
        Call::Defer { lease, defer } => json!(ledger.defer(now, &lease, &defer)),
        Call::Fail { lease, end } => json!(ledger.fail(now, &lease, &end)),
        Call::Confirm { job, made } => publications(&ledger.confirm(now, &job, &made)),
        Call::Unpublished { kind, quantity } => {
            let mut left = ledger.unpublished(now, kind, quantity);
            // The SQL answers them in any order.
            left.sort_unstable();
            left.into_iter().map(|job| unpublished(ledger, job)).collect()
        }
        Call::Cancel { job } => {
            let cancelled = ledger.cancel(now, job);
            json!({"cancelled": cancelled, "status": status(ledger.rows[job].status)})
        }
        Call::Choose { job } => choose(ledger, now, job),
        Call::CancelledOperation { kind, told } => {
            let due = ledger.cancelled(now, kind, told.as_ref());
            let due =
                due.map(|(job, due)| json!({"job_id": job.as_str(), "operation": operation(&due)}));
            due.into_iter().collect()
        }
        Call::Redrive { which, forget } => redrive(ledger, now, &which, forget),
        Call::ReadByHand { job, hidden, .. } => {
            let read = ledger.read_by_hand(now, job, hidden);
            let message = ledger.rows[job].queued.as_ref().filter(|_| read);
            let message = message.map(|message| json!({"read_ct": message.read_ct}));
            message.into_iter().collect()
        }
        Call::TimeGoesBy { .. } => Value::Null,
        Call::Entity { key, becomes } => {
            if becomes == Becomes::Present {
                ledger.entities.insert(key.to_owned(), Entity::default());
            } else if let Some(entity) = ledger.entities.get_mut(key) {
                entity.broken = becomes == Becomes::Broken;
            }
            Value::Null
        }
    }
}

fn choose(ledger: &mut Ledger, now: Duration, job: Job) -> Value {
    match ledger.choose(now, job) {
        Chosen::Current => {
            let row = &ledger.rows[job];
            json!({
                "job_id": row.job_id.as_str(), "asset_url": row.asset_url, "entities": entities(row),
            })
        }
        Chosen::Refused => json!({"error": "22023"}),
        Chosen::LinkingFailed(key) => json!({"error": "GJ001", "entity": key}),
    }
}

fn redrive(ledger: &mut Ledger, now: Duration, which: &Which, forget: bool) -> Value {
    let Which { jobs, code, kind } = which;
    let mut redriven = Vec::new();
    for job in 0..ledger.rows.len() {
        let row = &ledger.rows[job];
        let meant = jobs.as_ref().is_none_or(|jobs| jobs.contains(&job))
            && code.is_none_or(|code| row.error_code == Some(code))
            && kind.is_none_or(|kind| row.kind == kind);
        if meant && ledger.redrive(now, job, forget) {
            redriven.push(json!(ledger.rows[job].job_id.as_str()));
        }
    }
    Value::Array(redriven)
}

fn claimed(claim: &Claim) -> Value {
    let age = claim.operation.as_ref().map(|_| rounded(claim.operation_age, Duration::ZERO));
    json!({
        "job_id": claim.job_id.as_str(),
        "msg_id": claim.lease.msg_id,
        "lease_token": claim.lease.token,
        "message": Value::from(claim.message.clone()),
        "attempts": claim.attempts,
        "deaths": claim.deaths,
        "operation": claim.operation.as_ref().map(operation),
        "operation_age_seconds": age,
        "submission_pending": claim.submission_pending,
        "retried": claim.retried,
        "age_seconds": rounded(claim.age, Duration::ZERO),
        "unavailable": unavailable(&claim.unavailable),
    })
}

fn unavailable(models: &[Unavailable]) -> Value {
    let told = |it: &Unavailable| {
        let Next::Rest { standing, after } = it.failure.next else { panic!("a rest") };
        let state = json!({
            "state": standing.as_str(),
            "seconds": after.map(|after| rounded(after, Duration::ZERO)),
            "probe": it.probe,
            "passed_over": it.passed_over,
            "code": it.failure.code.as_str(),
            "reason": it.failure.message,
        });
        (it.model.clone(), state)
    };
    match models {
        [] => Value::Null,
        models => Value::Object(models.iter().map(told).collect()),
    }
}

fn completed(ledger: &Ledger, lease: Lease) -> Value {
    let job = usize::try_from(lease.msg_id).expect("the id of a message") - 1;
    json!({
        "held": true,
        "entities": entities(&ledger.rows[job]),
        "publications": publications(&ledger.publications(job)),
    })
}

fn unpublished(ledger: &Ledger, job: Job) -> Value {
    let row = &ledger.rows[job];
    debug_assert_eq!(row.status, Status::Succeeded);
    let text = |field: &str| row.message[field].as_str().filter(|text| !text.is_empty());
    json!({
        "job_id": row.job_id.as_str(),
        "storyboard_id": text("storyboardId"),
        "scene_id": text("sceneId"),
        "character_id": text("characterId"),
        "publications": publications(&ledger.publications(job)),
    })
}
