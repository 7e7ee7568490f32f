//! The last step of a job in this run: it is completed, deferred or failed.

use super::error::{Attempt, AttemptError, Failed};
use super::report::{JobReport, Outcome};
use super::run::Run;
use super::{log, publish};
use crate::failure::Code;
use crate::job::Target;
use crate::policy::retry::{self, Decision, Tries};
use crate::port::{
    Along, Claim, Clock, Completion, Deferral, Ending, Level, LinkOutcome, Queue, StoredAsset,
    Unpublished, World, WriteError,
};

/// Completes a job whose asset is at its place, then brings the current objects up to date. The next jobs
/// begin meanwhile: they come with the answer.
pub(super) async fn complete<W: World>(
    world: &W,
    run: &Run,
    claim: &Claim,
    target: &Target,
    asset: &StoredAsset,
) -> Attempt<()> {
    run.intake.begin_completion();
    let completed = match write_completion(world, run, claim, asset).await {
        Ok(completion) => {
            let text = format!("Job succeeded: {}", asset.path);
            bring_up_to_date(world, run, claim, target, completion, text).await;
            Ok(())
        }
        Err(error) => Err(error.into()),
    };
    run.intake.end_completion();
    completed
}

/// Writes the completion. Along with it the copies of the jobs before are confirmed and the next jobs are
/// claimed.
async fn write_completion<W: World>(
    world: &W,
    run: &Run,
    claim: &Claim,
    asset: &StoredAsset,
) -> Result<Completion, WriteError> {
    let since = world.clock().now();
    let next = run.claim_request(world, claim.lease.kind);
    let asked = next.map_or(0, |next| next.quantity);
    let confirmed = run.copied.take();
    let along = Along { confirmed: &confirmed, next };
    let mut written = world.queue().complete(&claim.lease, asset, along).await;
    run.intake.take_answer(asked, since, written.as_mut().ok().and_then(|it| it.claims.take()));
    if let Err(error) = &written {
        run.copied.borrow_mut().extend(confirmed);
        if let WriteError::Failed(failure) = error
            && failure.code == Code::EntityUpdateFailed
        {
            log::failure(world, claim, Level::Error, "Error updating entity", failure);
        }
    }
    written
}

/// Says what was linked, and makes the copies that are due. `text` says that the job succeeded: a line in the
/// log takes longer than all that was decided for the job, so a job has one.
async fn bring_up_to_date<W: World>(
    world: &W,
    run: &Run,
    claim: &Claim,
    target: &Target,
    completion: Completion,
    mut text: String,
) {
    for entity in &completion.entities {
        let outcome = match entity.outcome {
            LinkOutcome::Linked => ". Entity updated: ",
            LinkOutcome::Superseded => ". Entity keeps what a newer job made: ",
            LinkOutcome::NotFound => {
                let text = format!("Entity not found: {}", entity.key);
                log::note(world, claim, Level::Warn, text);
                continue;
            }
        };
        text.push_str(outcome);
        text.push_str(&entity.key);
    }
    let kind = claim.lease.kind;
    let (job_id, target) = (claim.job_id.clone(), target.clone());
    let it = Unpublished { job_id, target, publications: completion.publications };
    if let Err(failure) = publish::current_objects(world, run, kind, it, completion.contended).await
    {
        // The job is done all the same: a later run finds the copies undone and makes them. It
        // waits until this copy, which may only have been slow, can no longer land after its own.
        log::failure(world, claim, Level::Warn, "Current object not updated yet", &failure);
    }
    publish::repair(world, run, kind, completion.due).await;
    log::note(world, claim, Level::Info, text);
}

/// Settles a job without an asset, and says so in its report.
pub(super) async fn unfinished<W: World>(
    world: &W,
    run: &Run,
    claim: &Claim,
    error: Box<AttemptError>,
    report: &mut JobReport,
) {
    let (queue, lease) = (world.queue(), &claim.lease);
    match settlement(world, run, claim, *error, report) {
        Settlement::None => lost(world, claim, report),
        Settlement::Deferred(deferral) => {
            report.outcome = if deferral.counted { Outcome::Retrying } else { Outcome::Waiting };
            report.retry_in_seconds = Some(deferral.delay.as_secs_f64());
            let written = queue.defer(lease, &deferral).await;
            written_or_left(world, claim, written, "Job not deferred", report);
        }
        Settlement::Failed(ending) => {
            report.outcome = Outcome::Failed;
            let written = queue.fail(lease, &ending).await;
            written_or_left(world, claim, written, "Failure not recorded", report);
        }
    }
}

/// How a job is settled without an asset.
enum Settlement {
    /// The lease is lost, so another worker does.
    None,
    Deferred(Deferral),
    Failed(Ending),
}

/// What follows from the error that ended an attempt.
fn settlement<W: World>(
    world: &W,
    run: &Run,
    claim: &Claim,
    error: AttemptError,
    report: &mut JobReport,
) -> Settlement {
    let Failed { failure, waits_for, spent_usd, reset_submission } = match error {
        AttemptError::LeaseLost => return Settlement::None,
        AttemptError::Waiting { delay, reset_submission } => {
            return Settlement::Deferred(Deferral {
                delay,
                counted: false,
                reason: None,
                reset_submission,
                waits_for: None,
                spent_usd: None,
            });
        }
        AttemptError::Failed(failed) => failed,
    };
    report.error = Some((&failure).into());
    let tries = Tries {
        attempts: claim.attempts,
        most: run.settings.max_attempts,
        left: run.settings.job_deadline.saturating_sub(claim.age),
    };
    match retry::after(&failure, tries, world.clock().random()) {
        Decision::Again { delay, counted } => {
            log::failure(world, claim, Level::Warn, "Job is tried again", &failure);
            let reason = Some((failure.code, failure.into_message()));
            Settlement::Deferred(Deferral {
                delay,
                counted,
                reason,
                reset_submission,
                waits_for,
                spent_usd,
            })
        }
        Decision::GiveUp => {
            log::failure(world, claim, Level::Error, "Job failed", &failure);
            let (code, message) = (failure.code, failure.into_message());
            Settlement::Failed(Ending { code, message, reset_submission, spent_usd })
        }
    }
}

/// A job of which nothing could be written becomes visible by itself when its lease runs out.
fn written_or_left<W: World>(
    world: &W,
    claim: &Claim,
    written: Result<(), WriteError>,
    otherwise: &str,
    report: &mut JobReport,
) {
    match written {
        Ok(()) => {}
        Err(WriteError::LeaseLost) => lost(world, claim, report),
        Err(WriteError::Failed(failure)) => {
            log::failure(world, claim, Level::Error, otherwise, &failure);
            report.outcome = Outcome::Retrying;
            report.retry_in_seconds = Some(claim.lease.kind.lease().as_secs_f64());
            report.error.get_or_insert_with(|| (&failure).into());
        }
    }
}

fn lost<W: World>(world: &W, claim: &Claim, report: &mut JobReport) {
    log::note(
        world,
        claim,
        Level::Warn,
        "Lease no longer held: the job was settled, cancelled or taken over",
    );
    report.outcome = Outcome::Lost;
    report.retry_in_seconds = None;
}
