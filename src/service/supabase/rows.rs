//! What the database's functions answer, as the worker knows it. One row that cannot be read
//! never spoils the others.

use std::time::Duration;

use crate::failure::{Code, Failure, Next, Standing};
use crate::job::{Id, JobId, Kind, Slot, Target};
use crate::json::{Json, Object};
use crate::port::{
    Claim, Completion, Copied, GenerationTime, Lease, LinkOutcome, LinkedEntity, Operation,
    Overdue, Publication, Unavailable, Unpublished,
};

/// A claimed job, from a row of which `whole` says whether the whole of it was read.
///
/// None only if the row lacks the very things that name the lease; nothing could be
/// written for it then, and its message becomes visible again when the lease has run out. An
/// operation that cannot be read is never taken for none: something was submitted, so the job
/// goes on as one whose submission has an unknown outcome. A message that was not read whole
/// is none, and so is that of a job without an id: the job fails.
pub(super) fn claim(kind: Kind, row: &Json<'_>, whole: bool) -> Option<Claim> {
    let lease = Lease {
        kind,
        msg_id: row.get("msg_id").integer()?,
        token: row.get("lease_token").integer()?.try_into().ok()?,
    };
    let stored = row.get("operation");
    let operation = operation(stored);
    let unreadable = !stored.is_null() && operation.is_none();
    let job_id = row.get("job_id").text().and_then(|id| JobId::new(id));
    let age = |key| seconds(row.get(key)).unwrap_or_default();
    let count = |key, otherwise| {
        let number = row.get(key).integer().unwrap_or(otherwise);
        number.try_into().unwrap_or(u32::MAX)
    };
    Some(Claim {
        lease,
        message: if whole && job_id.is_some() { row.get("message").to_owned() } else { Json::Null },
        job_id: job_id.unwrap_or_default(),
        attempts: count("attempts", 1),
        deaths: count("deaths", 0),
        retried: row.get("retried").is_true(),
        submission_pending: row.get("submission_pending").is_true() || unreadable,
        operation,
        operation_age: age("operation_age_seconds"),
        age: age("age_seconds"),
        unavailable: read_all(row.get("unavailable"), &unavailable),
    })
}

/// The rows that can be read, each with its name where it has one. (The library's way to collect what is filtered
/// is 2 KB of WASM.)
fn read_all<T>(rows: &Json<'_>, read: &dyn Fn(&str, &Json<'_>) -> Option<T>) -> Vec<T> {
    let mut all = Vec::new();
    for (name, row) in rows.inside() {
        if let Some(row) = read(name, row) {
            all.push(row);
        }
    }
    all
}

/// A model that cannot be used now. What cannot be read of it is no reason to use it.
fn unavailable(model: &str, row: &Json<'_>) -> Option<Unavailable> {
    let text = |key| row.get(key).text().map_or_else(String::new, |text| text.to_string());
    let standing = Standing::from_name(&text("state"));
    let code = Code::from_name(&text("code"));
    let seconds = row.get("seconds").integer().and_then(|seconds| seconds.try_into().ok());
    let next = Next::Rest {
        standing: standing.unwrap_or(Standing::Resting),
        after: seconds.map(Duration::from_secs),
    };
    Some(Unavailable {
        model: model.to_owned(),
        probe: row.get("probe").is_true(),
        passed_over: row.get("passed_over").is_true(),
        failure: Failure::new(code.unwrap_or(Code::ProviderUnavailable), text("reason"), next),
    })
}

fn operation(stored: &Json<'_>) -> Option<Operation> {
    let text = |key| stored.get(key).text().map(|text| text.to_string());
    Some(Operation { model: text("model")?, name: text("name")? })
}

/// A time in seconds, to the microsecond; none if it is negative or no number.
fn seconds(value: &Json<'_>) -> Option<Duration> {
    let seconds = value.number().filter(|seconds| *seconds >= 0.0)?;
    // A time that no `u64` holds is the longest there is.
    Some(Duration::from_micros((seconds * 1e6) as u64))
}

/// A job that was cancelled, and its operation.
fn cancelled(row: &Json<'_>) -> Option<(JobId, Operation)> {
    Some((JobId::new(row.get("job_id").text()?)?, operation(row.get("operation"))?))
}

/// How slow a model was recently.
pub(super) fn generation_time(row: &Json<'_>) -> Option<GenerationTime> {
    let text = |key| row.get(key).text().map(|text| text.to_string());
    let longest = seconds(row.get("seconds"))?;
    Some(GenerationTime { model: text("model")?, image_size: text("image_size"), longest })
}

/// What completing a job came to.
pub(super) fn completion(kind: Kind, answer: &Json<'_>) -> Completion {
    let entity = |_: &str, row: &Json<'_>| {
        let outcome = LinkOutcome::from_name(row.get("outcome").text()?)?;
        Some(LinkedEntity { key: row.get("key").text()?.to_string(), outcome })
    };
    Completion {
        entities: read_all(answer.get("entities"), &entity),
        publications: publications(answer.get("publications")),
        contended: answer.get("contended").is_true(),
        due: read_all(answer.get("due"), &unpublished),
        claims: match answer.get("claims") {
            rows @ Json::List(_) => Some(read_all(rows, &|_, it| claim(kind, it, true))),
            _ => None,
        },
    }
}

/// What is overdue on a queue.
pub(super) fn overdue(answer: &Json<'_>) -> Overdue {
    Overdue {
        unpublished: read_all(answer.get("unpublished"), &unpublished),
        cancelled: answer.get("cancelled").list().first().and_then(cancelled),
    }
}

/// A job whose copies are still to be made.
fn unpublished(_: &str, row: &Json<'_>) -> Option<Unpublished> {
    let id = |key| row.get(key).text().and_then(|text| Id::new(text));
    Some(Unpublished {
        job_id: JobId::new(row.get("job_id").text()?)?,
        target: Target {
            storyboard: id("storyboard_id")?,
            scene: id("scene_id"),
            character: id("character_id"),
        },
        publications: publications(row.get("publications")),
    })
}

/// Publications, read.
pub(super) fn publications(list: &Json<'_>) -> Vec<Publication> {
    let publication = |_: &str, row: &Json<'_>| {
        Some(Publication {
            slot: Slot::from_name(row.get("slot").text()?)?,
            path: row.get("object_path").text()?.to_string(),
            content_type: row.get("content_type").text()?.to_string(),
            choice: row.get("choice").integer(),
        })
    };
    read_all(list, &publication)
}

/// Writes copies that were made.
pub(super) fn write_confirmed(it: &mut Object<'_>, confirmed: &[Copied]) {
    it.list("confirmed", |list| {
        for Copied { job_id, publications } in confirmed {
            list.object(|it| write_publications(it.text("job_id", job_id.as_str()), publications));
        }
    });
}

/// Writes publications.
pub(super) fn write_publications(it: &mut Object<'_>, publications: &[Publication]) {
    it.list("publications", |list| {
        for publication in publications {
            list.object(|it| {
                it.text("slot", publication.slot.as_str())
                    .text("object_path", &publication.path)
                    .text("content_type", &publication.content_type)
                    .optional_integer("choice", publication.choice);
            });
        }
    });
}
