//! A job of either kind, from its claim to its last step in this run.

use std::time::Duration;

use futures_util::future::FutureExt;

use super::attempt::{not_begun, occupant, run_attempt};
use super::error::{Attempt, AttemptError};
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
    let job = match read(world, run, &claim) {
        Ok(job) => job,
        Err(error) => return not_begun(world, run, &claim, error).await,
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

/// What the message of a claim asks for. What a claim brings after the run was told to stop is released.
fn read<W: World>(world: &W, run: &Run, claim: &Claim) -> Attempt<Job> {
    if run.reason_to_release(world).is_some() {
        return Err(AttemptError::waiting(Duration::ZERO));
    }
    Ok(match claim.lease.kind {
        Kind::Image => Job::Image(ImageJob::parse(&claim.message)?),
        Kind::Video => Job::Video(VideoJob::parse(&claim.message)?),
    })
}
