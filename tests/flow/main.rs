//! The path of a job, against a world in memory on virtual time.
//!
//! - `image`, `publication`: what an image job stores and shows
//! - `submission`, `operation`, `cancellation`: the long-running operation of a video job
//! - `attempt`, `death`, `lease`: failures, workers that die, and workers that share a queue
//! - `run`, `shutdown`: how many jobs a worker takes, and how it ends
//! - `latency`, `background`: images that take as long as a worker lives, or longer
//! - `model_choice`, `trouble`: which model does a job, and what happens while it cannot
//! - `world`: the ports; the queue uses the model of the ledger that `tests/ledger/` verifies
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod attempt;
mod background;
mod cancellation;
mod death;
mod image;
mod latency;
mod lease;
mod model_choice;
mod operation;
mod publication;
mod round_trips;
mod run;
mod shutdown;
mod submission;
#[path = "../support/mod.rs"]
mod support;
mod trouble;
mod world;
