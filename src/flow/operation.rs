//! The operation of a job: intent, submission, record, polling.
//!
//! What an operation makes is expensive and there is no idempotency key, so it is submitted once. The
//! intent is written before the submission and the operation right after it. A worker that finds an
//! operation polls it, even if another worker began it. One that finds an intent without an operation
//! cannot know whether the asset was paid for, and leaves the decision to an operator.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{LocalBoxFuture, select};

use super::attempt::{Price, fetch_all, stored};
use super::error::{Attempt, AttemptError, Failed};
use super::fallback::Able;
use super::run::Run;
use super::time_limit::within;
use super::{log, trouble};
use crate::failure::{Code, Failure, Next, Standing};
use crate::job::{Format, ObjectLocation};
use crate::large_body::LargeBodyPermit;
use crate::policy::{cost, polling};
use crate::port::{
    AssetFile, AssetStore, Body, Claim, Clock, Level, Made, Operation, OperationModel,
    OperationRequest, Progress, Queue, StoredAsset, Submission, SubmitError, World, WriteError,
};

/// An operation that goes on, of this run or of one before.
pub(super) struct Begun {
    pub(super) operation: Operation,
    /// What the reply to the submission already had, and the permit under which it is in memory.
    made: Option<(Made, LargeBodyPermit)>,
}

impl From<Operation> for Begun {
    fn from(operation: Operation) -> Self {
        Self { operation, made: None }
    }
}

/// Submits a job to the first of `models` that is there; `price` is what a model's asset costs. All else
/// that can fail for free has been done. The images at `urls` go with the request. Boxed so that the compiler
/// emits it once for both kinds.
pub(super) fn submit<'a, W: World>(
    world: &'a W,
    run: &'a Run,
    claim: &'a Claim,
    models: Able<'a>,
    urls: &'a [String],
    request: OperationRequest<'a>,
    price: Price<'a>,
) -> LocalBoxFuture<'a, Attempt<Begun>> {
    Box::pin(async move {
        let permit = world.large_bodies().permit();
        let images = fetch_all(world, run, urls, &permit).await?;
        let request = request.with(&images);
        let submitted = models.try_each(world, claim, async |model, passed_over| {
            // A worker that is killed between intent and operation leaves a job that must not be
            // submitted again, so nothing is begun when the end is near.
            if run.reason_to_release(world).is_some() {
                // What came before was rejected, so the intent of it is void.
                let (delay, reset_submission) = (Duration::ZERO, true);
                return Err(AttemptError::Waiting { delay, reset_submission }.into());
            }
            let announced = world.queue().begin_submission(&claim.lease, model, passed_over).await;
            announced.map_err(not_announced)?;
            run.begin_submission(claim);
            let submitted = match world.operations().submit(model, request, &permit).await {
                Ok(submission) => {
                    // Before the database is asked: the worker may be ended while it does not answer.
                    let text = format!("Operation begun: {}", submission.operation.name);
                    log::note(world, claim, Level::Info, text);
                    let price = price(model, None);
                    let recorded = record(world, run, claim, &submission.operation, price).await;
                    recorded.map(|()| submission)
                }
                Err(SubmitError { failure, rejected }) => {
                    let uncertain = failure.code == Code::SubmissionUncertain;
                    let spent_usd = if uncertain { price(model, None) } else { None };
                    let reset_submission = rejected;
                    Err(Failed { spent_usd, reset_submission, ..failure.into() }.into())
                }
            };
            run.end_submission(claim);
            submitted
        });
        let Submission { operation, made } = submitted.await?;
        Ok(Begun { operation, made: made.map(|made| (made, permit)) })
    })
}

/// An intent whose record is uncertain: nothing was submitted, so it is taken back.
fn not_announced(error: WriteError) -> Box<AttemptError> {
    match error {
        WriteError::LeaseLost => AttemptError::LeaseLost.into(),
        WriteError::Failed(failure) => Failed { reset_submission: true, ..failure.into() }.into(),
    }
}

