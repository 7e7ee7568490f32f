//! What must hold at any time, checked as it happens.

use generation_queue::failure::Code;
use generation_queue::job::Kind;
use generation_queue::port::SourceImage;

use super::people::{is_foreign, source_of};
use super::sim::{Sim, job_of_path};
use super::store::{FOREIGN, content_of, is_of_success};
use super::support::ledger::{Job, Row, Status};
use super::worker::Worker;

/// Checks a worker's write: without the lease it must have changed nothing.
pub fn write(sim: &Sim, name: &str, job: Job, token: i32, before: &Row, settles: bool) {
    let ledger = sim.ledger.borrow();
    let after = &ledger.rows[job];
    if after == before {
        sim.note(|| "  nothing changes".to_owned());
        return;
    }
    sim.note(|| format!("  job {job} is {:?}, attempts {}", after.status, after.attempts));
    // What a submission began before its job was cancelled has to be cancelled, too.
    let is_late = name == "record_operation"
        && before.status == Status::Cancelled
        && before.operation.is_none()
        && before.submission == Some(token)
        && *after
            == Row {
                operation: after.operation.clone(),
                submitted_at: after.submitted_at,
                updated_at: after.updated_at,
                cancellation_pending: true,
                ..before.clone()
            };
    let mut watch = sim.watch.borrow_mut();
    if watch.holders[job] != Some(token) && !is_late {
        let holder = watch.holders[job];
        sim.violated(|| {
            format!("{name} by lease {token} changed job {job}, whose lease is {holder:?}")
        });
    }
    if settles {
        watch.holders[job] = None;
    }
    let pending = after.submission.filter(|_| after.operation.is_none());
    if after.status == Status::Queued && pending == Some(token) {
        sim.violated(|| {
            format!("job {job} is deferred with the intent of a submission that was not made")
        });
    }
    if after.status == Status::Failed
        && pending.is_some()
        && after.error_code != Some(Code::SubmissionUncertain)
    {
        let code = after.error_code;
        sim.violated(|| format!("job {job} may have been paid for, but fails as {code:?}"));
    }
    if after.status == Status::Failed {
        deadline(sim, job, after, watch.timed_out.contains(&job));
    }
    if after.archived.is_some() && after.status.is_live() {
        sim.violated(|| format!("{name} archived the message of job {job}, which has not ended"));
    }
}

/// Checks a job that has failed: not for trouble of a model before its deadline.
fn deadline(sim: &Sim, job: Job, failed: &Row, timed_out: bool) {
    let code = failed.error_code;
    let trouble = match code {
        Some(Code::ProviderUnavailable) => !timed_out,
        Some(
            Code::ApiKeyInvalid
            | Code::BillingRefused
            | Code::LocationRefused
            | Code::AccountRefused
            | Code::QuotaExhausted
            | Code::ModelUnavailable,
        ) => true,
        _ => false,
    };
    let age = sim.now().saturating_sub(failed.pending_since);
    if trouble && age < sim.job_deadline.get() {
        sim.violated(|| format!("job {job} fails as {code:?} after {age:?} already"));
    }
}

/// Checks a request to a model that rests: only its probe may make one, or a job that was under way
/// when the rest began.
pub fn probe(worker: &Worker, job: Job, model: &str) {
    let sim = &worker.sim;
    let ledger = sim.ledger.borrow();
    let Some(stands) = ledger.models.get(model) else { return };
    let Some(rest) = &stands.trouble else { return };
    let claimed = sim.claim_of(job, worker.id.get());
    let under_way = claimed.is_none_or(|claim| claim.at <= stands.updated_at);
    // Another one may probe since its lease had run out, before its worker extended it.
    let may_have_run_out =
        claimed.is_some_and(|claim| claim.probes && claim.at + worker.kind.lease() < sim.now());
    let probes = rest.probe.is_some_and(|(probe, _)| probe == job) || may_have_run_out;
    // One that lost its lease meanwhile, to a cancellation for example, cannot know of another probe.
    let holds =
        ledger.rows[job].status == Status::Running && !sim.watch.borrow().by_hand.contains(&job);
    if holds && !under_way && !probes {
        let probe = rest.probe;
        sim.violated(|| format!("job {job} asks {model}, which rests; its probe is {probe:?}"));
    }
}

