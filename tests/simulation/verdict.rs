//! What must hold at the end, when all jobs have ended.

use generation_queue::job::Kind;

use super::check::current_path;
use super::models::End;
use super::sim::{Sim, Submitted};
use super::support::ledger::{Job, Ledger, Status};

/// Checks everything; the first violation counts.
pub fn check(sim: &Sim) {
    let ledger = sim.ledger.borrow();
    for job in 0..ledger.rows.len() {
        ended(sim, &ledger, job);
        paid_once(sim, job);
        for (_, key) in ledger.slots(job) {
            current_object(sim, &ledger, job, &key);
        }
    }
    for job in &sim.watch.borrow().reported {
        if ledger.rows[*job].status != Status::Succeeded {
            sim.violated(|| format!("a worker reported that job {job} succeeded; it did not"));
        }
    }
}

/// Each job has ended in one way, its message is archived, and a success has its asset.
fn ended(sim: &Sim, ledger: &Ledger, job: Job) {
    let row = &ledger.rows[job];
    if row.status.is_live() || row.finished_at.is_none() {
        sim.violated(|| format!("job {job} has not ended: {:?}", row.status));
    }
    if row.queued.is_some() || row.archived.is_none() {
        sim.violated(|| format!("the message of job {job} is not archived"));
    }
    if (row.status == Status::Failed) && row.error_code.is_none() {
        sim.violated(|| format!("job {job} has failed without an error code"));
    }
    if row.publication.is_some() {
        sim.violated(|| format!("the copies of job {job} are still due"));
    }
    if row.status != Status::Succeeded {
        return;
    }
    let path = row.object_path.clone().unwrap_or_default();
    let path = format!("{}/{path}", row.kind.bucket());
    let objects = sim.objects.borrow();
    let content = objects.by_path.get(&path).map(|(content, _)| *content);
    let made_for =
        content.and_then(|content| sim.provider.borrow().made.get(content as usize).copied());
    if made_for != Some(job) {
        sim.violated(|| {
            format!("job {job} succeeded, but {path} holds what was made for {made_for:?}")
        });
    }
    let ending = format!("/{}.", row.job_id);
    if !path.contains(&ending) || !row.asset_url.as_ref().is_some_and(|url| url.ends_with(&path)) {
        sim.violated(|| format!("job {job} has its asset at {path}, not at its own path"));
    }
}

/// No second video of a job is paid for, unless the first operation ended without a video, or an
/// operator redrove the job when it had no operation on record.
fn paid_once(sim: &Sim, job: Job) {
    let watch = sim.watch.borrow();
    let mut paid: Vec<(&Submitted, usize)> = watch
        .submissions
        .iter()
        .filter(|submission| submission.job == job)
        .filter_map(|submission| Some((submission, submission.operation?)))
        .collect();
    paid.sort_by_key(|(submission, _)| (submission.claimed_at, submission.sent_at));
    for pair in paid.windows(2) {
        let ((first, operation), (second, _)) = (pair[0], pair[1]);
        let running = &sim.provider.borrow().operations[operation];
        let over =
            matches!(running.end, End::NoVideo | End::Trouble) && running.over_at <= second.sent_at;
        let decided = watch.redrives.iter().any(|(redriven, at)| {
            *redriven == job && first.claimed_at <= *at && *at <= second.claimed_at
        });
        if !over && !decided {
            sim.violated(|| {
                format!(
                    "job {job} is paid for twice: at {:?} and at {:?}",
                    first.sent_at, second.sent_at
                )
            });
        }
    }
}

/// The job whose asset an entity has to show: the last one that was chosen, unless one that was sent
/// after the choice has succeeded; else the success that was sent last.
fn current(sim: &Sim, ledger: &Ledger, kind: Kind, key: &str) -> Option<Job> {
    let of_entity = |job: Job| {
        ledger.rows[job].kind == kind && ledger.slots(job).iter().any(|(_, other)| other == key)
    };
    let succeeded = |job: Job| of_entity(job) && ledger.rows[job].status == Status::Succeeded;
    let watch = sim.watch.borrow();
    let choice = watch.choices.iter().rev().find(|(job, _)| of_entity(*job)).copied();
    let sent_last = (0..ledger.rows.len()).rev().find(|job| succeeded(*job))?;
    match choice {
        Some((chosen, at)) if ledger.rows[sent_last].enqueued_at <= at => Some(chosen),
        _ => Some(sent_last),
    }
}

/// An entity and its current object show what the current result made.
fn current_object(sim: &Sim, ledger: &Ledger, job: Job, key: &str) {
    let kind = ledger.rows[job].kind;
    let Some(newest) = current(sim, ledger, kind, key) else { return };
    let row = &ledger.rows[newest];
    if let Some(entity) = ledger.entities.get(key)
        && entity.url(kind) != row.asset_url.as_deref()
    {
        sim.violated(|| format!("{key} shows {:?}, not that of job {newest}", entity.url(kind)));
    }
    if sim.endless.get() {
        return;
    }
    let objects = sim.objects.borrow();
    let content = |path: &str| objects.by_path.get(path).map(|(content, _)| *content);
    let path = row.object_path.as_deref().unwrap_or_default();
    let current = current_path(kind, key);
    if content(&current) != content(&format!("{}/{path}", kind.bucket())) {
        let made = &sim.provider.borrow().made;
        let holds = content(&current).and_then(|content| made.get(content as usize));
        sim.violated(|| {
            format!("{current} holds what was made for {holds:?}, not for job {newest}")
        });
    }
}
