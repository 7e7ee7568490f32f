//! What workers call before they settle: claim, lease, submission, operation. There are no limits
//! here, so a claim names no models.

use std::time::Duration;

use generation_queue::job::Kind;
use generation_queue::port::{Claim, Lease, Operation};

use super::{Job, Ledger, Status};

impl Ledger {
    /// `claim_generation_jobs`.
    pub fn claim(
        &mut self,
        now: Duration,
        kind: Kind,
        lease: Duration,
        quantity: u32,
    ) -> Vec<(Job, Claim)> {
        let mut claims = Vec::new();
        let mut order: Vec<Job> = (0..self.rows.len()).collect();
        order.sort_by_key(|job| -self.priority(*job));
        for job in order {
            if claims.len() >= quantity as usize {
                break;
            }
            let row = &mut self.rows[job];
            let Some(message) = row.queued.as_mut() else { continue };
            if row.kind != kind || message.visible_at > now {
                continue;
            }
            message.visible_at = now + lease;
            message.read_ct += 1;
            let token = message.read_ct;
            if !row.status.is_live() {
                self.archive(job);
                continue;
            }
            let died = row.status == Status::Running;
            let alone = row.alone.is_some() && row.alone == row.lease_token;
            row.attempts += u32::from(!died);
            row.deaths += u32::from(died && (row.deaths < 2 || alone));
            let claim = Claim {
                lease: Lease { kind, msg_id: id(job), token },
                job_id: row.job_id.clone(),
                message: (*row.message).clone(),
                attempts: row.attempts,
                deaths: row.deaths,
                retried: token > 1 || row.started,
                operation: row.operation.clone(),
                operation_age: row.submitted_at.map_or(Duration::ZERO, |at| now - at),
                submission_pending: row.submission_pending(),
            };
            row.status = Status::Running;
            row.lease_token = Some(token);
            row.started = true;
            row.updated_at = now;
            claims.push((job, claim));
        }
        claims
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
    pub fn begin_submission(&mut self, now: Duration, lease: &Lease) -> bool {
        let locked = self.lock(lease);
        let Some(job) = locked.job.filter(|_| locked.held) else { return false };
        let row = &mut self.rows[job];
        if row.operation.is_some() || row.submission.is_some_and(|token| token != lease.token) {
            return false;
        }
        row.submission = Some(lease.token);
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
        true
    }
}

pub fn id(job: Job) -> i64 {
    i64::try_from(job + 1).unwrap_or(i64::MAX)
}
