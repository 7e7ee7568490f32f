//! The queue and its ledger in memory, after the database contract.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use generation_queue::failure::{Code, Failure};
use generation_queue::job::{Id, JobId, Kind, Slot, Target};
use generation_queue::port::{
    Claim, Clock, Completion, Deferral, Ending, Lease, LinkOutcome, LinkedEntity, Operation,
    Publication, Queue, StoredAsset, Unpublished, WriteError,
};
use serde_json::Value;

use super::VirtualClock;

/// Where a job stands in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Queued,
    Running,
    Waiting,
    Succeeded,
    Failed,
    Cancelled,
}

/// A row of the ledger together with its message.
#[derive(Debug, Clone)]
pub struct Row {
    pub kind: Kind,
    pub job_id: JobId,
    pub message: Value,
    pub status: Status,
    pub visible_at: Duration,
    pub read_ct: i32,
    pub attempts: u32,
    pub operation: Option<(Operation, Duration)>,
    pub submission_pending: bool,
    pub asset: Option<StoredAsset>,
    /// Since when copies are due.
    pub unpublished: Option<Duration>,
    /// Cancelled, and its operation may go on at the provider.
    pub cancellation_pending: bool,
    pub error: Option<(Code, String)>,
}

/// Ledger rows in the order in which they were enqueued; a message's id is its place, from 1.
pub struct MemoryQueue {
    clock: VirtualClock,
    pub rows: RefCell<Vec<Row>>,
    /// The entities that exist, by key.
    pub entities: RefCell<Vec<String>>,
    /// The calls that fail before they do anything.
    faults: RefCell<Vec<&'static str>>,
    /// The calls that take effect and whose reply is lost.
    losses: RefCell<Vec<&'static str>>,
    /// How much older every operation is than this world.
    pub operations_older_by: Cell<Duration>,
    /// How long the next claim takes to answer.
    pub claim_takes: Cell<Duration>,
    /// How long the next announcement of a submission takes to answer.
    pub announcement_takes: Cell<Duration>,
    /// How long the next extension takes to answer.
    pub extension_takes: Cell<Duration>,
    pub extensions: Cell<u32>,
    /// The models that each claim named.
    pub claimed_for: RefCell<Vec<Vec<String>>>,
}

impl MemoryQueue {
    pub fn new(clock: VirtualClock) -> Self {
        Self {
            clock,
            rows: RefCell::default(),
            entities: RefCell::default(),
            faults: RefCell::default(),
            losses: RefCell::default(),
            operations_older_by: Cell::default(),
            claim_takes: Cell::default(),
            announcement_takes: Cell::default(),
            extension_takes: Cell::default(),
            extensions: Cell::default(),
            claimed_for: RefCell::default(),
        }
    }

    /// Sends a message; answers its id.
    pub fn send(&self, kind: Kind, message: Value) -> i64 {
        let mut rows = self.rows.borrow_mut();
        let number = rows.len() + 1;
        rows.push(Row {
            kind,
            job_id: JobId::new(&format!("00000000-0000-4000-8000-{number:012}")).unwrap(),
            message,
            status: Status::Queued,
            visible_at: Duration::ZERO,
            read_ct: 0,
            attempts: 0,
            operation: None,
            submission_pending: false,
            asset: None,
            unpublished: None,
            cancellation_pending: false,
            error: None,
        });
        i64::try_from(number).unwrap()
    }

    pub fn row(&self, msg_id: i64) -> Row {
        self.rows.borrow()[index(msg_id)].clone()
    }

    pub fn change(&self, msg_id: i64, change: impl FnOnce(&mut Row)) {
        change(&mut self.rows.borrow_mut()[index(msg_id)]);
    }

    /// Cancels a job, as people do.
    pub fn cancel(&self, msg_id: i64) {
        self.change(msg_id, |row| {
            row.status = Status::Cancelled;
            row.cancellation_pending = row.operation.is_some();
        });
    }

    /// Makes the next call of that name fail before it does anything.
    pub fn fail_next(&self, call: &'static str) {
        self.faults.borrow_mut().push(call);
    }

    /// Makes the next call of that name take effect and its reply get lost.
    pub fn lose_reply(&self, call: &'static str) {
        self.losses.borrow_mut().push(call);
    }

    fn fault(&self, call: &str) -> Result<(), Failure> {
        strike(&self.faults, call)
    }

