//! Pure decisions: they get what they need to know and answer, and nothing else happens.

pub mod budget;
mod models;
pub mod capabilities;

pub mod cost;
pub mod estimate;
pub mod latency;
pub mod polling;
pub mod retry;
