//! A job of either kind, from its claim to its last step in this run.

use std::time::Duration;

use futures_util::future::FutureExt;

use super::attempt::{occupant, reject, run_attempt};
use super::report::JobReport;
use super::run::Run;
use super::{image, video};
use crate::job::{ImageJob, Kind, VideoJob};
use crate::port::{Claim, World};

/// What a message asks for.
enum Job {
    Image(ImageJob),
    Video(VideoJob),
}

/// Processes a job whose claim was sent at `since`.
pub(super) async fn process<W: World>(
    world: &W,
    run: &Run,
    claim: Claim,
    since: Duration,
) -> Box<JobReport> {
    let job = match claim.lease.kind {
        Kind::Image => ImageJob::parse(&claim.message).map(Job::Image),
        Kind::Video => VideoJob::parse(&claim.message).map(Job::Video),
    };
    let job = match job {
        Ok(job) => job,
        Err(invalid) => return reject(world, run, &claim, invalid).await,
    };
    let occupant = occupant(world, &claim);
    let (common, work) = match &job {
        Job::Image(job) => {
            (&job.common, image::make(world, run, &claim, job, &occupant).boxed_local())
        }
        Job::Video(job) => {
            (&job.common, video::make(world, run, &claim, job, &occupant).boxed_local())
        }
    };
    run_attempt(world, run, &claim, since, &common.target, work).await
}
