//! The hot parts of the core, each between services that answer from memory.
#![allow(clippy::expect_used)] // a part that fails has nothing to measure

mod parts;
mod service;

pub use parts::{PARTS, Part};
