//! What an attempt of either kind needs.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, LocalBoxFuture, select};

use super::error::{Attempt, AttemptError};
use super::lease::hold;
use super::log;
use super::report::{JobReport, Outcome, milliseconds};
use super::run::Run;
use super::settle;
use crate::failure::{Code, Failure};
use crate::job::{Format, ObjectLocation, Target};
use crate::json::Json;
use crate::large_body::LargeBodyPermit;
use crate::occupancy::Occupant;
use crate::policy::retry::{self, SUSPECT};
use crate::port::{
    AssetStore, Claim, Clock, Level, Queue, SourceImage, SourceImages, StoredAsset, World,
};

/// Settles a job that was claimed and not begun.
pub(super) async fn not_begun<W: World>(
    world: &W,
    run: &Run,
    claim: &Claim,
    error: Box<AttemptError>,
) -> Box<JobReport> {
    let mut report = blank(claim, None);
    settle::unfinished(world, run, claim, error, &mut report).await;
    report
}

/// Runs `work` under the lease, whose claim was sent at `since`, then settles the job by its
/// outcome. Boxed so that the compiler emits it once for both kinds.
pub(super) async fn run_attempt<W: World>(
    world: &W,
    run: &Run,
    claim: &Claim,
    since: Duration,
    target: &Target,
    work: LocalBoxFuture<'_, Attempt<Box<StoredAsset>>>,
) -> Box<JobReport> {
    let started = world.clock().now();
    let settled = match hold(world, run, claim, since, work).await {
        Ok(asset) => match settle::complete(world, run, claim, target, &asset).await {
            Ok(()) => Ok(asset),
            Err(error) => Err(error.paid(paid_now(&asset))),
        },
        Err(error) => Err(error),
    };
    let mut report = blank(claim, Some(target));
    match settled {
        Ok(asset) => {
            let asset = *asset;
            if let (Some(model), None) = (&asset.model, asset.cost_usd) {
                let text = format!("No price is known for {model}, so the job has no cost");
                log::note(world, claim, Level::Warn, text);
            }
            report.outcome = Outcome::Succeeded;
            report.url = Some(asset.url);
            report.model = asset.model;
            report.cost_usd = asset.cost_usd;
        }
        Err(error) => settle::unfinished(world, run, claim, error, &mut report).await,
    }
    let spent = world.clock().now().saturating_sub(started);
    report.duration_ms = milliseconds(spent);
    report
}

/// What an asset has cost, where no other attempt will know: the next one finds it in Storage, and knows its
/// model only by the operation.
fn paid_now(asset: &StoredAsset) -> Option<f64> {
    asset.took.and(asset.cost_usd)
}

/// The attempt as its isolate counts it, until it is settled. A job that has met
/// several deaths has to be alone.
pub(super) fn occupant<W: World>(world: &W, claim: &Claim) -> Occupant {
    world.occupancy().occupant(claim.deaths >= SUSPECT)
}

/// Begins what takes memory, unless an earlier attempt has stored the asset: that is what was paid for, and
/// only the settling is left. Boxed so that the compiler emits it once for both kinds.
pub(super) fn begin<'a, W: World>(
    world: &'a W,
    run: &'a Run,
    claim: &'a Claim,
    occupant: &'a Occupant,
    location: &'a ObjectLocation,
    price: Price<'a>,
) -> LocalBoxFuture<'a, Attempt<Option<Box<StoredAsset>>>> {
    Box::pin(async move {
        // Before anything else can fail: an operator who redrives the job has to know.
        check_certain(claim)?;
        if claim.retried {
            let found = world.store().find(location).await;
            if let Some(format) = found.inspect_err(|failure| run.stop_for(failure))? {
                let model = claim.operation.as_ref().map(|op| op.model.clone());
                return Ok(Some(stored(world, location, format, model, None, price)));
            }
        }
        // Also with an operation: whatever is in its file may be what kills the workers.
        enter(world, run, claim, occupant).await?;
        Ok(None)
    })
}