/// Checks a request that costs money: the worker that sends it must be the last one that claimed the
/// job.
pub fn lease(worker: &Worker, job: Job) {
    let sim = &worker.sim;
    let watch = sim.watch.borrow();
    let last = watch.claims.iter().rev().find(|claim| claim.job == job).map(|claim| claim.worker);
    if last != Some(worker.id.get()) && !watch.by_hand.contains(&job) {
        sim.violated(|| format!("job {job} is worked on after worker {last:?} has claimed it"));
    }
}

/// Checks the generation of an image: none may have been stored before the attempt began.
pub fn generation(worker: &Worker, job: Job, image: Option<&SourceImage>) {
    lease(worker, job);
    source(worker, job, image);
    let sim = &worker.sim;
    let claimed_at = sim.claimed_at(job, worker.id.get());
    let objects = sim.objects.borrow();
    let of_job = objects.by_path.iter().filter(|(path, _)| job_of_path(path) == Some(job));
    if let Some((path, (_, stored_at))) =
        of_job.into_iter().find(|(_, (_, stored_at))| *stored_at < claimed_at)
    {
        sim.violated(|| {
            format!("job {job} is generated again, though {path} is there since {stored_at:?}")
        });
    }
}

/// Checks the source that a model gets: what the job names, and never what the job itself made.
pub fn source(worker: &Worker, job: Job, image: Option<&SourceImage>) {
    let sim = &worker.sim;
    let ledger = sim.ledger.borrow();
    let url = source_of(&ledger.rows[job].message, worker.kind);
    let content = image.map(|image| content_of(&image.bytes));
    let right = match (url, content) {
        (None, None) => true,
        (Some(url), Some(content)) if is_foreign(url) => content == FOREIGN,
        (Some(_), Some(content)) => sim
            .provider
            .borrow()
            .made
            .get(content as usize)
            .is_some_and(|made_for| *made_for != job),
        _ => false,
    };
    if !right {
        sim.violated(|| format!("job {job} is made from {content:?}, but its source is {url:?}"));
    }
}

/// Checks a copy onto a current object: its source must belong to a job that succeeded for it.
pub fn copy(sim: &Sim, from: &str, to: &str) {
    if !is_of_success(sim, from) {
        sim.violated(|| format!("{to} becomes a copy of {from}, whose job has not succeeded"));
    }
    let ledger = sim.ledger.borrow();
    let fits = job_of_path(from).is_some_and(|job| {
        let kind = ledger.rows[job].kind;
        ledger.slots(job).iter().any(|(_, key)| current_path(kind, key) == to)
    });
    if !fits {
        sim.violated(|| format!("{to} becomes a copy of {from}, which belongs to another entity"));
    }
}

/// Checks the cancellation of an operation: its job must have been cancelled.
pub fn cancellation(sim: &Sim, job: Job) {
    let status = sim.ledger.borrow().rows[job].status;
    if status != Status::Cancelled {
        sim.violated(|| format!("the operation of job {job}, which is {status:?}, is cancelled"));
    }
}

/// The bucket and path of the current object of an entity.
pub fn current_path(kind: Kind, key: &str) -> String {
    let mut parts = key.splitn(3, ':');
    let mut next = || parts.next().unwrap_or_default();
    let (slot, storyboard, id) = (next(), next(), next());
    let (bucket, extension) = (kind.bucket(), kind.current_extension());
    match slot {
        "scene" => format!("{bucket}/{storyboard}/{id}.{extension}"),
        _ => format!("{bucket}/{storyboard}/characters/{id}.{extension}"),
    }
}