/// Records an operation that has been paid for. Nothing matters more now, so a call that fails is repeated for as
/// long as the worker lives. Before it ends, the job fails as one that may have been paid for, and its error names
/// the operation: the database may refuse the one and take the other.
async fn record<W: World>(
    world: &W,
    run: &Run,
    claim: &Claim,
    operation: &Operation,
    price: Option<f64>,
) -> Attempt<()> {
    const PAUSE: Duration = Duration::from_secs(2);
    let cancelled_usd = price.filter(|_| !cost::ends_with_its_job(&operation.model));
    loop {
        match world.queue().record_operation(&claim.lease, operation, cancelled_usd).await {
            Ok(()) => return Ok(()),
            Err(WriteError::LeaseLost) => {
                // Of a job that was cancelled, the database has recorded it all the same.
                let text = format!(
                    "Operation left, its job was cancelled or taken over: {}",
                    operation.name
                );
                log::note(world, claim, Level::Warn, text);
                return Err(AttemptError::LeaseLost.into());
            }
            Err(WriteError::Failed(failure)) => {
                let text = format!("Operation not recorded: {}", operation.name);
                log::failure(world, claim, Level::Error, &text, &failure);
                if run.budget.life_left(world.clock().now()).is_zero() {
                    let failure = Failure::give_up(Code::SubmissionUncertain, text);
                    return Err(Failed { spent_usd: price, ..failure.into() }.into());
                }
                world.clock().sleep(PAUSE).await;
            }
        }
    }
}

/// Waits for an operation and stores what it made. Boxed so that the compiler emits it once for both kinds.
pub(super) fn finish<'a, W: World>(
    world: &'a W,
    run: &'a Run,
    claim: &'a Claim,
    begun: Begun,
    location: &'a ObjectLocation,
    price: Price<'a>,
) -> LocalBoxFuture<'a, Attempt<Box<StoredAsset>>> {
    Box::pin(async move {
        let Begun { operation, made } = begun;
        let ((file, usage), _permit) = match made {
            Some(made) => made,
            None => {
                let waited = wait(world, run, claim, &operation).await;
                waited.map_err(|error| error.spent(&|| price(&operation.model, None)))?
            }
        };
        let body = match open(world, file).await {
            Ok(body) => body,
            Err(failure) => {
                // A file that will never be there is the end of its operation.
                let over = failure.code == Code::OperationFailed;
                return Err(trouble::of_operation(world, claim, &operation, failure, over).await);
            }
        };
        let inside = match &body {
            Body::Bytes(bytes) => Format::of(bytes),
            Body::Stream(_) => None,
        };
        // What is at an address is a video.
        let format = inside.unwrap_or(Format::Mp4);
        world.store().put(location, format, body).await?;
        Ok(stored(world, location, format, Some(operation.model), usage, price))
    })
}

/// Opens the file of a video, behind however many redirects.
async fn open<W: World>(world: &W, file: AssetFile) -> Result<Body<W::Stream>, Failure> {
    const MOST: Duration = Duration::from_secs(60);
    let late = || Failure::retry(Code::DownloadFailed, "the video did not begin within a minute");
    let opened = within(world, MOST, world.operations().download(file)).await;
    opened.unwrap_or_else(|| Err(late()))
}

