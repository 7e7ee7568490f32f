//! What the jobs of a run share.

use std::cell::Cell;
use std::time::Duration;

use super::cpu_time::CpuTime;
use super::fallback::Models;
use crate::policy::budget::Budget;
use crate::port::{Clock, World};

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
    /// How old a job may become while its models cannot be used; then it has failed.
    pub job_deadline: Duration,
    /// After how long a model that cannot be used is passed over for the next one; by default, never.
    pub fallback_after: Option<Duration>,
    /// How many jobs are taken at most.
    pub max_jobs: Option<u32>,
}

/// What the jobs of a run share.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) settings: Settings,
    pub(super) budget: Budget,
    pub(super) models: Models,
    pub(super) cpu_time: CpuTime,
    /// How long the slowest image took so far.
    pub(super) slowest: Cell<Duration>,
}

impl Run {
    pub(super) fn begin<W: World>(world: &W, settings: Settings) -> Self {
        let budget = Budget::new(world.clock().now(), settings.budget);
        let models = Models::new(&settings.models);
        Self { settings, budget, models, cpu_time: CpuTime::default(), slowest: Cell::default() }
    }
}
