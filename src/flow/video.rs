//! The lifecycle of a video: submission, operation, download, storage.

use std::time::Duration;

use futures_util::future::FutureExt;

use super::attempt::{begin, presence, reject, run_attempt};
use super::error::Attempt;
use super::operation;
use super::report::JobReport;
use super::run::Run;
use crate::company::Presence;
use crate::job::{Format, Kind, ObjectLocation, VideoJob};
use crate::json::Json;
use crate::policy::{capabilities, cost};
use crate::port::{AssetStore, Claim, OperationRequest, StoredAsset, VideoRequest, World};

/// Processes one video job; its claim was sent at `since`.
pub(super) async fn process<W: World>(
    world: &W,
    run: &Run,
    claim: Claim,
    since: Duration,
) -> Box<JobReport> {
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
) -> Attempt<Box<StoredAsset>> {
    let location = ObjectLocation::of(Kind::Video, &job.common.target, &claim.job_id);
    let stored = |model: Option<String>, usage: Option<Json<'static>>| {
        let path = location.path(Format::Mp4);
        let url = world.store().public_url(location.bucket, &path);
        let price = |model: &String| cost::video(model, job, usage.as_ref());
        let cost_usd = model.as_ref().and_then(price);
        // What was passed over was told with the submission.
        let (format, passed_over, took) = (Format::Mp4, None, None);
        Box::new(StoredAsset { path, url, format, model, usage, cost_usd, passed_over, took })
    };
    if begin(world, run, claim, presence, &location).await?.is_some() {
        return Ok(stored(claim.operation.as_ref().map(|op| op.model.clone()), None));
    }
    let price = |model: &str| cost::video(model, job, None);
    let mut begun = match &claim.operation {
        Some(operation) => operation.clone().into(),
        None => {
            let check = |model: &str, unmet: &mut Vec<_>| capabilities::video(model, job, unmet);
            let models = run.models.able(job.common.model.as_deref(), &check)?;
            let request = OperationRequest::Video(VideoRequest { job, images: &[] });
            let urls = job.image_urls();
            operation::submit(world, run, claim, models, &urls, request, &price).await?
        }
    };
    let finished = operation::finish(world, run, claim, &mut begun, &location, &price);
    let (_, usage) = finished.await?;
    Ok(stored(Some(begun.operation.model), usage))
}