    fn loss(&self, call: &str) -> Result<(), Failure> {
        strike(&self.losses, call)
    }

    fn write<T>(
        &self,
        call: &str,
        lease: &Lease,
        write: impl FnOnce(&mut Row) -> T,
    ) -> Result<T, WriteError> {
        self.fault(call)?;
        let mut rows = self.rows.borrow_mut();
        let row = &mut rows[index(lease.msg_id)];
        if row.status != Status::Running || row.read_ct != lease.token {
            return Err(WriteError::LeaseLost);
        }
        let done = write(row);
        self.loss(call)?;
        Ok(done)
    }

    /// The newest success of each slot of a job.
    fn publications(&self, msg_id: i64) -> Vec<Publication> {
        let rows = self.rows.borrow();
        let job = &rows[index(msg_id)];
        slots(&job.message)
            .into_iter()
            .filter_map(|(slot, id)| {
                let newest = rows.iter().rev().find(|row| {
                    row.kind == job.kind
                        && row.status == Status::Succeeded
                        && slots(&row.message).contains(&(slot, id.clone()))
                })?;
                let asset = newest.asset.as_ref()?;
                let content_type = asset.format.content_type().to_owned();
                Some(Publication { slot, path: asset.path.clone(), content_type })
            })
            .collect()
    }
}

impl Queue for MemoryQueue {
    async fn claim(
        &self,
        kind: Kind,
        lease: Duration,
        quantity: u32,
        models: &[String],
    ) -> Result<Vec<Claim>, Failure> {
        self.fault("claim")?;
        self.claimed_for.borrow_mut().push(models.to_vec());
        let takes = self.claim_takes.take();
        if takes > Duration::ZERO {
            self.clock.sleep(takes).await;
        }
        let now = self.clock.now();
        let mut rows = self.rows.borrow_mut();
        let visible = rows.iter_mut().enumerate().filter(|(_, row)| {
            let live = matches!(row.status, Status::Queued | Status::Running | Status::Waiting);
            live && row.kind == kind && row.visible_at <= now
        });
        Ok(visible
            .take(quantity as usize)
            .map(|(place, row)| {
                row.status = Status::Running;
                row.visible_at = now + lease;
                row.read_ct += 1;
                row.attempts += 1;
                let msg_id = i64::try_from(place + 1).unwrap();
                Claim {
                    lease: Lease { kind, msg_id, token: row.read_ct },
                    job_id: row.job_id.clone(),
                    message: row.message.clone(),
                    attempts: row.attempts,
                    retried: row.read_ct > 1,
                    operation: row.operation.as_ref().map(|(operation, _)| operation.clone()),
                    operation_age: row
                        .operation
                        .as_ref()
                        .map_or(Duration::ZERO, |op| now - op.1 + self.operations_older_by.get()),
                    submission_pending: row.submission_pending && row.operation.is_none(),
                }
            })
            .collect())
    }

    async fn extend(&self, lease: &Lease, by: Duration) -> Result<(), WriteError> {
        self.extensions.set(self.extensions.get() + 1);
        let takes = self.extension_takes.take();
        if takes > Duration::ZERO {
            self.clock.sleep(takes).await;
        }
        let until = self.clock.now() + by;
        self.write("extend", lease, |row| row.visible_at = until)
    }

    async fn begin_submission(&self, lease: &Lease, _model: &str) -> Result<(), WriteError> {
        let takes = self.announcement_takes.take();
        if takes > Duration::ZERO {
            self.clock.sleep(takes).await;
        }
        self.write("begin_submission", lease, |row| row.submission_pending = true)
    }

    async fn record_operation(&self, lease: &Lease, op: &Operation) -> Result<(), WriteError> {
        let now = self.clock.now();
        self.write("record_operation", lease, |row| row.operation = Some((op.clone(), now)))
    }

