//! Pure decisions: they get what they need to know and answer, and nothing else happens.

pub mod ability;
pub mod budget;
pub mod cost;
pub mod polling;
pub mod retry;
