//! The lifecycle of a video: submission, operation, download, storage.

use super::attempt::begin;
use super::error::Attempt;
use super::operation;
use super::run::Run;
use crate::job::{Kind, ObjectLocation, VideoJob};
use crate::json::Json;
use crate::occupancy::Occupant;
use crate::policy::{capabilities, cost};
use crate::port::{Claim, OperationRequest, StoredAsset, VideoRequest, World};

/// Makes the video of a job, or finds it.
pub(super) async fn make<W: World>(
    world: &W,
    run: &Run,
    claim: &Claim,
    job: &VideoJob,
    occupant: &Occupant,
) -> Attempt<Box<StoredAsset>> {
    let location = ObjectLocation::of(Kind::Video, &job.common.target, &claim.job_id);
    let price = |model: &str, usage: Option<&Json<'_>>| cost::video(model, job, usage);
    if let Some(asset) = begin(world, run, claim, occupant, &location, &price).await? {
        return Ok(asset);
    }
    let begun = match &claim.operation {
        Some(operation) => operation.clone().into(),
        None => {
            let check = |model: &str, unmet: &mut Vec<_>| capabilities::video(model, job, unmet);
            let models = run.models.able(job.common.model.as_deref(), &check)?;
            let request = OperationRequest::Video(VideoRequest { job, images: &[] });
            let urls = job.image_urls();
            operation::submit(world, run, claim, models, &urls, request, &price).await?
        }
    };
    operation::finish(world, run, claim, begun, &location, &price).await
}
