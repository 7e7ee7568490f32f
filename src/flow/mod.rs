//! The lifecycle of a job: lease → generate → store → settle.
//!
//! From the bottom up: a file imports only files that stand above it in this list.

mod report; // what a run tells its caller
mod error; // what ends an attempt early
mod log; // log entries about a job
mod time_limit; // what several calls may take together
mod cpu_time; // how much of its CPU time a run has used
mod trouble; // what concerns a model, and not a job
mod fallback; // the list of models
mod intake; // how many jobs a run has in hand, and what it may claim
mod run; // what the jobs of a run share
mod lease; // the lease is held while work goes on
mod publish; // the current objects of scenes and characters
mod settle; // completing, deferring, failing
mod attempt; // what an attempt of either kind needs
mod operation; // what is paid for once and polled
mod image; // what is between for an image
mod video; // and for a video
mod cancel; // operations that go on although their jobs were cancelled
mod process; // a job of either kind
mod drain; // several jobs at once
mod worker; // one run, from the first claim to the report

pub use report::{JobError, JobReport, Outcome, RunReport, Stopped};
pub use run::Settings;
pub use worker::run_queue;