/// Polls an operation until it is over or this run's time is.
async fn wait<W: World>(
    world: &W,
    run: &Run,
    claim: &Claim,
    operation: &Operation,
) -> Attempt<(Made, LargeBodyPermit)> {
    let clock = world.clock();
    // The age of the operation, not its beginning: the clock may be younger than the operation.
    let begun = clock.now();
    let age = || claim.operation_age + clock.now().saturating_sub(begun);
    let (mut polls, mut failures, mut doubts) = (0, 0, 0);
    // A fresh operation is never ready at once; one that another run began may well be.
    if claim.operation.is_none() {
        pause(world, run, polling::interval(0)).await?;
    }
    loop {
        // A permit for each poll: one that brings no asset leaves nothing in memory.
        let permit = world.large_bodies().permit();
        let polled = world.operations().poll(operation, &permit).await;
        let failure = match judge(polled, &mut doubts) {
            Reading::Ready(made) => return Ok((made, permit)),
            Reading::Over(failure, ended) => {
                return Err(trouble::of_operation(world, claim, operation, failure, ended).await);
            }
            Reading::Pending(said) => {
                drop(permit);
                check_age(run, operation, age(), said.as_deref())?;
                (polls, failures) = (polls + 1, 0);
                pause(world, run, polling::interval(polls)).await?;
                continue;
            }
            Reading::Again(failure) => failure,
        };
        drop(permit);
        // A poll that failed says nothing about the operation. Its bound is the deadline of the job,
        // however long the provider has trouble.
        log::failure(world, claim, Level::Warn, "Poll failed", &failure);
        failures += 1;
        let interval = polling::after_failures(failures);
        let delay = failure.delay().map_or(interval, |delay| delay.max(interval));
        if pause(world, run, delay).await.is_err() {
            // Runs may be short, and the next one begins to count anew: then a doubt is an attempt.
            let rests = match doubts {
                0 => Next::Rest { standing: Standing::Resting, after: Some(delay) },
                _ => Next::Retry { after: Some(delay), attempts: None },
            };
            return Err(failure.and_then(rests).into());
        }
    }
}

/// What a poll means.
enum Reading {
    /// There is an asset.
    Ready(Made),
    /// The operation goes on, and may say why it takes so long.
    Pending(Option<String>),
    /// It is polled again: it was not answered, or the answer may be a mistake.
    Again(Failure),
    /// It is not polled any more; whether it has ended is known.
    Over(Failure, bool),
}

/// What a poll means after so many `doubts`: polls in a row whose answer may be a mistake.
fn judge(polled: Result<Progress, Failure>, doubts: &mut u32) -> Reading {
    let before = std::mem::take(doubts);
    let failure = match polled {
        Ok(Progress::Ready(file, usage)) => return Reading::Ready((file, usage)),
        Ok(Progress::Pending) => return Reading::Pending(None),
        Ok(Progress::Troubled(said)) => return Reading::Pending(Some(said)),
        Ok(Progress::Unclear(failure)) if before + 1 < polling::READINGS => {
            *doubts = before + 1;
            return Reading::Again(failure);
        }
        Ok(Progress::Ended(failure) | Progress::Unclear(failure)) => {
            return Reading::Over(failure, true);
        }
        Err(failure) => failure,
    };
    match failure.next {
        Next::Retry { attempts: Some(most), .. } if before + 1 >= most => {
            return Reading::Over(failure.and_then(Next::GiveUp), false);
        }
        Next::Retry { attempts: Some(_), .. } => *doubts = before + 1,
        Next::Retry { .. } => {}
        Next::Rest { standing: Standing::Resting, .. } => *doubts = before,
        Next::Rest { .. } | Next::GiveUp => return Reading::Over(failure, false),
    }
    Reading::Again(failure)
}

/// Gives up an operation that the provider still works on after its deadline; `said` is what it said last.
fn check_age(
    run: &Run,
    operation: &Operation,
    age: Duration,
    said: Option<&str>,
) -> Result<(), Failure> {
    let deadline = run.settings.operation_deadline;
    if age < deadline {
        return Ok(());
    }
    let minutes = deadline.as_secs() / 60;
    let mut message = format!("{} has not ended within {minutes} min", operation.name);
    if let Some(said) = said {
        message = format!("{message}: {said}");
    }
    Err(Failure::give_up(Code::OperationTimedOut, message))
}

/// Waits between two polls. Where the run's budget does not last, the worker has to stop, or a job waits
/// for others to leave, the job is deferred, and the next run polls on.
async fn pause<W: World>(world: &W, run: &Run, delay: Duration) -> Attempt<()> {
    let clock = world.clock();
    let ends = || clock.stopping() || world.occupancy().is_waited_for();
    if ends() || run.budget.left(clock.now()) <= delay {
        return Err(AttemptError::waiting(delay));
    }
    select(pin!(clock.sleep(delay)), pin!(clock.stop())).await;
    if ends() { Err(AttemptError::waiting(delay)) } else { Ok(()) }
}
