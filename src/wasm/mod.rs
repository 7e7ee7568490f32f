//! The border to JavaScript: what the functions call, and what they pass in.
//!
//! - [`exports`]: the functions that JavaScript sees
//! - `options`, `messages`: what the caller says; `property`, `plain`: how objects cross
//! - `adapter`, `exchange`, `incoming`: HTTP over the fetch-based adapters
//! - `clock`, `latch`: timers, and being told to stop
//! - `journal`: the caller's log
//! - `error`: what is thrown, and what a thrown thing says
//! - `world`, `models`: all of it put together for a flow
//!
//! Everything that JavaScript hands over may be of any shape, so nothing here trusts a type: what
//! is not as expected becomes an error with a name, never a trap.

mod adapter;
mod clock;
mod error;
mod exchange;
pub mod exports;
mod incoming;
mod journal;
mod latch;
mod messages;
mod models;
mod options;
mod outbox;
mod plain;
mod property;
mod world;
