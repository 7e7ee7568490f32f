//! The lifecycle of an image.

use std::time::Duration;

use futures_util::future::FutureExt;

use super::attempt::{begin, fetch_all, presence, reject, run_attempt};
use super::error::AttemptError;
use super::report::JobReport;
use super::run::Run;
use crate::company::Presence;
use crate::failure::{Code, Failure};
use crate::job::{ImageJob, Kind, ObjectLocation};
use crate::policy::{capabilities, cost};
use crate::port::{AssetStore, Body, Claim, Clock, ImageModel, ImageRequest, StoredAsset, World};

/// Processes one image job; its claim was sent at `since`.
pub(super) async fn process<W: World>(
    world: &W,
    run: &Run,
    claim: Claim,
    since: Duration,
) -> JobReport {
    match ImageJob::parse(&claim.message) {
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
    job: &ImageJob,
    presence: &Presence,
) -> Result<StoredAsset, AttemptError> {
    let location = ObjectLocation::of(Kind::Image, &job.common.target, &claim.job_id);
    let stored = |format, model, usage, cost_usd| {
        let path = location.path(format);
        let url = world.store().public_url(location.bucket, &path);
        let (passed_over, took) = (None, None);
        StoredAsset { path, url, format, model, usage, cost_usd, passed_over, took }
    };
    // What an earlier attempt stored is what was paid for; only the settling is left.
    if claim.retried
        && let Some(format) = world.store().find(&location).await?
    {
        return Ok(stored(format, None, None, None));
    }
    begin(world, run, claim, presence).await?;
    let check = |model: &str, unmet: &mut Vec<_>| {
        capabilities::image(model, job, unmet);
        run.check_size(job.image_size, unmet);
    };
    let models = run.models.able(job.common.model.as_deref(), &check)?;

    // Until the image is stored: it is decoded where it was received, and sent on from there.
    let permit = world.large_bodies().permit();
    let sources = fetch_all(world, run, job.common.sources(), &permit).await?;
    let request = ImageRequest { job, sources: &sources };
    let (model, passed_over, image, took) = models
        .try_each(world, claim, async |model, passed_over| {
            // It is paid for whether or not the worker lives to see it.
            let asked = world.clock().now();
            let within = run.budget.life_left(asked);
            let too_late = run.image_takes(model, job.image_size) > within;
            if too_late || world.clock().stopping() {
                run.too_late.set(too_late);
                return Err(AttemptError::Waiting {
                    delay: Duration::ZERO,
                    reset_submission: false,
                });
            }
            let image = world.images().generate(model, request, within, &permit).await;
            let took = world.clock().now().saturating_sub(asked);
            run.image_took(model, job.image_size, took);
            let image = image.map_err(|failure| lost(model, job, failure))?;
            Ok((model.to_owned(), passed_over.map(str::to_owned), image, took))
        })
        .await?;

    world.store().put(&location, image.format, Body::Bytes(image.bytes)).await?;
    let cost_usd = cost::image(&model, job.image_size, image.usage.as_ref());
    Ok(StoredAsset {
        passed_over,
        took: Some(took),
        ..stored(image.format, Some(model), image.usage, cost_usd)
    })
}

/// A failure, with what it has probably cost: an image whose reply is lost may have been made.
fn lost(model: &str, job: &ImageJob, failure: Failure) -> AttemptError {
    let lost = failure.code == Code::ReplyLost;
    AttemptError::Failed {
        spent_usd: lost.then(|| cost::image(model, job.image_size, None)).flatten(),
        failure,
        waits_for: None,
        reset_submission: false,
    }
}
