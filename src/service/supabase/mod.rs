//! The project's own services: its queues and its storage.

mod rows;
mod queue;
mod storage;

pub use queue::Pgmq;
pub use storage::Storage;
