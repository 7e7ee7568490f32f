//! A world in memory on virtual time.

mod clock;
mod providers;
mod queue;

use std::cell::RefCell;
use std::time::Duration;

use generation_queue::flow::{RunReport, Settings, run_queue};
use generation_queue::job::Kind;
use generation_queue::large_body::LargeBodies;
use generation_queue::occupancy::IsolateOccupancy;
use generation_queue::policy::polling::DEADLINE;
use generation_queue::port::{Log, LogEntry, World};
use serde_json::{Value, json};

use crate::support::ledger::Job;

pub use clock::VirtualClock;
pub use providers::{MemoryModel, MemorySources, MemoryStore, StoreCall};
pub use queue::{Call, LedgerQueue};

/// Everything around a flow.
pub struct MemoryWorld {
    pub clock: VirtualClock,
    pub queue: LedgerQueue,
    pub model: MemoryModel,
    pub store: MemoryStore,
    pub sources: MemorySources,
    pub log: MemoryLog,
    pub large_bodies: LargeBodies,
    pub occupancy: IsolateOccupancy,
}

impl MemoryWorld {
    pub fn new() -> Self {
        let clock = VirtualClock::default();
        Self {
            queue: LedgerQueue::new(clock.clone()),
            model: MemoryModel::new(clock.clone()),
            store: MemoryStore::default(),
            sources: MemorySources::new(clock.clone()),
            log: MemoryLog::default(),
            large_bodies: LargeBodies::default(),
            occupancy: IsolateOccupancy::default(),
            clock,
        }
    }

    pub fn send_image(&self, message: Value) -> Job {
        self.queue.send(Kind::Image, message, Duration::ZERO)
    }

    pub fn send_images(&self, count: usize) {
        for number in 0..count {
            self.send_image(prompt(&number.to_string()));
        }
    }

    pub fn send_video(&self, message: Value) -> Job {
        self.queue.send(Kind::Video, message, Duration::ZERO)
    }

    pub fn run_images(&self, settings: Settings) -> RunReport {
        self.clock.run(run_queue(self, Kind::Image, settings))
    }

    pub fn run_videos(&self, settings: Settings) -> RunReport {
        self.clock.run(run_queue(self, Kind::Video, settings))
    }
}

/// The smallest valid message.
pub fn prompt(text: &str) -> Value {
    json!({"storyboardId": "sb", "prompt": text})
}

/// A message for a scene.
pub fn scene(text: &str) -> Value {
    json!({"storyboardId": "sb", "sceneId": "s", "prompt": text})
}

/// The default settings, with two models.
pub fn settings() -> Settings {
    Settings {
        models: vec!["first-model".into(), "second-model".into()],
        left_out: Vec::new(),
        concurrency: 5,
        budget: Duration::from_secs(120),
        worker_lifetime: Duration::from_secs(150),
        worker_age: Duration::ZERO,
        operation_deadline: DEADLINE,
        max_attempts: 5,
        job_deadline: Duration::from_secs(24 * 3600),
        fallback_after: Some(Duration::from_secs(600)),
        max_jobs: None,
    }
}

pub fn one_at_a_time() -> Settings {
    Settings { concurrency: 1, ..settings() }
}

impl World for MemoryWorld {
    type Stream = ();
    type Queue = LedgerQueue;
    type Images = MemoryModel;
    type Operations = MemoryModel;
    type Store = MemoryStore;
    type Sources = MemorySources;
    type Clock = VirtualClock;
    type Log = MemoryLog;

    fn queue(&self) -> &LedgerQueue {
        &self.queue
    }
    fn images(&self) -> &MemoryModel {
        &self.model
    }
    fn operations(&self) -> &MemoryModel {
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
    fn log(&self) -> &MemoryLog {
        &self.log
    }
    fn large_bodies(&self) -> &LargeBodies {
        &self.large_bodies
    }
    fn occupancy(&self) -> &IsolateOccupancy {
        &self.occupancy
    }
}

/// Keeps the log.
#[derive(Default)]
pub struct MemoryLog(RefCell<Vec<LogEntry>>);

impl MemoryLog {
    pub fn has(&self, phrase: &str) -> bool {
        self.0.borrow().iter().any(|entry| entry.message.contains(phrase))
    }
}

impl Log for MemoryLog {
    fn record(&self, entry: LogEntry) {
        self.0.borrow_mut().push(entry);
    }
}
