//! One run of a worker, from the first claim to the report.

use std::cell::Cell;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;

use super::cpu_time::Busy;
use super::drain::drain;
use super::fallback::Models;
use super::report::{JobReport, RunReport, Stopped, milliseconds};
use super::{cancel, image, log, publish, video};
use crate::job::Kind;
use crate::policy::budget::Budget;
use crate::port::{Claim, Clock, ImageWorld, Level, VideoWorld, World};

/// How a run is to go.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The models, in order of preference.
    pub models: Vec<String>,
    /// How many jobs are on their way at once; at least 1.
    pub concurrency: u32,
    /// How long new work is taken, and operations are polled.
    pub budget: Duration,
    /// After how long a video's operation that has not ended is given up.
    pub operation_deadline: Duration,
    /// After how many attempts a job has failed; at least 1.
    pub max_attempts: u32,
    /// How many jobs are taken at most.
    pub max_jobs: Option<u32>,
}

/// What the jobs of a run share.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) settings: Settings,
    pub(super) budget: Budget,
    pub(super) models: Models,
    pub(super) busy: Busy,
    /// How long the slowest image took so far.
    pub(super) slowest: Cell<Duration>,
}

/// Drains the image queue.
pub async fn run_images<W: ImageWorld>(world: &W, settings: Settings) -> RunReport {
    let run = Run::begin(world, settings);
    carry_out(world, &run, Kind::Image, &|claim, since| {
        Box::pin(image::process(world, &run, claim, since))
    })
    .await
}

/// Drains the video queue.
pub async fn run_videos<W: VideoWorld>(world: &W, settings: Settings) -> RunReport {
    let run = Run::begin(world, settings);
    cancel::operations(world).await;
    let report = carry_out(world, &run, Kind::Video, &|claim, since| {
        Box::pin(video::process(world, &run, claim, since))
    })
    .await;
    // What was cancelled meanwhile, perhaps in the hands of this very run.
    cancel::operations(world).await;
    report
}

impl Run {
    fn begin<W: World>(world: &W, settings: Settings) -> Self {
        let budget = Budget::new(world.clock().now(), settings.budget);
        let models = Models::new(&settings.models);
        Self { settings, budget, models, busy: Busy::default(), slowest: Cell::default() }
    }
}

async fn carry_out<'a, W: World>(
    world: &'a W,
    run: &'a Run,
    kind: Kind,
    process: &dyn Fn(Claim, Duration) -> LocalBoxFuture<'a, JobReport>,
) -> RunReport {
    let mut report = RunReport::new(kind.queue());
    run.busy.during(world.clock(), drain(world, run, kind, process, &mut report)).await;
    // After the jobs: they are what somebody waits for.
    if matches!(report.stopped, Stopped::Empty | Stopped::MaxJobs) {
        match publish::repair(world, run, kind).await {
            Ok(repaired) => report.repaired = repaired,
            Err(failure) => {
                log::general(world, Level::Warn, "Current objects not repaired", &failure);
            }
        }
    }
    let spent = run.budget.spent(world.clock().now());
    report.duration_ms = milliseconds(spent);
    report
}
