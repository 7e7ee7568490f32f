//! Generates images and videos in the background: it claims a job from a queue, lets a model generate
//! the asset, stores it and settles the job.
//!
//! From the bottom up; a module depends only on modules in earlier lines:
//!
//! - `names`: enums whose variants have names
//! - [`failure`]: what went wrong, and the next step
//! - [`large_body`]: the permit for large bodies in memory
//! - [`occupancy`]: which attempts are in memory at the same time
//! - `search`: searching short texts
//! - [`json`]: JSON texts, read and written
//! - [`job`]: the two messages, and the names of objects and entities
//! - [`policy`]: pure decisions about time, money and retries
//! - [`port`]: what a flow needs from outside, as traits
//! - [`flow`]: the lifecycle of a job, lease → generate → store → settle, and the loop that runs
//!   several at a time
//! - [`http`]: requests and replies
//! - [`service`]: the ports spoken over HTTP
//! - `wasm`: the one place that knows JavaScript
//!
//! A job that goes through the ports, with all of them in memory:
#![doc = concat!("```\n", include_str!("../examples/in-memory/main.rs"), "\n```")]

#[macro_use]
mod names;
pub mod failure;
pub mod large_body;
pub mod occupancy;
mod search;
pub mod json;
pub mod job;
pub mod policy;
pub mod port;
pub mod flow;
pub mod http;
pub mod service;

#[cfg(target_family = "wasm")]
mod wasm;
