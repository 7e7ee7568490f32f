//! The lifecycle of a video: submission, operation, download, storage.

use std::time::Duration;

use futures_util::future::FutureExt;

use super::attempt::{begin, fetch_all, presence, reject, run_attempt};
use super::error::AttemptError;
use super::report::JobReport;
use super::run::Run;
use super::time_limit::within;
use super::{operation, trouble};
use crate::company::Presence;
use crate::failure::{Code, Failure};
use crate::job::{Format, Kind, ObjectLocation, VideoJob};
use crate::json::Json;
use crate::policy::{capabilities, cost};
use crate::port::{
    AssetFile, AssetStore, Body, Claim, Operation, OperationModel, StoredAsset, VideoRequest, World,
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
    operation::check_certain(claim)?;
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
    let polled = Box::pin(operation::wait(world, run, claim, &operation, &permit));
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
async fn open<W: World>(world: &W, file: AssetFile) -> Result<Body<W::Stream>, Failure> {
    const MOST: Duration = Duration::from_secs(60);
    let late = || Failure::retry(Code::DownloadFailed, "the video did not begin within a minute");
    let opened = within(world, MOST, world.operations().download(file)).await;
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
            let price = || cost::video(model, job, None);
            operation::begin(world, run, claim, (model, passed_over), request, &price).await
        })
        .await
}
