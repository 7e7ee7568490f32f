//! The model of the queue tables and the ledger: plain data that changes by the rules of
//! `supabase/migrations/`. Each method is one transaction; time is an argument. `tests/ledger/`
//! verifies it against the real SQL.

pub mod operator;
pub mod settle;
pub mod standing;
mod worker;

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::Duration;

use generation_queue::failure::Code;
use generation_queue::job::{Id, JobId, Kind, Slot, Target};
use generation_queue::port::{Lease, LinkOutcome, Operation, Publication, Unpublished};
use serde_json::Value;
use standing::{Stands, Worker};

/// The index of a job among all jobs, in the order in which they were enqueued.
pub type Job = usize;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Queued,
    Running,
    Waiting,
    Succeeded,
    Failed,
    Cancelled,
}

impl Status {
    pub fn is_live(self) -> bool {
        matches!(self, Status::Queued | Status::Running | Status::Waiting)
    }
}

/// A message in the queue table.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub read_ct: i32,
    pub visible_at: Duration,
}

/// A row of `generation_publications`: copies that are not confirmed.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// When another worker may make them.
    pub due_at: Duration,
    /// How often the asset had been chosen when a worker was last told to make them.
    pub choice: i64,
}

/// A row of the ledger together with its message.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub kind: Kind,
    pub job_id: JobId,
    pub message: Rc<Value>,
    pub status: Status,
    pub attempts: u32,
    pub deaths: u32,
    /// The last lease under which its worker had no other job.
    pub alone: Option<i32>,
    pub lease_token: Option<i32>,
    /// The number of its last claim.
    pub claim_id: Option<i64>,
    pub operation: Option<Operation>,
    pub submitted_at: Option<Duration>,
    /// The lease that announced a submission.
    pub submission: Option<i32>,
    pub submission_model: Option<String>,
    /// The model that made its asset.
    pub model: Option<String>,
    pub object_path: Option<String>,
    pub asset_url: Option<String>,
    pub content_type: Option<&'static str>,
    pub entities: Vec<(Slot, String, LinkOutcome)>,
    pub publication: Option<Pending>,
    /// When its asset was last chosen as the current one.
    pub chosen_at: Option<Duration>,
    /// How often it was.
    pub choices: i64,
    pub cancellation_pending: bool,
    pub cancellation_tries: u32,
    pub error_code: Option<Code>,
    pub discarded: Vec<Operation>,
    pub started: bool,
    /// The model in trouble that its worker deferred it for; empty after the next claim.
    pub waits_for: String,
    /// How often its trouble let a model rest.
    pub troubles: u32,
    /// How often its trouble was taken for its own.
    pub own_troubles: u32,
    /// The last lease whose trouble was.
    pub own_trouble: Option<i32>,
    pub enqueued_at: Duration,
    /// Since when it could be claimed.
    pub pending_since: Duration,
    pub finished_at: Option<Duration>,
    pub updated_at: Duration,
    /// The message, while it is in the queue.
    pub queued: Option<Message>,
    /// The read count of the archived message, once it is archived.
    pub archived: Option<i32>,
}

impl Row {
    /// A worker has it, and its lease runs.
    pub fn is_leased(&self, now: Duration) -> bool {
        let message = self.queued.as_ref();
        self.status == Status::Running
            && message.is_some_and(|it| Some(it.read_ct) == self.lease_token && it.visible_at > now)
    }

    /// A submission was announced, and its outcome is unknown.
    pub fn submission_pending(&self) -> bool {
        self.submission.is_some() && self.operation.is_none()
    }

    /// Has a worker make its copies, for longer than any worker lives.
    fn hand_out_copies(&mut self, now: Duration) {
        const LIFE: Duration = Duration::from_secs(600);
        self.publication = Some(Pending { due_at: now + LIFE, choice: self.choices });
    }

    /// `made_under_last_choice`.
    pub fn made_under_last_choice(&self, made: &[Publication]) -> bool {
        let under = |copy: &Publication| copy.choice.unwrap_or(0) == self.choices;
        if made.is_empty() { self.choices == 0 } else { made.iter().all(under) }
    }
}

/// A scene or character, with the URLs that it has.
#[derive(Debug, Clone, Default)]
pub struct Entity {
    pub image: Option<String>,
    pub video: Option<String>,
    /// Its value is no JSON object at the moment, so linking fails.
    pub broken: bool,
}

impl Entity {
    pub fn url(&self, kind: Kind) -> Option<&str> {
        match kind {
            Kind::Image => self.image.as_deref(),
            Kind::Video => self.video.as_deref(),
        }
    }
}