    async fn complete(&self, lease: &Lease, asset: &StoredAsset) -> Result<Completion, WriteError> {
        let now = self.clock.now();
        self.write("complete", lease, |row| {
            row.status = Status::Succeeded;
            row.asset = Some(asset.clone());
            row.unpublished = (!slots(&row.message).is_empty()).then_some(now);
            row.error = None;
        })?;
        let message = self.row(lease.msg_id).message;
        let storyboard = message["storyboardId"].as_str().unwrap_or_default().to_owned();
        let publications = self.publications(lease.msg_id);
        let entities = slots(&message)
            .into_iter()
            .map(|(slot, id)| {
                let key = format!("{}:{storyboard}:{id}", slot.as_str());
                let own = publications.iter().any(|due| due.slot == slot && due.path == asset.path);
                let outcome = match (own, self.entities.borrow().contains(&key)) {
                    (false, _) => LinkOutcome::Superseded,
                    (true, true) => LinkOutcome::Linked,
                    (true, false) => LinkOutcome::NotFound,
                };
                LinkedEntity { key, outcome }
            })
            .collect();
        Ok(Completion { entities, publications })
    }

    async fn defer(&self, lease: &Lease, defer: &Deferral) -> Result<(), WriteError> {
        let now = self.clock.now();
        self.write("defer", lease, |row| {
            if defer.reset_submission {
                (row.submission_pending, row.operation) = (false, None);
            }
            row.status = if row.operation.is_some() { Status::Waiting } else { Status::Queued };
            row.visible_at = now + defer.delay;
            row.attempts -= u32::from(!defer.counted);
            row.error.clone_from(&defer.reason);
        })
    }

    async fn fail(&self, lease: &Lease, end: &Ending) -> Result<(), WriteError> {
        self.write("fail", lease, |row| {
            if end.reset_submission {
                (row.submission_pending, row.operation) = (false, None);
            }
            row.status = Status::Failed;
            row.error = Some((end.code, end.message.clone()));
        })
    }

    async fn unpublished(&self, kind: Kind, quantity: u32) -> Result<Vec<Unpublished>, Failure> {
        self.fault("unpublished")?;
        // The worker that completed the job may still be at it.
        let now = self.clock.now();
        let overdue = |row: &Row| row.unpublished.is_some_and(|since| now > since + LIFE);
        let rows = self.rows.borrow().clone();
        let left = rows.iter().enumerate().filter(|(_, row)| overdue(row) && row.kind == kind);
        Ok(left
            .take(quantity as usize)
            .map(|(place, row)| Unpublished {
                job_id: row.job_id.clone(),
                target: target(&row.message),
                publications: self.publications(i64::try_from(place + 1).unwrap()),
            })
            .collect())
    }

    async fn cancelled(
        &self,
        kind: Kind,
        told: Option<&JobId>,
    ) -> Result<Option<(JobId, Operation)>, Failure> {
        self.fault("cancelled")?;
        let mut rows = self.rows.borrow_mut();
        if let Some(row) = rows.iter_mut().find(|row| Some(&row.job_id) == told) {
            row.cancellation_pending = false;
        }
        let due = rows.iter().find(|row| row.kind == kind && row.cancellation_pending);
        Ok(due.map(|row| (row.job_id.clone(), row.operation.clone().unwrap().0)))
    }

    async fn confirm_publication(
        &self,
        job: &JobId,
        made: &[Publication],
    ) -> Result<Vec<Publication>, Failure> {
        self.fault("confirm_publication")?;
        let place = self.rows.borrow().iter().position(|row| row.job_id == *job).unwrap();
        let due = self.publications(i64::try_from(place + 1).unwrap());
        if due != made {
            return Ok(due);
        }
        self.rows.borrow_mut()[place].unpublished = None;
        Ok(Vec::new())
    }
}

/// No worker lives longer.
const LIFE: Duration = Duration::from_secs(600);

fn strike(calls: &RefCell<Vec<&'static str>>, call: &str) -> Result<(), Failure> {
    let mut calls = calls.borrow_mut();
    let Some(found) = calls.iter().position(|name| *name == call) else { return Ok(()) };
    calls.remove(found);
    Err(Failure::retry(Code::QueueFailed, format!("{call} failed")))
}

fn index(msg_id: i64) -> usize {
    usize::try_from(msg_id - 1).unwrap()
}

fn slots(message: &Value) -> Vec<(Slot, String)> {
    [(Slot::Scene, "sceneId"), (Slot::Character, "characterId")]
        .into_iter()
        .filter_map(|(slot, field)| Some((slot, message[field].as_str()?.to_owned())))
        .collect()
}

fn target(message: &Value) -> Target {
    let id = |field: &str| message[field].as_str().and_then(Id::new);
    Target {
        storyboard: id("storyboardId").unwrap(),
        scene: id("sceneId"),
        character: id("characterId"),
    }
}
