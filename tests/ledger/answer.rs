//! What the model answers, as the JSON of the SQL.

use std::time::Duration;

use generation_queue::failure::Next;
use generation_queue::job::{Id, JobId};
use generation_queue::port::{Claim, Completion, Lease, Overdue, Unavailable, Unpublished};
use serde_json::{Value, json};

use super::call::{Becomes, Call, Which, operation, publications};
use super::state::{entities, rounded, status};
use super::support::ledger::operator::Chosen;
use super::support::ledger::settle::Completed;
use super::support::ledger::{Entity, Job, Ledger};

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
        Call::Claim { kind, lease, quantity, worker, claim_id } => {
            let claims = ledger.claim(now, kind, lease, quantity, worker.as_ref(), claim_id);
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
        Call::Complete { lease, asset, asked } => {
            match ledger.complete(now, &lease, &asset, &asked) {
                Completed::Held(completion) => completed(ledger, lease, &completion),
                Completed::NotHeld => json!({"held": false}),
                Completed::LinkingFailed(key) => json!({"error": "GJ001", "entity": key}),
            }
        }
        Call::Defer { lease, defer } => json!(ledger.defer(now, &lease, &defer)),
        Call::Fail { lease, end } => json!(ledger.fail(now, &lease, &end)),
        Call::Confirm { job, made } => publications(&ledger.confirm(now, &job, &made)),
        Call::Unpublished { kind, quantity } => {
            let left = ledger.unpublished(now, kind, quantity);
            unpublished(left.into_iter().map(|job| ledger.due(job)).collect())
        }
        Call::Maintain { kind, asked } => overdue(ledger.maintain(now, kind, &asked)),
        Call::Cancel { job } => {
            let cancelled = ledger.cancel(now, job);
            json!({"cancelled": cancelled, "status": status(ledger.rows[job].status)})
        }
        Call::Choose { job } => choose(ledger, now, job),
        Call::CancelledOperation { kind, told } => {
            let due = ledger.cancelled(now, kind, told.as_ref(), true);
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

fn completed(ledger: &Ledger, lease: Lease, completion: &Completion) -> Value {
    let job = usize::try_from(lease.msg_id).expect("the id of a message") - 1;
    let claims = completion.claims.as_ref();
    json!({
        "held": true,
        "entities": entities(&ledger.rows[job]),
        "publications": publications(&completion.publications),
        "contended": completion.contended,
        "due": unpublished(completion.due.clone()),
        "claims": claims.map(|claims| claims.iter().map(claimed).collect::<Vec<_>>()),
    })
}

fn overdue(Overdue { unpublished: left, cancelled }: Overdue) -> Value {
    let told = |(job, due)| json!({"job_id": JobId::as_str(&job), "operation": operation(&due)});
    json!({
        "unpublished": unpublished(left),
        "cancelled": cancelled.into_iter().map(told).collect::<Vec<_>>(),
    })
}

/// In the order of their ids, since the SQL answers them in any order.
fn unpublished(mut jobs: Vec<Unpublished>) -> Value {
    jobs.sort_by(|one, other| one.job_id.as_str().cmp(other.job_id.as_str()));
    let told = |Unpublished { job_id, target, publications: due }: &Unpublished| {
        json!({
            "job_id": job_id.as_str(),
            "storyboard_id": target.storyboard.as_str(),
            "scene_id": target.scene.as_ref().map(Id::as_str),
            "character_id": target.character.as_ref().map(Id::as_str),
            "publications": publications(due),
        })
    };
    jobs.iter().map(told).collect()
}
