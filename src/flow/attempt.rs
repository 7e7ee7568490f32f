//! What an attempt of either kind needs.

use std::future::Future;
use std::time::Duration;

use super::error::AttemptError;
use super::lease::hold;
use super::log;
use super::report::{JobReport, Outcome, milliseconds};
use super::run::Run;
use super::settle;
use crate::failure::{Code, Failure};
use crate::job::{Invalid, Target};
use crate::large_body::LargeBodyPermit;
use crate::port::{Claim, Clock, Level, SourceImage, SourceImages, StoredAsset, World};

/// Fails a message that is no job.
pub(super) async fn reject<W: World>(
    world: &W,
    run: &Run,
    claim: &Claim,
    invalid: Invalid,
) -> JobReport {
    let mut report = blank(claim, None);
    settle::unfinished(world, run, claim, invalid.into(), &mut report).await;
    report
}

/// Runs `work` under the lease, whose claim was sent at `since`, then settles the job by its
/// outcome.
pub(super) async fn run_attempt<W: World>(
    world: &W,
    run: &Run,
    claim: &Claim,
    since: Duration,
    target: &Target,
    work: impl Future<Output = Result<StoredAsset, AttemptError>>,
) -> JobReport {
    let started = world.clock().now();
    let settled = match hold(world, claim, since, work).await {
        Ok(asset) => settle::complete(world, claim, target, &asset).await.map(|()| asset),
        Err(error) => Err(error),
    };
    let mut report = blank(claim, Some(target));
    match settled {
        Ok(asset) => {
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

/// Rejects a job whose attempts were all begun and never settled: what killed its workers would kill
/// the next one, too.
pub(super) fn check_attempts(run: &Run, claim: &Claim) -> Result<(), AttemptError> {
    let allowed = run.settings.max_attempts;
    if claim.attempts <= allowed {
        return Ok(());
    }
    let message = format!("{allowed} attempts were begun and their workers did not report back");
    Err(Failure::give_up(Code::AttemptsExhausted, message).into())
}

/// Fetches the source images of a job, in their order, under its permit.
pub(super) async fn fetch_all<W: World>(
    world: &W,
    urls: &[String],
    permit: &LargeBodyPermit,
) -> Result<Vec<SourceImage>, Failure> {
    let mut images = Vec::new();
    let mut held = 0;
    for url in urls {
        let image = world.sources().fetch(url, held, permit).await?;
        held += image.bytes.len();
        images.push(image);
    }
    Ok(images)
}

/// Releases a job that was claimed and not begun.
pub(super) async fn release<W: World>(world: &W, run: &Run, claim: Claim) -> JobReport {
    let mut report = blank(&claim, None);
    let error = AttemptError::Waiting { delay: Duration::ZERO, reset_submission: false };
    settle::unfinished(world, run, &claim, error, &mut report).await;
    report
}

fn blank(claim: &Claim, target: Option<&Target>) -> JobReport {
    JobReport {
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
    }
}
