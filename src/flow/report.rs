//! The report of a run to its caller.

use std::time::Duration;

use serde::Serialize;

use crate::failure::Failure;

/// What one run did.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// The queue.
    pub queue: &'static str,
    /// Why it stopped taking jobs.
    pub stopped: Stopped,
    /// Jobs taken off the queue.
    pub claimed: u32,
    /// Of these: have their asset.
    pub succeeded: u32,
    /// Of these: have failed for good.
    pub failed: u32,
    /// Of these: are tried again later.
    pub retrying: u32,
    /// Of these: wait for an operation or for a model.
    pub waiting: u32,
    /// Of these: passed to another worker or were cancelled meanwhile.
    pub lost: u32,
    /// Current objects brought up to date for workers that died before they could.
    pub repaired: u32,
    /// How long the run took, in milliseconds.
    pub duration_ms: u64,
    /// The jobs in the order in which they ended.
    pub jobs: Vec<JobReport>,
    /// Why the queue could not be reached, where it could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
}

names! {
    /// Why a run stopped taking jobs.
    #[cfg_attr(target_family = "wasm", derive(tsify::Tsify), serde(rename_all = "snake_case"))]
    pub enum Stopped {
        /// There were no more, or none that a model can take now.
        Empty = "empty",
        /// Its time was spent.
        Budget = "budget",
        /// It had computed for as long as a request may.
        Cpu = "cpu",
        /// It had taken as many as it was asked to.
        MaxJobs = "max_jobs",
        /// The worker was told to stop.
        Shutdown = "shutdown",
        /// The queue could not be reached.
        Unavailable = "unavailable",
    }
}

/// What became of one job in a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct JobReport {
    /// The job.
    pub job_id: String,
    /// Its message.
    pub msg_id: i64,
    /// What became of it.
    pub outcome: Outcome,
    /// Attempts begun so far, this one included.
    pub attempts: u32,
    /// How long this run worked on it, in milliseconds.
    pub duration_ms: u64,
    /// Its storyboard, where the message is readable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storyboard_id: Option<String>,
    /// Its scene.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scene_id: Option<String>,
    /// Its character.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub character_id: Option<String>,
    /// The asset's immutable URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The model that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What it cost in US dollars, estimated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
    /// When it becomes visible again, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_in_seconds: Option<f64>,
}

names! {
    /// What became of one job in a run.
    #[cfg_attr(target_family = "wasm", derive(tsify::Tsify), serde(rename_all = "snake_case"))]
    pub enum Outcome {
        /// The asset is stored and linked.
        Succeeded = "succeeded",
        /// It has failed for good.
        Failed = "failed",
        /// It is tried again later.
        Retrying = "retrying",
        /// It waits for an operation or for a model.
        Waiting = "waiting",
        /// The lease went to another worker, or the job was cancelled.
        Lost = "lost",
    }
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
pub struct JobError {
    /// The kind of failure, as in the ledger.
    pub code: &'static str,
    /// What happened.
    pub message: String,
}

impl From<&Failure> for JobError {
    fn from(failure: &Failure) -> Self {
        Self { code: failure.code.as_str(), message: failure.message.clone() }
    }
}

impl RunReport {
    /// The report of a run that has done nothing yet.
    pub(super) fn new(queue: &'static str) -> Self {
        Self {
            queue,
            stopped: Stopped::Empty,
            claimed: 0,
            succeeded: 0,
            failed: 0,
            retrying: 0,
            waiting: 0,
            lost: 0,
            repaired: 0,
            duration_ms: 0,
            jobs: Vec::new(),
            error: None,
        }
    }

    /// Adds a job that has ended. One that was deferred and claimed again within the run counts
    /// once, with its last outcome.
    pub(super) fn add(&mut self, job: JobReport) {
        if let Some(index) = self.jobs.iter().position(|other| other.job_id == job.job_id) {
            let before = self.jobs.remove(index);
            *self.count(before.outcome) -= 1;
            self.claimed -= 1;
        }
        *self.count(job.outcome) += 1;
        self.claimed += 1;
        self.jobs.push(job);
    }

    fn count(&mut self, outcome: Outcome) -> &mut u32 {
        match outcome {
            Outcome::Succeeded => &mut self.succeeded,
            Outcome::Failed => &mut self.failed,
            Outcome::Retrying => &mut self.retrying,
            Outcome::Waiting => &mut self.waiting,
            Outcome::Lost => &mut self.lost,
        }
    }
}

/// A duration as reports give it. (`as_millis` counts in 128 bits, which is a kilobyte of WASM.)
pub(super) fn milliseconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1000).saturating_add(duration.subsec_millis().into())
}
