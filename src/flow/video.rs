//! The lifecycle of a video: intent, submission, operation, polling, download, storage.
//!
//! A video is expensive and there is no idempotency key, so it is submitted once. The intent is
//! written before the submission and the operation right after it. A worker that finds an operation
//! polls it, even if another worker began it. One that finds an intent without an operation cannot
//! know whether the video was paid for, and leaves the decision to an operator.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{FutureExt, select};

use super::attempt::{begin, fetch_all, presence, reject, run_attempt};
use super::error::AttemptError;
use super::report::JobReport;
use super::run::Run;
use super::time_limit::within;
use super::{log, trouble};
use crate::company::Presence;
use crate::failure::{Code, Failure, Next, Standing};
use crate::job::{Format, Kind, ObjectLocation, VideoJob};
use crate::json::Json;
use crate::large_body::LargeBodyPermit;
use crate::policy::{capabilities, cost, polling};
use crate::port::{
    AssetStore, Body, Claim, Clock, Level, Operation, Progress, Queue, StoredAsset, VideoFile,
    VideoModel, VideoRequest, World, WriteError,
};

/// Processes one video job; its claim was sent at `since`.
pub(super) async fn process<W: World>(
    world: &W,
    run: &Run,
    claim: Claim,
    since: Duration,
) -> JobReport {
    match VideoJob::parse(&claim.message) {
        Ok(job) => {
            let presence = presence(world, &claim);
            let work = make(world, run, &claim, &job, &presence);
            run_attempt(world, run, &claim, since, &job.common.target, work.boxed_local()).await
        }
        Err(invalid) => reject(world, run, &claim, invalid).await,
    }
}

async fn make<W: World>(
    world: &W,
    run: &Run,
    claim: &Claim,
    job: &VideoJob,
    presence: &Presence,
) -> Result<StoredAsset, AttemptError> {
    let location = ObjectLocation::of(Kind::Video, &job.common.target, &claim.job_id);
    let stored = |model: Option<String>, usage: Option<Json<'static>>| {
        let path = location.path(Format::Mp4);
        let url = world.store().public_url(location.bucket, &path);
        let price = |model: &String| cost::video(model, job, usage.as_ref());
        let cost_usd = model.as_ref().and_then(price);
        // What was passed over was told with the submission.
        let (format, passed_over, took) = (Format::Mp4, None, None);
        StoredAsset { path, url, format, model, usage, cost_usd, passed_over, took }
    };
    // Before anything else can fail: an operator who redrives the job has to know.
    if claim.submission_pending && claim.operation.is_none() {
        let message = "a worker ended between submitting and recording the operation; \
                       the video may have been paid for, so it is not submitted again";
        return Err(Failure::give_up(Code::SubmissionUncertain, message).into());
    }
    if claim.retried && world.store().find(&location).await?.is_some() {
        return Ok(stored(claim.operation.as_ref().map(|op| op.model.clone()), None));
    }

    // Also with an operation: whatever is in its file may be what kills the workers.
    begin(world, run, claim, presence).await?;
    let operation = match &claim.operation {
        Some(operation) => operation.clone(),
        // Boxes keep this future, which is moved several times, small: less code.
        None => Box::pin(submit(world, run, claim, job)).await?,
    };
    let permit = world.large_bodies().permit();
    let polled = Box::pin(await_video(world, run, claim, &operation, &permit));
    let (file, usage) = polled.await?;
    let body = match open(world, file).await {
        Ok(body) => body,
        Err(failure) => {
            return Err(trouble::of_operation(world, claim, &operation, failure, false).await);
        }
    };
    world.store().put(&location, Format::Mp4, body).await?;
    Ok(stored(Some(operation.model), usage))
}

/// Opens the file of a video, behind however many redirects.
async fn open<W: World>(world: &W, file: VideoFile) -> Result<Body<W::Stream>, Failure> {
    const MOST: Duration = Duration::from_secs(60);
    let late = || Failure::retry(Code::DownloadFailed, "the video did not begin within a minute");
    let opened = within(world, MOST, world.videos().download(file)).await;
    opened.unwrap_or_else(|| Err(late()))
}

/// Submits the job to the first model that is there and can do it.
async fn submit<W: World>(
    world: &W,
    run: &Run,
    claim: &Claim,
    job: &VideoJob,
) -> Result<Operation, AttemptError> {
    // All that can fail for free comes before the intent.
    let permit = world.large_bodies().permit();
    let check = |model: &str, unmet: &mut Vec<_>| capabilities::video(model, job, unmet);
    let models = run.models.able(job.common.model.as_deref(), &check)?;
    let images = fetch_all(world, run, &job.image_urls(), &permit).await?;
    let request = VideoRequest { job, images: &images };
    models
        .try_each(world, claim, async |model, passed_over| {
            // A worker that is killed between intent and operation leaves a job that must not be
            // submitted again, so nothing is begun when the end is near.
            if world.clock().stopping() || run.budget.left(world.clock().now()).is_zero() {
                // What came before was rejected, so the intent of it is void.
                return Err(AttemptError::Waiting {
                    delay: Duration::ZERO,
                    reset_submission: true,
                });
            }
            let announced = world.queue().begin_submission(&claim.lease, model, passed_over).await;
            announced.map_err(not_announced)?;
            match world.videos().submit(model, request).await {
                Ok(operation) => {
                    record(world, claim, &operation).await?;
                    Ok(operation)
                }
                Err(error) => Err(AttemptError::Failed {
                    spent_usd: (error.failure.code == Code::SubmissionUncertain)
                        .then(|| cost::video(model, job, None))
                        .flatten(),
                    failure: error.failure,
                    waits_for: None,
                    reset_submission: error.rejected,
                }),
            }
        })
        .await
}

