//! One run of a worker, from the first claim to the report.

use super::drain::drain;
use super::report::{RunReport, Stopped, milliseconds};
use super::run::{Run, Settings};
use super::{cancel, log, publish};
use crate::job::Kind;
use crate::port::{Clock, Level, MaintenanceRequest, Queue, World};

/// Drains the queue of a kind.
pub async fn run_queue<W: World>(world: &W, kind: Kind, settings: Settings) -> RunReport {
    let run = &Run::begin(world, kind, settings);
    if kind == Kind::Image {
        run.learn_times(world).await;
    } else if !world.clock().stopping() {
        // Operations of cancelled jobs cost money until the provider cancels them.
        maintain(world, run, kind, 0).await;
    }
    let mut report = RunReport::new(kind.queue());
    run.cpu_time.measure(world.clock(), drain(world, run, kind, &mut report)).await;
    // After the jobs: users wait for those.
    const AT_ONCE: u32 = 20;
    let is_done = matches!(report.stopped, Stopped::Empty | Stopped::MaxJobs);
    // Few images have operations, so their runs ask only when there is nothing else to do. A service that is
    // out of reach is not called again for this.
    let asks = is_done || kind == Kind::Video && report.stopped != Stopped::Unavailable;
    if asks || !run.copied.borrow().is_empty() {
        report.repaired = maintain(world, run, kind, if is_done { AT_ONCE } else { 0 }).await;
    }
    let spent = run.budget.spent(world.clock().now());
    report.duration_ms = milliseconds(spent);
    report
}

/// Confirms the last copies, makes those that are overdue, for so many jobs at most, and cancels the
/// operations of cancelled jobs. Returns for how many jobs copies were made.
async fn maintain<W: World>(world: &W, run: &Run, kind: Kind, unpublished: u32) -> u32 {
    let confirmed = run.copied.take();
    let cancels = !world.clock().stopping();
    let request = MaintenanceRequest {
        confirmed: &confirmed,
        confirmed_cancellation: None,
        unpublished,
        cancels,
    };
    match world.queue().maintain(kind, request).await {
        Ok(overdue) => {
            let repaired = publish::repair(world, run, kind, overdue.unpublished).await;
            if overdue.cancelled.is_some() {
                cancel::operations(world, kind, overdue.cancelled).await;
            }
            repaired
        }
        Err(failure) => {
            log::general(world, Level::Warn, "Maintenance not done", &failure);
            0
        }
    }
}
