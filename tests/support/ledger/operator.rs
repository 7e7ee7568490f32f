//! What senders and operators call: sending, cancelling, redriving, choosing, reading by hand.

use std::rc::Rc;
use std::time::Duration;

use generation_queue::job::{JobId, Kind};
use serde_json::Value;

use super::{Job, Ledger, Message, Pending, Row, Status};

/// The answer to a choice.
pub enum Chosen {
    Current,
    /// It has not succeeded, or belongs to no entity.
    Refused,
    /// GJ001: linking the entity failed, nothing changed.
    LinkingFailed(String),
}

impl Ledger {
    /// `pgmq.send` and what its trigger writes.
    pub fn send(&mut self, now: Duration, kind: Kind, message: Value, delay: Duration) -> Job {
        let job = self.rows.len();
        let number = job + 1;
        let job_id = JobId::new(&format!("00000000-0000-4000-8000-{number:012}"));
        self.rows.push(Row {
            kind,
            job_id: job_id.expect("a UUID"),
            message: Rc::new(message),
            status: Status::Queued,
            attempts: 0,
            deaths: 0,
            alone: None,
            lease_token: None,
            claim_id: None,
            operation: None,
            submitted_at: None,
            submission: None,
            submission_model: None,
            model: None,
            object_path: None,
            asset_url: None,
            content_type: None,
            entities: Vec::new(),
            publication: None,
            chosen_at: None,
            choices: 0,
            cancellation_pending: false,
            cancellation_tries: 0,
            error_code: None,
            discarded: Vec::new(),
            started: false,
            waits_for: String::new(),
            troubles: 0,
            own_troubles: 0,
            own_trouble: None,
            enqueued_at: now,
            pending_since: now + delay,
            finished_at: None,
            updated_at: now,
            queued: Some(Message { read_ct: 0, visible_at: now + delay }),
            archived: None,
        });
        job
    }

    /// `cancel_generation_job`; returns whether the job was live.
    pub fn cancel(&mut self, now: Duration, job: Job) -> bool {
        let row = &mut self.rows[job];
        if !row.status.is_live() {
            return false;
        }
        row.status = Status::Cancelled;
        row.cancellation_pending = row.operation.is_some();
        (row.finished_at, row.updated_at) = (Some(now), now);
        self.archive(job);
        true
    }

    /// `redrive_generation_jobs` for one job; returns whether it was requeued.
    pub fn redrive(&mut self, now: Duration, job: Job, forget_operation: bool) -> bool {
        let row = &self.rows[job];
        if row.status != Status::Failed || (row.submission_pending() && !forget_operation) {
            return false;
        }
        if forget_operation && self.rows[job].operation.is_some() {
            let row = &mut self.rows[job];
            row.discarded.extend(row.operation.take());
            row.submitted_at = None;
        }
        let row = &mut self.rows[job];
        row.status = if row.operation.is_none() { Status::Queued } else { Status::Waiting };
        (row.attempts, row.deaths) = (0, 0);
        row.error_code = None;
        row.submission = row.submission.filter(|_| row.operation.is_some());
        row.submission_model = row.submission_model.take().filter(|_| row.operation.is_some());
        row.pending_since = now;
        (row.troubles, row.own_troubles) = (0, 0);
        row.waits_for = String::new();
        row.started = false;
        row.finished_at = None;
        row.updated_at = now;
        let archived = row.archived.take();
        let read_ct = row.lease_token.unwrap_or(0).max(archived.unwrap_or(0)).max(0);
        row.queued = Some(Message { read_ct, visible_at: now });
        true
    }

    /// `choose_generation_result`.
    pub fn choose(&mut self, now: Duration, job: Job) -> Chosen {
        let row = &self.rows[job];
        if row.status != Status::Succeeded || self.slots(job).is_empty() {
            return Chosen::Refused;
        }
        let before = row.clone();
        let row = &mut self.rows[job];
        row.publication.get_or_insert(Pending { due_at: now, choice: row.choices });
        (row.chosen_at, row.updated_at) = (Some(now), now);
        row.choices += 1;
        let url = row.asset_url.clone().expect("the URL of a success");
        match self.link(job, &url) {
            Ok(entities) => {
                self.rows[job].entities = entities;
                Chosen::Current
            }
            Err(key) => {
                self.rows[job] = before;
                Chosen::LinkingFailed(key)
            }
        }
    }

    /// `pgmq.set_vt` and `pgmq.read` of one message by hand: its worker loses the lease.
    pub fn read_by_hand(&mut self, now: Duration, job: Job, hidden: Duration) -> bool {
        let Some(message) = &mut self.rows[job].queued else { return false };
        message.read_ct += 1;
        message.visible_at = now + hidden;
        true
    }
}
