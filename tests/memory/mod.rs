//! A world in memory on virtual time.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod clock;
mod providers;
mod queue;

use std::cell::RefCell;
use std::time::Duration;

use generation_queue::flow::{RunReport, Settings, run_images, run_videos};
use generation_queue::job::Kind;
use generation_queue::large_body::Memory;
use generation_queue::policy::polling::DEADLINE;
use generation_queue::port::{Journal, LogEntry, World};
use serde_json::Value;

pub use clock::VirtualClock;
pub use providers::{MemoryModel, MemorySources, MemoryStore};
pub use queue::{MemoryQueue, Status};

/// Everything around a flow.
pub struct MemoryWorld {
    pub clock: VirtualClock,
    pub queue: MemoryQueue,
    pub model: MemoryModel,
    pub store: MemoryStore,
    pub sources: MemorySources,
    pub journal: MemoryJournal,
    pub memory: Memory,
}

impl MemoryWorld {
    pub fn new() -> Self {
        let clock = VirtualClock::default();
        Self {
            queue: MemoryQueue::new(clock.clone()),
            model: MemoryModel::new(clock.clone()),
            store: MemoryStore::default(),
            sources: MemorySources::new(clock.clone()),
            journal: MemoryJournal::default(),
            memory: Memory::default(),
            clock,
        }
    }

    pub fn send_image(&self, message: Value) -> i64 {
        self.queue.send(Kind::Image, message)
    }

    pub fn send_video(&self, message: Value) -> i64 {
        self.queue.send(Kind::Video, message)
    }

    pub fn run_images(&self, settings: Settings) -> RunReport {
        self.clock.run(run_images(self, settings))
    }

    pub fn run_videos(&self, settings: Settings) -> RunReport {
        self.clock.run(run_videos(self, settings))
    }
}

/// The settings of the defaults, with two models.
pub fn settings() -> Settings {
    Settings {
        models: vec!["first-model".into(), "second-model".into()],
        concurrency: 5,
        budget: Duration::from_secs(120),
        operation_deadline: DEADLINE,
        max_attempts: 5,
        max_jobs: None,
    }
}

impl World for MemoryWorld {
    type Stream = ();
    type Queue = MemoryQueue;
    type Model = MemoryModel;
    type Store = MemoryStore;
    type Sources = MemorySources;
    type Clock = VirtualClock;
    type Journal = MemoryJournal;

    fn queue(&self) -> &MemoryQueue {
        &self.queue
    }
    fn model(&self) -> &MemoryModel {
        &self.model
    }
    fn store(&self) -> &MemoryStore {
        &self.store
    }
    fn sources(&self) -> &MemorySources {
        &self.sources
    }
    fn clock(&self) -> &VirtualClock {
        &self.clock
    }
    fn journal(&self) -> &MemoryJournal {
        &self.journal
    }
    fn memory(&self) -> &Memory {
        &self.memory
    }
}

/// Keeps what was taken down.
#[derive(Default)]
pub struct MemoryJournal(RefCell<Vec<LogEntry>>);

impl MemoryJournal {
    pub fn has(&self, phrase: &str) -> bool {
        self.0.borrow().iter().any(|entry| entry.message.contains(phrase))
    }
}

impl Journal for MemoryJournal {
    fn record(&self, entry: LogEntry) {
        self.0.borrow_mut().push(entry);
    }
}
