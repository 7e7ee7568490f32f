//! The border to JavaScript: the exports that the edge functions call, and the adapters that they
//! pass in.
//!
//! - [`exports`]: the functions that JavaScript sees
//! - `options`: the options of a run
//! - `value`: what the core hands out
//! - `adapter`, `abort_guard`, `stream_reader`, `response_body`, `upload_stream`: HTTP over the fetch-based adapters
//! - `promise`: waiting for promises
//! - `clock`, `event`, `timer`: timers and the signal to stop
//! - `log`: the caller's log
//! - `error`: the errors that the core throws, and the text of those that JavaScript threw
//! - `world`: all ports together, for a flow
//!
//! A value from JavaScript may have any shape, so nothing here trusts a type. An unexpected value
//! becomes an error that names it, never a trap.

mod value;
mod error;
mod timer;
mod event;
mod promise;
mod abort_guard;
mod stream_reader;
mod response_body;
mod upload_stream;
mod adapter;
mod clock;
mod log;
mod options;
mod world;
pub mod exports;