#[derive(Default)]
pub struct Ledger {
    pub rows: Vec<Row>,
    pub entities: BTreeMap<String, Entity>,
    /// Those that were ever in trouble.
    pub models: BTreeMap<String, Stands>,
    /// What the workers of each queue said of themselves last.
    workers: HashMap<Kind, Worker>,
}

/// What `generation_private.lock_job` finds.
struct Locked {
    /// The row that was last claimed with this token.
    job: Option<Job>,
    message_read_ct: Option<i32>,
    held: bool,
}

impl Ledger {
    /// The job of a message. Both queues count together here, so an id belongs to one of them.
    fn of_message(&self, kind: Kind, msg_id: i64) -> Option<Job> {
        let job = usize::try_from(msg_id).ok()?.checked_sub(1)?;
        self.rows.get(job).filter(|row| row.kind == kind).map(|_| job)
    }

    fn lock(&self, lease: &Lease) -> Locked {
        let job = self.of_message(lease.kind, lease.msg_id);
        let message_read_ct = job.and_then(|job| Some(self.rows[job].queued.as_ref()?.read_ct));
        let job = job.filter(|job| self.rows[*job].lease_token == Some(lease.token));
        let held = job.is_some_and(|job| self.rows[job].status == Status::Running)
            && message_read_ct == Some(lease.token);
        Locked { job, message_read_ct, held }
    }

    /// `message_priority`.
    pub fn priority(&self, job: Job) -> i64 {
        let priority = self.rows[job].message["priority"].as_i64();
        priority.filter(|priority| (-100..=100).contains(priority)).unwrap_or(0)
    }

    /// `entity_slots`, in the order of the publications.
    pub fn slots(&self, job: Job) -> Vec<(Slot, String)> {
        let message = &self.rows[job].message;
        let text = |field: &str| message[field].as_str().filter(|text| !text.is_empty());
        let Some(storyboard) = text("storyboardId") else { return Vec::new() };
        let key = |slot: Slot, id| format!("{}:{storyboard}:{id}", slot.as_str());
        [(Slot::Scene, "sceneId"), (Slot::Character, "characterId")]
            .into_iter()
            .filter_map(|(slot, field)| Some((slot, key(slot, text(field)?))))
            .collect()
    }

    /// `newest_result`: the success of a kind for an entity that was enqueued, or chosen, last.
    pub fn newest(&self, kind: Kind, key: &str) -> Option<Job> {
        let is_result = |job: &Job| {
            let row = &self.rows[*job];
            row.status == Status::Succeeded
                && row.kind == kind
                && self.slots(*job).iter().any(|(_, other)| other == key)
        };
        (0..self.rows.len()).filter(is_result).max_by_key(|job| self.order(*job))
    }

    /// The place of a job among the results of its entities.
    fn order(&self, job: Job) -> (Duration, Job) {
        let row = &self.rows[job];
        (row.chosen_at.unwrap_or(row.enqueued_at), job)
    }

    /// `publications`: what the current objects of a job's entities have to be copies of.
    pub fn publications(&self, job: Job) -> Vec<Publication> {
        let due = |(slot, key): (Slot, String)| {
            let newest = &self.rows[self.newest(self.rows[job].kind, &key)?];
            let path = newest.object_path.clone()?;
            let content_type = newest.content_type.unwrap_or_default().to_owned();
            let choice = Some(self.rows[job].choices).filter(|choices| *choices > 0);
            Some(Publication { slot, path, content_type, choice })
        };
        self.slots(job).into_iter().filter_map(due).collect()
    }

    /// The target of a job whose message names at least a storyboard.
    pub fn target(&self, job: Job) -> Target {
        let id = |field: &str| self.rows[job].message[field].as_str().and_then(Id::new);
        Target {
            storyboard: id("storyboardId").expect("a storyboard"),
            scene: id("sceneId"),
            character: id("characterId"),
        }
    }

    /// A job together with the copies that are due.
    pub fn due(&self, job: Job) -> Unpublished {
        Unpublished {
            job_id: self.rows[job].job_id.clone(),
            target: self.target(job),
            publications: self.publications(job),
        }
    }

    /// `pgmq.archive`.
    fn archive(&mut self, job: Job) {
        if let Some(message) = self.rows[job].queued.take() {
            self.rows[job].archived = Some(message.read_ct);
        }
    }

    /// Forgets the submission and its operation.
    fn forget_submission(&mut self, job: Job) {
        let row = &mut self.rows[job];
        row.discarded.extend(row.operation.take());
        (row.submitted_at, row.submission, row.submission_model) = (None, None, None);
    }
}
