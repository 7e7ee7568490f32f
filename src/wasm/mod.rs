//! The border to JavaScript: what the functions call, and what they pass in.
//!
//! - [`exports`]: the functions that JavaScript sees
//! - `options`: how a run is to go
//! - `adapter`, `abort_guard`, `response_body`, `upload_stream`: HTTP over the fetch-based adapters
//! - `clock`, `event`: timers, and being told to stop
//! - `log`: the caller's log
//! - `error`: what is thrown, and what a thrown thing says
//! - `world`: all of it put together for a flow
//!
//! Everything that JavaScript hands over may be of any shape, so nothing here trusts a type: what
//! is not as expected becomes an error with a name, never a trap.

mod error;
mod event;
mod abort_guard;
mod response_body;
mod upload_stream;
mod adapter;
mod clock;
mod log;
mod options;
mod world;
pub mod exports;
