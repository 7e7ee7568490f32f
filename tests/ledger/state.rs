//! What the tables hold, in the form in which `database.ts` reads the real ones.

use std::time::Duration;

use generation_queue::failure::Code;
use generation_queue::job::{Kind, Slot};
use generation_queue::port::LinkOutcome;
use serde_json::{Map, Value, json};

use super::call::operation;
use super::support::ledger::standing::Stands;
use super::support::ledger::{Entity, Ledger, Message, Pending, Row, Status};

/// Times are rounded to steps of this many seconds, so that it does not matter how long the calls
/// themselves take. Leases and delays are zero or odd multiples of a step, ten minutes are an odd
/// multiple, and time passes in even ones: nothing becomes due close to a call.
pub const STEP: u64 = 120;

/// The seconds from one time to another, negative if it is the earlier one.
pub fn rounded(to: Duration, from: Duration) -> i64 {
    let steps = (to.as_secs_f64() - from.as_secs_f64()) / STEP as f64;
    steps.round() as i64 * STEP as i64
}

/// Everything that the tables hold.
pub fn state(ledger: &Ledger, now: Duration) -> Value {
    let entities = ledger.entities.iter().map(|(key, value)| (key.clone(), entity(value)));
    json!({
        "jobs": ledger.rows.iter().map(|row| job(row, now)).collect::<Vec<_>>(),
        "entities": entities.collect::<Map<_, _>>(),
        "models": ledger.models.iter().map(|it| model(ledger, it, now)).collect::<Vec<_>>(),
    })
}

fn model(ledger: &Ledger, (name, stands): (&String, &Stands), now: Duration) -> Value {
    let ago = |at: Duration| rounded(now, at);
    let rest = stands.trouble.as_ref();
    let probe = rest.and_then(|rest| rest.probe);
    json!({
        "model": name,
        "state": rest.map_or("ok", |rest| rest.standing.as_str()),
        "rests_in": rest.map(|rest| rounded(rest.until, now)),
        "code": stands.code.map(Code::as_str),
        "reason": stands.reason,
        "since_ago": stands.since.map(ago),
        "troubles": stands.troubles,
        "doubted_ago": stands.doubted_at.map(ago),
        "delay_named": rest.is_some_and(|rest| rest.delay_named),
        "probe_job": probe.map(|(job, _)| ledger.rows[job].job_id.as_str()),
        "probe_lease": probe.map(|(_, lease)| lease),
        "updated_ago": ago(stands.updated_at),
    })
}

fn job(row: &Row, now: Duration) -> Value {
    let ago = |at: Duration| rounded(now, at);
    let in_queue = |message: &Message| {
        let visible_in = rounded(message.visible_at, now);
        json!({"read_ct": message.read_ct, "visible_in": visible_in})
    };
    let in_archive = |read_ct: &i32| json!({"read_ct": read_ct});
    let publication =
        |left: &Pending| json!({"choice": left.choice, "due_in": rounded(left.due_at, now)});
    json!({
        "id": row.job_id.as_str(),
        "queue": row.kind.queue(),
        "message": *row.message,
        "status": status(row.status),
        "attempts": row.attempts,
        "deaths": row.deaths,
        "alone_lease_token": row.alone,
        "lease_token": row.lease_token,
        "operation": row.operation.as_ref().map(operation),
        "submitted_ago": row.submitted_at.map(ago),
        "submission_announced": row.submission.is_some(),
        "submission_lease_token": row.submission,
        "submission_model": row.submission_model,
        "waits_for": row.waits_for,
        "troubles": row.troubles,
        "own_troubles": row.own_troubles,
        "own_trouble_lease_token": row.own_trouble,
        "pending_ago": ago(row.pending_since),
        "object_path": row.object_path,
        "asset_url": row.asset_url,
        "content_type": row.content_type,
        "entities": entities(row),
        "publication": row.publication.as_ref().map(publication),
        "chosen_ago": row.chosen_at.map(ago),
        "choices": row.choices,
        "cancellation_pending": row.cancellation_pending,
        "cancellation_tries": row.cancellation_tries,
        "error_code": row.error_code.map(Code::as_str),
        "discarded": row.discarded.iter().map(operation).collect::<Vec<_>>(),
        "started": row.started,
        "finished_ago": row.finished_at.map(ago),
        "updated_ago": ago(row.updated_at),
        "in_queue": row.queued.iter().map(in_queue).collect::<Vec<_>>(),
        "in_archive": row.archived.iter().map(in_archive).collect::<Vec<_>>(),
    })
}

/// The outcomes of linking, in the order in which the entities were linked.
pub fn entities(row: &Row) -> Value {
    let told = |(slot, key, outcome): &(Slot, String, LinkOutcome)| json!({"slot": slot.as_str(), "key": key, "outcome": outcome.as_str()});
    row.entities.iter().map(told).collect()
}

fn entity(entity: &Entity) -> Value {
    json!({
        "image": entity.url(Kind::Image),
        "video": entity.url(Kind::Video),
        "broken": entity.broken,
    })
}

pub fn status(status: Status) -> &'static str {
    match status {
        Status::Queued => "queued",
        Status::Running => "running",
        Status::Waiting => "waiting",
        Status::Succeeded => "succeeded",
        Status::Failed => "failed",
        Status::Cancelled => "cancelled",
    }
}
