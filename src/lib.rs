//! Generates images and videos in the background: takes a job off a queue, has a model make
//! what it asks for, stores the asset and settles the job.
//!
//! The map, from the inside out; every arrow of dependency points to an earlier line:
//!
//! - [`job`]: what is asked for, and the names of what comes of it
//! - [`failure`]: what went wrong and what to do next
//! - [`policy`]: pure decisions about time, money and trying again
//! - [`large_body`]: the memory that jobs share
//! - [`port`]: what a flow needs from the outside, as traits
//! - [`flow`]: the way of a job, lease → generate → store → settle, and the loop that keeps
//!   several jobs on it
//! - `json`, [`http`]: texts, requests and replies
//! - [`service`]: the ports spoken over HTTP
//! - `wasm`: the one place that knows JavaScript
//!
//! A job that goes through the ports, with all of them in memory:
#![doc = concat!("```\n", include_str!("../examples/in-memory/main.rs"), "\n```")]

pub mod failure;
pub mod large_body;
pub mod job;
pub mod policy;
pub mod port;
pub mod flow;
mod json;
pub mod http;
pub mod service;

#[cfg(target_family = "wasm")]
mod wasm;