/// An intent whose record is uncertain: nothing was submitted, so it is taken back.
fn not_announced(error: WriteError) -> AttemptError {
    match error {
        WriteError::LeaseLost => AttemptError::LeaseLost,
        WriteError::Failed(failure) => {
            let (waits_for, spent_usd) = (None, None);
            AttemptError::Failed { failure, waits_for, spent_usd, reset_submission: true }
        }
    }
}

/// Records an operation that has been paid for. Nothing matters more now, so a call that fails
/// is repeated for as long as the lease can be held.
async fn record<W: World>(
    world: &W,
    claim: &Claim,
    operation: &Operation,
) -> Result<(), AttemptError> {
    const PAUSE: Duration = Duration::from_secs(2);
    loop {
        match world.queue().record_operation(&claim.lease, operation).await {
            Ok(()) => return Ok(()),
            Err(WriteError::LeaseLost) => {
                let text = format!("Operation not recorded, lease lost: {}", operation.name);
                log::note(world, claim, Level::Error, text);
                return Err(AttemptError::LeaseLost);
            }
            Err(WriteError::Failed(failure)) => {
                let text = format!("Operation not recorded yet: {}", operation.name);
                log::failure(world, claim, Level::Error, &text, &failure);
                world.clock().sleep(PAUSE).await;
            }
        }
    }
}

/// Polls an operation until it is over or this run's time is.
async fn await_video<W: World>(
    world: &W,
    run: &Run,
    claim: &Claim,
    operation: &Operation,
    permit: &LargeBodyPermit,
) -> Result<(VideoFile, Option<Json<'static>>), AttemptError> {
    let clock = world.clock();
    // The age of the operation, not its beginning: the clock may be younger than the operation.
    let begun = clock.now();
    let age = || claim.operation_age + clock.now().saturating_sub(begun);
    // A fresh operation is never ready at once; one that another run began may well be.
    let (mut polls, mut failures) = (0, 0);
    // How many polls in a row were answered with what may be a mistake.
    let mut doubts = 0;
    if claim.operation.is_none() {
        pause(world, run, polling::interval(0)).await?;
    }
    loop {
        let failure = match world.videos().poll(operation, permit).await {
            Ok(Progress::Ready(file, usage)) => return Ok((file, usage)),
            Ok(Progress::Pending) => None,
            Ok(Progress::Unclear(failure)) if doubts + 1 < polling::READINGS => {
                doubts += 1;
                Some(failure)
            }
            Ok(Progress::Ended(failure) | Progress::Unclear(failure)) => {
                return Err(trouble::of_operation(world, claim, operation, failure, true).await);
            }
            Err(failure) => match failure.next {
                Next::Retry { attempts: Some(most), .. } if doubts + 1 >= most => {
                    return Err(Failure { next: Next::GiveUp, ..failure }.into());
                }
                Next::Retry { attempts, .. } => {
                    doubts = attempts.map_or(0, |_| doubts + 1);
                    Some(failure)
                }
                Next::Rest { standing: Standing::Resting, .. } => Some(failure),
                Next::Rest { .. } | Next::GiveUp => {
                    return Err(
                        trouble::of_operation(world, claim, operation, failure, false).await
                    );
                }
            },
        };
        // A poll that failed says nothing about the operation. Its bound is the deadline of the job,
        // however long the provider has trouble.
        if let Some(failure) = failure {
            log::failure(world, claim, Level::Warn, "Poll failed", &failure);
            failures += 1;
            let interval = polling::after_failures(failures);
            let delay = failure.delay().map_or(interval, |delay| delay.max(interval));
            // What may be a mistake is an attempt of a job whose run ends before it is asked again: runs
            // may be short, and another of them would begin to count anew.
            let waits = match doubts {
                0 => Failure::rest(Standing::Resting, failure.code, failure.message),
                _ => failure,
            };
            let waits = waits.after(Some(delay));
            pause(world, run, delay).await.map_err(|_| AttemptError::from(waits))?;
            continue;
        }
        check_age(run, operation, age())?;
        (polls, failures, doubts) = (polls + 1, 0, 0);
        pause(world, run, polling::interval(polls)).await?;
    }
}

/// Gives up an operation that the provider still works on after its deadline.
fn check_age(run: &Run, operation: &Operation, age: Duration) -> Result<(), Failure> {
    let deadline = run.settings.operation_deadline;
    if age < deadline {
        return Ok(());
    }
    let minutes = deadline.as_secs() / 60;
    let message = format!("{} has not ended within {minutes} min", operation.name);
    Err(Failure::give_up(Code::OperationTimedOut, message))
}

/// Waits between two polls. Where the run's budget does not last, the worker has to stop, or a job waits
/// for others to leave, the job is deferred, and the next run polls on.
async fn pause<W: World>(world: &W, run: &Run, delay: Duration) -> Result<(), AttemptError> {
    let clock = world.clock();
    let waiting = AttemptError::Waiting { delay, reset_submission: false };
    let ends = || clock.stopping() || world.company().is_waited_for();
    if ends() || run.budget.left(clock.now()) <= delay {
        return Err(waiting);
    }
    select(pin!(clock.sleep(delay)), pin!(clock.stop())).await;
    if ends() { Err(waiting) } else { Ok(()) }
}
