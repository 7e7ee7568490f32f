//! What workers call before they settle: claim, lease, submission, operation. There are no limits
//! here.

use std::time::Duration;

use generation_queue::job::Kind;
use generation_queue::port::{Claim, Lease, Operation};

use super::standing::{Choice, Worker};
use super::{Job, Ledger, Row, Status};

impl Ledger {
    /// `claim_generation_jobs`.
    pub fn claim(
        &mut self,
        now: Duration,
        kind: Kind,
        lease: Duration,
        quantity: u32,
        worker: Option<&Worker>,
        claim_id: Option<i64>,
    ) -> Vec<(Job, Claim)> {
        let mut claims = self.claimed_before(now, kind, worker, claim_id);
        if !claims.is_empty() {
            return claims;
        }
        if let Some(worker) = worker {
            self.workers.insert(kind, worker.clone());
        }
        let troubled = worker.filter(|_| self.troubled());
        loop {
            let places = quantity as usize - claims.len();
            let picked = match troubled {
                Some(worker) => self.pick(now, kind, worker, places),
                None => self.visible(now, kind).into_iter().take(places).collect(),
            };
            if picked.is_empty() {
                return claims;
            }
            for job in picked {
                let retried = self.start_attempt(now, lease, job, troubled);
                self.rows[job].claim_id = claim_id;
                claims.push((job, self.claim_of(now, job, retried, troubled)));
            }
        }
    }

    /// `claimed_before`.
    pub fn claimed_before(
        &self,
        now: Duration,
        kind: Kind,
        worker: Option<&Worker>,
        claim_id: Option<i64>,
    ) -> Vec<(Job, Claim)> {
        let troubled = worker.filter(|_| self.troubled());
        let held = |job: &Job| {
            let row = &self.rows[*job];
            claim_id.is_some() && row.claim_id == claim_id && row.kind == kind && row.is_leased(now)
        };
        let mut held: Vec<Job> = (0..self.rows.len()).filter(held).collect();
        held.sort_by_key(|job| -self.priority(*job));
        held.into_iter().map(|job| (job, self.claim_of(now, job, true, troubled))).collect()
    }

    fn visible(&self, now: Duration, kind: Kind) -> Vec<Job> {
        let visible = |row: &Row| {
            let message = row.queued.as_ref();
            row.kind == kind && message.is_some_and(|message| message.visible_at <= now)
        };
        let mut order: Vec<Job> =
            (0..self.rows.len()).filter(|job| visible(&self.rows[*job])).collect();
        order.sort_by_key(|job| -self.priority(*job));
        order
    }

    /// Returns whether the job was claimed before.
    fn start_attempt(
        &mut self,
        now: Duration,
        lease: Duration,
        job: Job,
        troubled: Option<&Worker>,
    ) -> bool {
        let row = &self.rows[job];
        let new = row.operation.is_none() && row.submission.is_none();
        let chosen = troubled.filter(|_| new).map(|worker| self.choose_model(now, worker, row));
        let row = &mut self.rows[job];
        let message = row.queued.as_mut().expect("a message");
        message.visible_at = now + lease;
        message.read_ct += 1;
        let token = message.read_ct;
        let died = row.status == Status::Running;
        let alone = row.alone.is_some() && row.alone == row.lease_token;
        row.status = Status::Running;
        row.lease_token = Some(token);
        row.attempts += u32::from(!died);
        row.deaths += u32::from(died && (row.deaths < 2 || alone));
        row.waits_for = String::new();
        row.pending_since = row.pending_since.min(now);
        row.updated_at = now;
        let retried = token > 1 || row.started;
        row.started = true;
        if let Some(Choice { taken_by: Some(model), probes: true, .. }) = chosen
            && let Some(rest) = self.models.get_mut(&model).and_then(|it| it.trouble.as_mut())
        {
            rest.probe = Some((job, token));
        }
        retried
    }

    fn claim_of(&self, now: Duration, job: Job, retried: bool, troubled: Option<&Worker>) -> Claim {
        let unavailable =
            troubled.map(|worker| self.unavailable(now, worker, job)).unwrap_or_default();
        let row = &self.rows[job];
        let token = row.lease_token.expect("a lease");
        Claim {
            lease: Lease { kind: row.kind, msg_id: id(job), token },
            job_id: row.job_id.clone(),
            message: (*row.message).clone().into(),
            attempts: row.attempts,
            deaths: row.deaths,
            retried,
            operation: row.operation.clone(),
            operation_age: row.submitted_at.map_or(Duration::ZERO, |at| now - at),
            submission_pending: row.submission_pending(),
            age: now.saturating_sub(row.pending_since),
            unavailable,
        }
    }

    /// `extend_generation_lease`.
    pub fn extend(&mut self, now: Duration, lease: &Lease, by: Duration, alone: bool) -> bool {
        let locked = self.lock(lease);
        let Some(job) = locked.job.filter(|_| locked.held) else { return false };
        if alone {
            self.rows[job].alone = Some(lease.token);
        }
        if let Some(message) = &mut self.rows[job].queued {
            message.visible_at = now + by;
        }
        true
    }

    /// `begin_generation_submission`.
    pub fn begin_submission(&mut self, now: Duration, lease: &Lease, model: &str) -> bool {
        let locked = self.lock(lease);
        let Some(job) = locked.job.filter(|_| locked.held) else { return false };
        let row = &mut self.rows[job];
        if row.operation.is_some() || row.submission.is_some_and(|token| token != lease.token) {
            return false;
        }
        row.submission = Some(lease.token);
        row.submission_model = Some(model.to_owned());
        row.updated_at = now;
        true
    }

    /// `record_generation_operation`.
    pub fn record_operation(&mut self, now: Duration, lease: &Lease, operation: Operation) -> bool {
        let locked = self.lock(lease);
        let Some(job) = locked.job else { return false };
        let row = &mut self.rows[job];
        if !locked.held {
            let announced = row.submission == Some(lease.token);
            if row.status == Status::Cancelled && row.operation.is_none() && announced {
                row.operation = Some(operation);
                (row.submitted_at, row.updated_at) = (Some(now), now);
                row.cancellation_pending = true;
            }
            return false;
        }
        if row.operation.as_ref() == Some(&operation) {
            return true;
        }
        row.discarded.extend(row.operation.replace(operation));
        row.submitted_at = Some(now);
        row.updated_at = now;
        if let Some(model) = row.submission_model.clone() {
            self.model_served(now, job, &model, false);
        }
        true
    }
}

pub fn id(job: Job) -> i64 {
    i64::try_from(job + 1).unwrap_or(i64::MAX)
}
