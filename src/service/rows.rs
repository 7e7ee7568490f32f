//! What the database's functions answer, as the worker knows it. One row that cannot be read
//! never spoils the others.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::job::{Id, JobId, Kind, Slot, Target};
use crate::port::{
    Claim, Completion, Lease, LinkOutcome, LinkedEntity, Operation, Publication, Unpublished,
};

/// A claimed job.
///
/// None only if the row lacks the very things that name the job and its lease; nothing could be
/// written for it then, and its message becomes visible again when the lease has run out. An
/// operation that cannot be read is never taken for none: something was submitted, so the job
/// goes on as one whose submission nobody knows the outcome of.
pub(super) fn claim(kind: Kind, row: &Value) -> Option<Claim> {
    let lease = Lease {
        kind,
        msg_id: row.get("msg_id")?.as_i64()?,
        token: row.get("lease_token")?.as_i64()?.try_into().ok()?,
    };
    let stored = row.get("operation").filter(|operation| !operation.is_null());
    let operation = stored.and_then(|stored| Operation::deserialize(stored).ok());
    let age = row.get("operation_age_seconds").and_then(Value::as_f64).unwrap_or(0.0);
    let attempts = row.get("attempts").and_then(Value::as_u64).unwrap_or(1);
    Some(Claim {
        lease,
        job_id: JobId::new(row.get("job_id")?.as_str()?)?,
        message: row.get("message").cloned().unwrap_or_default(),
        attempts: attempts.try_into().unwrap_or(u32::MAX),
        retried: flag(row, "retried"),
        submission_pending: flag(row, "submission_pending")
            || stored.is_some() && operation.is_none(),
        operation,
        operation_age: Duration::try_from_secs_f64(age).unwrap_or_default(),
    })
}

/// What completing a job came to.
pub(super) fn completion(answer: &Value) -> Completion {
    let entity = |value: &Value| {
        let outcome = LinkOutcome::deserialize(value.get("outcome")?).ok()?;
        Some(LinkedEntity { key: value.get("key")?.as_str()?.to_owned(), outcome })
    };
    Completion {
        entities: list(answer.get("entities")).iter().filter_map(entity).collect(),
        publications: publications(answer.get("publications")),
    }
}

/// A job whose copies are still to be made.
pub(super) fn unpublished(row: &Value) -> Option<Unpublished> {
    let id = |key| row.get(key).and_then(Value::as_str).and_then(Id::new);
    Some(Unpublished {
        job_id: JobId::new(row.get("job_id")?.as_str()?)?,
        target: Target {
            storyboard: id("storyboard_id")?,
            scene: id("scene_id"),
            character: id("character_id"),
        },
        publications: publications(row.get("publications")),
    })
}

/// Publications, read.
pub(super) fn publications(value: Option<&Value>) -> Vec<Publication> {
    let publication = |value: &Value| {
        let text = |key| value.get(key).and_then(Value::as_str);
        Some(Publication {
            slot: Slot::from_name(text("slot")?)?,
            path: text("object_path")?.to_owned(),
            content_type: text("content_type")?.to_owned(),
        })
    };
    list(value).iter().filter_map(publication).collect()
}

/// Publications, written.
pub(super) fn publications_json(publications: &[Publication]) -> Value {
    let publication = |it: &Publication| json!({"slot": it.slot.as_str(), "object_path": it.path, "content_type": it.content_type});
    publications.iter().map(publication).collect()
}

/// The elements of an array; none of anything else.
pub(super) fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn flag(row: &Value, key: &str) -> bool {
    row.get(key).and_then(Value::as_bool).unwrap_or(false)
}
