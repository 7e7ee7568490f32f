//! The way of a job: lease → generate → store → settle.
//!
//! - [`run`]: one run of a worker, from the first claim to the report
//! - `drain`: keeps several jobs on their way at once
//! - `cpu_time`: how much of its CPU time a run has used
//! - `attempt`: what surrounds an attempt of either kind: the lease held, the outcome settled
//! - `image`, `video`: what is between
//! - `fallback`: the list of models
//! - `settle`: completing, putting back, failing
//! - `publish`: the current objects of scenes and characters
//! - `cancel`: operations that go on although their jobs were cancelled
//! - `report`: what a run tells whoever started it

mod attempt;
mod cancel;
mod cpu_time;
mod drain;
mod fallback;
mod image;
mod lease;
mod log;
mod publish;
mod report;
mod run;
mod settle;
mod video;

pub use report::{JobError, JobReport, Outcome, RunReport, Stopped};
pub use run::{Settings, run_images, run_videos};
