//! The report of a run to its caller.

use std::time::Duration;

use crate::failure::Failure;
use crate::json::{Object, WriteJson};

/// What one run did.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify), serde(rename_all = "camelCase"))]
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
    #[cfg_attr(target_family = "wasm", tsify(optional))]
    pub error: Option<JobError>,
}

/// Why a run stopped taking jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify), serde(rename_all = "snake_case"))]
pub enum Stopped {
    /// There were no more, or none that a model can take now.
    Empty,
    /// Its time was spent.
    Budget,
    /// It had computed for as long as a request may.
    Cpu,
    /// It had taken as many as it was asked to.
    MaxJobs,
    /// The worker was told to stop.
    Shutdown,
    /// The queue could not be reached.
    Unavailable,
}

impl Stopped {
    /// The name in the report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Stopped::Empty => "empty",
            Stopped::Budget => "budget",
            Stopped::Cpu => "cpu",
            Stopped::MaxJobs => "max_jobs",
            Stopped::Shutdown => "shutdown",
            Stopped::Unavailable => "unavailable",
        }
    }
}

/// What became of one job in a run.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify), serde(rename_all = "camelCase"))]
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
    #[cfg_attr(target_family = "wasm", tsify(optional))]
    pub storyboard_id: Option<String>,
    /// Its scene.
    #[cfg_attr(target_family = "wasm", tsify(optional))]
    pub scene_id: Option<String>,
    /// Its character.
    #[cfg_attr(target_family = "wasm", tsify(optional))]
    pub character_id: Option<String>,
    /// The asset's immutable URL.
    #[cfg_attr(target_family = "wasm", tsify(optional))]
    pub url: Option<String>,
    /// The model that made it.
    #[cfg_attr(target_family = "wasm", tsify(optional))]
    pub model: Option<String>,
    /// What it cost in US dollars, estimated.
    #[cfg_attr(target_family = "wasm", tsify(optional))]
    pub cost_usd: Option<f64>,
    /// What went wrong.
    #[cfg_attr(target_family = "wasm", tsify(optional))]
    pub error: Option<JobError>,
    /// When it becomes visible again, in seconds.
    #[cfg_attr(target_family = "wasm", tsify(optional))]
    pub retry_in_seconds: Option<f64>,
}

/// What became of one job in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify), serde(rename_all = "snake_case"))]
pub enum Outcome {
    /// The asset is stored and linked.
    Succeeded,
    /// It has failed for good.
    Failed,
    /// It is tried again later.
    Retrying,
    /// It waits for an operation or for a model.
    Waiting,
    /// The lease went to another worker, or the job was cancelled.
    Lost,
}

impl Outcome {
    /// The name in the report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Succeeded => "succeeded",
            Outcome::Failed => "failed",
            Outcome::Retrying => "retrying",
            Outcome::Waiting => "waiting",
            Outcome::Lost => "lost",
        }
    }
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
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

impl WriteJson for RunReport {
    fn write(&self, it: &mut Object<'_>) {
        it.text("queue", self.queue).text("stopped", self.stopped.as_str());
        for (name, count) in [
            ("claimed", self.claimed),
            ("succeeded", self.succeeded),
            ("failed", self.failed),
            ("retrying", self.retrying),
            ("waiting", self.waiting),
            ("lost", self.lost),
            ("repaired", self.repaired),
        ] {
            it.integer(name, count.into());
        }
        it.integer("durationMs", self.duration_ms as i64).objects("jobs", &self.jobs);
        if let Some(error) = &self.error {
            it.object("error", |it| error.write(it));
        }
    }
}

impl WriteJson for JobReport {
    fn write(&self, it: &mut Object<'_>) {
        it.text("jobId", &self.job_id)
            .integer("msgId", self.msg_id)
            .text("outcome", self.outcome.as_str())
            .integer("attempts", self.attempts.into())
            .integer("durationMs", self.duration_ms as i64)
            .optional_text("storyboardId", self.storyboard_id.as_deref())
            .optional_text("sceneId", self.scene_id.as_deref())
            .optional_text("characterId", self.character_id.as_deref())
            .optional_text("url", self.url.as_deref())
            .optional_text("model", self.model.as_deref())
            .optional_decimal("costUsd", self.cost_usd);
        if let Some(error) = &self.error {
            it.object("error", |it| error.write(it));
        }
        it.optional_decimal("retryInSeconds", self.retry_in_seconds);
    }
}

impl WriteJson for JobError {
    fn write(&self, it: &mut Object<'_>) {
        it.text("code", self.code).text("message", &self.message);
    }
}

/// A duration as reports give it. (`as_millis` counts in 128 bits, which is a kilobyte of WASM.)
pub(super) fn milliseconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1000).saturating_add(duration.subsec_millis().into())
}
