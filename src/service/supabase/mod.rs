//! The project's own services: its queues and its storage.

mod queue;
mod rows;
mod storage;

pub use queue::Pgmq;
pub use storage::Storage;
