//! The lifecycle of an image.

use std::time::Duration;

use futures_util::future::FutureExt;

use super::attempt::{begin, fetch_all, presence, reject, run_attempt};
use super::error::{Attempt, AttemptError};
use super::operation;
use super::report::JobReport;
use super::run::Run;
use crate::company::Presence;
use crate::failure::{Code, Failure, Next};
use crate::job::{Format, ImageJob, Issue, Kind, ObjectLocation};
use crate::json::Json;
use crate::policy::{capabilities, cost};
use crate::port::{
    AssetStore, Body, Claim, Clock, ImageModel, ImageRequest, OperationRequest, StoredAsset, World,
};

/// How long a request is under way at least if it was worked on. In an outage, connections break at
/// once.
const WORKED_ON: Duration = Duration::from_secs(20);

/// The most attempts when connections break that were worked on: each may be paid for.
const ATTEMPTS_WHEN_LOST: u32 = 2;

/// Processes one image job; its claim was sent at `since`.
pub(super) async fn process<W: World>(
    world: &W,
    run: &Run,
    claim: Claim,
    since: Duration,
) -> Box<JobReport> {
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
) -> Attempt<Box<StoredAsset>> {
    let location = ObjectLocation::of(Kind::Image, &job.common.target, &claim.job_id);
    let stored = |format, model, usage| asset(world, job, &location, format, model, usage);
    // What an earlier attempt stored is what was paid for; only the settling is left.
    if let Some(format) = begin(world, run, claim, presence, &location).await? {
        return Ok(stored(format, claim.operation.as_ref().map(|op| op.model.clone()), None));
    }
    let chosen = job.common.model.as_deref();
    let check = |model: &str, unmet: &mut Vec<_>| in_background(claim, job, model, unmet);
    let price = |model: &str| cost::image(model, job.image_size, None);
    let mut begun = claim.operation.clone().map(operation::Begun::from);
    if begun.is_none()
        && run.is_outlasted(job.image_size)
        && let Ok(models) = run.models.able(chosen, &check)
    {
        let request = OperationRequest::Image(ImageRequest { job, sources: &[] });
        let sources = job.common.sources();
        let submitted = operation::submit(world, run, claim, models, sources, request, &price);
        begun = Some(submitted.await?);
    }
    if let Some(mut begun) = begun {
        let finished = operation::finish(world, run, claim, &mut begun, &location, &price);
        let (format, usage) = finished.await?;
        return Ok(stored(format, Some(begun.operation.model), usage));
    }

    let check = |model: &str, unmet: &mut Vec<_>| {
        capabilities::image(model, job, unmet);
        run.check_size(job.image_size, unmet);
    };
    let models = run.models.able(chosen, &check)?;

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
                return Err(AttemptError::waiting(Duration::ZERO));
            }
            let image = world.images().generate(model, request, within, &permit).await;
            let took = world.clock().now().saturating_sub(asked);
            run.image_took(model, job.image_size, took);
            let image = image.map_err(|failure| failed(model, job, failure, took))?;
            Ok((model.to_owned(), passed_over.map(str::to_owned), image, took))
        })
        .await?;

    world.store().put(&location, image.format, Body::Bytes(image.bytes)).await?;
    let mut asset = stored(image.format, Some(model), image.usage);
    (asset.passed_over, asset.took) = (passed_over, Some(took));
    Ok(asset)
}

/// The asset at its place.
fn asset<W: World>(
    world: &W,
    job: &ImageJob,
    location: &ObjectLocation,
    format: Format,
    model: Option<String>,
    usage: Option<Json<'static>>,
) -> Box<StoredAsset> {
    let path = location.path(format);
    let url = world.store().public_url(location.bucket, &path);
    let price = |model: &String| cost::image(model, job.image_size, usage.as_ref());
    let cost_usd = model.as_ref().and_then(price);
    let (passed_over, took) = (None, None);
    Box::new(StoredAsset { path, url, format, model, usage, cost_usd, passed_over, took })
}

/// Adds to `unmet` what keeps a model from making the image in the background. While it cannot be used, one
/// that has to be waited for is as good.
fn in_background(claim: &Claim, job: &ImageJob, model: &str, unmet: &mut Vec<Issue>) {
    let rests = claim.unavailable.iter().any(|known| known.model == model && !known.probe);
    capabilities::background(model, rests, unmet);
    capabilities::image(model, job, unmet);
}

/// A failure, with what it has probably cost: an image whose reply is lost may have been made, and a reply
/// without one, or with one that cannot be read, is billed, too. A connection that broke soon was no such
/// thing, but the provider's trouble.
fn failed(model: &str, job: &ImageJob, mut failure: Failure, took: Duration) -> Box<AttemptError> {
    if failure.code == Code::ReplyLost && failure.is_rest() {
        match took < WORKED_ON {
            true => failure.code = Code::ProviderUnavailable,
            false => failure.next = Next::Retry { after: None, attempts: Some(ATTEMPTS_WHEN_LOST) },
        }
    }
    let paid =
        matches!(failure.code, Code::ReplyLost | Code::NoImage | Code::ProviderReplyUnreadable);
    AttemptError::Failed {
        spent_usd: paid.then(|| cost::image(model, job.image_size, None)).flatten(),
        failure,
        waits_for: None,
        reset_submission: false,
    }
    .into()
}
