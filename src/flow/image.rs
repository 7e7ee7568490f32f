//! The lifecycle of an image.

use std::time::Duration;

use super::attempt::{Price, begin, fetch_all, stored};
use super::error::{Attempt, AttemptError, Failed};
use super::operation::{self, Begun};
use super::run::Run;
use super::time_limit;
use crate::failure::{Code, Failure, Next};
use crate::job::{ImageJob, Issue, Kind, ObjectLocation};
use crate::json::Json;
use crate::large_body::LargeBodyPermit;
use crate::occupancy::Occupant;
use crate::policy::{capabilities, cost};
use crate::port::{
    AssetStore, Body, Claim, Clock, GeneratedImage, ImageModel, ImageRequest, OperationRequest,
    StoredAsset, World,
};

/// How long a request is under way at least if it was worked on. In an outage, connections break at
/// once.
const WORKED_ON: Duration = Duration::from_secs(20);

/// The most attempts when connections break that were worked on: each may be paid for.
const ATTEMPTS_WHEN_LOST: u32 = 2;

/// How long a reply may still be received when the time of its worker is up for generating.
const RECEIVING: Duration = Duration::from_secs(5);

/// Makes the image of a job, or finds it.
pub(super) async fn make<W: World>(
    world: &W,
    run: &Run,
    claim: &Claim,
    job: &ImageJob,
    occupant: &Occupant,
) -> Attempt<Box<StoredAsset>> {
    let location = ObjectLocation::of(Kind::Image, &job.common.target, &claim.job_id);
    let price = |model: &str, usage: Option<&Json<'_>>| cost::image(model, job.image_size, usage);
    if let Some(asset) = begin(world, run, claim, occupant, &location, &price).await? {
        return Ok(asset);
    }
    match operation_of(world, run, claim, job, &price).await? {
        Some(begun) => operation::finish(world, run, claim, begun, &location, &price).await,
        None => at_once(world, run, claim, job, &location, &price).await,
    }
}

/// The operation that makes the image in the background, where there is one or a worker may not live long
/// enough to wait for the image.
async fn operation_of<W: World>(
    world: &W,
    run: &Run,
    claim: &Claim,
    job: &ImageJob,
    price: Price<'_>,
) -> Attempt<Option<Begun>> {
    if claim.operation.is_some() || !run.may_outlast_worker(job.image_size) {
        return Ok(claim.operation.clone().map(Begun::from));
    }
    let check = |model: &str, unmet: &mut Vec<_>| in_background(claim, job, model, unmet);
    let Ok(models) = run.models.able(job.common.model.as_deref(), &check) else { return Ok(None) };
    let request = OperationRequest::Image(ImageRequest { job, sources: &[] });
    let sources = job.common.sources();
    operation::submit(world, run, claim, models, sources, request, price).await.map(Some)
}

/// Has an image made by one request, and stores it.
async fn at_once<W: World>(
    world: &W,
    run: &Run,
    claim: &Claim,
    job: &ImageJob,
    location: &ObjectLocation,
    price: Price<'_>,
) -> Attempt<Box<StoredAsset>> {
    let check = |model: &str, unmet: &mut Vec<_>| {
        capabilities::image(model, job, unmet);
        run.check_size(job.image_size, unmet);
    };
    let models = run.models.able(job.common.model.as_deref(), &check)?;

    // The sources of what is not begun need not be fetched. By its size alone, since the model may change.
    may_begin(world, run, "", job)?;
    // Until the image is stored: it is sent from the memory into which it was decoded.
    let permit = world.large_bodies().permit();
    let sources = fetch_all(world, run, job.common.sources(), &permit).await?;
    let request = ImageRequest { job, sources: &sources };
    let (model, passed_over, image, took) = models
        .try_each(world, claim, async |model, passed_over| {
            may_begin(world, run, model, job)?;
            let asked = world.clock().now();
            let within = run.budget.life_left(asked);
            let image = generate(world, model, request, within, &permit).await;
            let took = world.clock().now().saturating_sub(asked);
            run.image_took(model, job.image_size, took);
            let image = image.map_err(|failure| failed(failure, took, price(model, None)))?;
            Ok((model.to_owned(), passed_over.map(str::to_owned), image, took))
        })
        .await?;

    let mut asset = stored(world, location, image.format, Some(model), image.usage, price);
    (asset.passed_over, asset.took) = (passed_over, Some(took));
    match world.store().put(location, image.format, Body::Bytes(image.bytes)).await {
        Ok(()) => Ok(asset),
        Err(failure) => {
            // What would be generated from now on would be lost, too.
            run.stop_for(&failure);
            Err(Failed { spent_usd: asset.cost_usd, ..failure.into() }.into())
        }
    }
}

/// Refuses to begin what the worker may not live to see, or may not be able to store: it is paid for all the
/// same.
fn may_begin<W: World>(world: &W, run: &Run, model: &str, job: &ImageJob) -> Attempt<()> {
    let left = run.budget.life_left(world.clock().now());
    if run.image_takes(model, job.image_size) > left {
        run.too_late.set(true);
    } else if !world.clock().stopping() && !run.is_stopped() {
        return Ok(());
    }
    Err(AttemptError::waiting(Duration::ZERO))
}

/// Has a model generate an image, and receives it. Both have to end before the worker does, also where the
/// reply waits for the large bodies of other jobs.
async fn generate<W: World>(
    world: &W,
    model: &str,
    request: ImageRequest<'_>,
    within: Duration,
    permit: &LargeBodyPermit,
) -> Result<GeneratedImage, Failure> {
    let generated = world.images().generate(model, request, within, permit);
    time_limit::within(world, within + RECEIVING, generated).await.unwrap_or_else(|| {
        let message = "no whole image before the end of the worker";
        Err(Failure::retry_at_most(Code::ReplyLost, ATTEMPTS_WHEN_LOST, message))
    })
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
fn failed(mut failure: Failure, took: Duration, price: Option<f64>) -> Box<AttemptError> {
    if failure.code == Code::ReplyLost && failure.is_rest() {
        match took < WORKED_ON {
            true => failure.code = Code::ProviderUnavailable,
            false => failure.next = Next::Retry { after: None, attempts: Some(ATTEMPTS_WHEN_LOST) },
        }
    }
    let paid =
        matches!(failure.code, Code::ReplyLost | Code::NoImage | Code::ProviderReplyUnreadable);
    Failed { spent_usd: price.filter(|_| paid), ..failure.into() }.into()
}
