//! One run of a worker, from the first claim to the report.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;

use super::drain::drain;
use super::report::{JobReport, RunReport, Stopped, milliseconds};
use super::run::{Run, Settings};
use super::{cancel, image, log, publish, video};
use crate::job::Kind;
use crate::port::{Claim, Clock, Level, World};

/// Drains the image queue.
pub async fn run_images<W: World>(world: &W, settings: Settings) -> RunReport {
    let run = Run::begin(world, settings);
    run.learn_times(world).await;
    run_queue(world, &run, Kind::Image, &|claim, since| {
        Box::pin(image::process(world, &run, claim, since))
    })
    .await
}

/// Drains the video queue.
pub async fn run_videos<W: World>(world: &W, settings: Settings) -> RunReport {
    let run = Run::begin(world, settings);
    cancel::operations(world, Kind::Video).await;
    run_queue(world, &run, Kind::Video, &|claim, since| {
        Box::pin(video::process(world, &run, claim, since))
    })
    .await
}

async fn run_queue<'a, W: World>(
    world: &'a W,
    run: &'a Run,
    kind: Kind,
    process: &dyn Fn(Claim, Duration) -> LocalBoxFuture<'a, Box<JobReport>>,
) -> RunReport {
    let mut report = RunReport::new(kind.queue());
    run.cpu_time.measure(world.clock(), drain(world, run, kind, process, &mut report)).await;
    // After the jobs: users wait for those.
    let is_done = matches!(report.stopped, Stopped::Empty | Stopped::MaxJobs);
    if is_done {
        match publish::repair(world, run, kind).await {
            Ok(repaired) => report.repaired = repaired,
            Err(failure) => {
                log::general(world, Level::Warn, "Current objects not repaired", &failure);
            }
        }
    }
    let spent = run.budget.spent(world.clock().now());
    report.duration_ms = milliseconds(spent);
    // What was cancelled meanwhile, perhaps during this very run. Few images have operations, so their
    // runs ask only when there is nothing else to do.
    if is_done || kind == Kind::Video {
        cancel::operations(world, kind).await;
    }
    report
}