/// What an asset of a model costs in US dollars, if that is known: by its usage, or else probably.
pub(super) type Price<'a> = &'a dyn Fn(&str, Option<&Json<'_>>) -> Option<f64>;

/// The asset at its place.
pub(super) fn stored<W: World>(
    world: &W,
    location: &ObjectLocation,
    format: Format,
    model: Option<String>,
    usage: Option<Json<'static>>,
    price: Price<'_>,
) -> Box<StoredAsset> {
    let path = location.path(format);
    let url = world.store().public_url(location.bucket, &path);
    let cost_usd = model.as_ref().and_then(|model| price(model, usage.as_ref()));
    let (passed_over, took) = (None, None);
    Box::new(StoredAsset { path, url, format, model, usage, cost_usd, passed_over, took })
}

/// Refuses a job that may have been paid for already.
fn check_certain(claim: &Claim) -> Result<(), Failure> {
    if !claim.submission_pending || claim.operation.is_some() {
        return Ok(());
    }
    let message = "a worker ended before it recorded the operation; \
                   the asset may have been paid for, so it is not submitted again";
    Err(Failure::give_up(Code::SubmissionUncertain, message))
}

/// Waits until the job may begin what takes memory. One that was the cause of too many deaths has failed.
async fn enter<W: World>(world: &W, run: &Run, claim: &Claim, occupant: &Occupant) -> Attempt<()> {
    const LOOK_AGAIN: Duration = Duration::from_secs(1);
    let (clock, deaths) = (world.clock(), claim.deaths);
    if retry::is_deadly(deaths, run.settings.max_attempts) {
        let message = format!(
            "{deaths} workers died in the middle of the job, the last one while it had no other"
        );
        return Err(Failure::give_up(Code::AttemptsExhausted, message).into());
    }
    while !occupant.try_enter() {
        if clock.stopping() || run.budget.left(clock.now()).is_zero() {
            return Err(AttemptError::waiting(Duration::ZERO));
        }
        clock.sleep(LOOK_AGAIN).await;
    }
    if occupant.is_alone() {
        log::note(
            world,
            claim,
            Level::Warn,
            format!("Tried alone after {deaths} deaths of workers"),
        );
        world.queue().extend(&claim.lease, claim.lease.kind.lease(), true).await?;
    }
    Ok(())
}

/// Fetches the source images of a job, in their order, under its permit. All together have a deadline,
/// and no more time than is left of the run.
pub(super) async fn fetch_all<W: World>(
    world: &W,
    run: &Run,
    urls: &[String],
    permit: &LargeBodyPermit,
) -> Attempt<Vec<SourceImage>> {
    if urls.is_empty() {
        return Ok(Vec::new());
    }
    let fetching = async {
        let (mut images, mut held) = (Vec::new(), 0);
        for url in urls {
            let image = world.sources().fetch(url, held, permit).await?;
            held += image.bytes.len();
            images.push(image);
        }
        Ok(images)
    };
    let late = late(world, run, permit);
    match select(pin!(fetching), pin!(late)).await {
        Either::Left((fetched, _)) => fetched,
        Either::Right((error, _)) => Err(error),
    }
}

/// How long the source images of a job may take together.
const SOURCES: Duration = Duration::from_secs(30);

/// Resolves when the source images of a job have taken too long. While the job waits for its permit the
/// time of the run goes by, but not theirs. What the end of the run cuts short is no attempt, unless it
/// had a good part of the run.
async fn late<W: World>(world: &W, run: &Run, permit: &LargeBodyPermit) -> Box<AttemptError> {
    const LOOK_AGAIN: Duration = Duration::from_secs(1);
    let clock = world.clock();
    let (mut taken, mut waited) = (Duration::ZERO, false);
    while taken < SOURCES && !clock.stopping() && !run.budget.left(clock.now()).is_zero() {
        clock.sleep(LOOK_AGAIN.min(run.budget.left(clock.now()))).await;
        waited = permit.is_waiting();
        taken += if waited { Duration::ZERO } else { LOOK_AGAIN };
    }
    if waited || clock.stopping() || taken < SOURCES.min(run.settings.budget / 2) {
        return AttemptError::waiting(Duration::ZERO);
    }
    let message = format!("the source images did not arrive within {} s", taken.as_secs());
    Failure::retry(Code::SourceImageUnusable, message).into()
}

fn blank(claim: &Claim, target: Option<&Target>) -> Box<JobReport> {
    Box::new(JobReport {
        job_id: claim.job_id.to_string(),
        msg_id: claim.lease.msg_id,
        outcome: Outcome::Lost,
        attempts: claim.attempts,
        duration_ms: 0,
        storyboard_id: target.map(|target| target.storyboard.to_string()),
        scene_id: target.and_then(|target| target.scene.as_ref()).map(ToString::to_string),
        character_id: target.and_then(|target| target.character.as_ref()).map(ToString::to_string),
        url: None,
        model: None,
        cost_usd: None,
        error: None,
        retry_in_seconds: None,
    })
}
