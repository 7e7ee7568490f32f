//! What workers call to settle a job, and for maintenance: completion, deferral, failure,
//! publication, cancelled operations.

use std::time::Duration;

use generation_queue::failure::{Code, Failure};
use generation_queue::job::{JobId, Kind, Slot};
use generation_queue::port::{
    Along, Claim, Completion, Copied, Deferral, Ending, Lease, LinkOutcome, LinkedEntity,
    MaintenanceRequest, Operation, Overdue, Publication, StoredAsset, Unpublished, WriteError,
};

use super::standing::Worker;
use super::{Job, Ledger, Status};

/// What is asked along with a completion.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub confirmed: Vec<Copied>,
    pub next: Option<(Duration, u32, Worker)>,
    /// The number of that claim.
    pub claim_id: Option<i64>,
}

impl From<Along<'_>> for Asked {
    fn from(along: Along<'_>) -> Self {
        let next = along.next.map(|next| (next.lease, next.quantity, next.into()));
        Self { confirmed: along.confirmed.to_vec(), next, claim_id: None }
    }
}

/// What is asked of `maintain_generation_queue`.
#[derive(Debug, Clone, Default)]
pub struct Maintenance {
    pub confirmed: Vec<Copied>,
    pub told: Option<JobId>,
    pub unpublished: u32,
    pub cancels: bool,
}

impl From<MaintenanceRequest<'_>> for Maintenance {
    fn from(request: MaintenanceRequest<'_>) -> Self {
        let MaintenanceRequest { confirmed, confirmed_cancellation: told, unpublished, cancels } =
            request;
        Self { confirmed: confirmed.to_vec(), told: told.cloned(), unpublished, cancels }
    }
}

/// The answer to a completion.
pub enum Completed {
    Held(Completion),
    NotHeld,
    /// GJ001: linking the entity failed, nothing changed.
    LinkingFailed(String),
}

impl From<Completed> for Result<Completion, WriteError> {
    fn from(completed: Completed) -> Self {
        match completed {
            Completed::Held(completion) => Ok(completion),
            Completed::NotHeld => Err(WriteError::LeaseLost),
            Completed::LinkingFailed(key) => {
                let message = format!("Error updating entity {key}");
                Err(Failure::retry(Code::EntityUpdateFailed, message).into())
            }
        }
    }
}

impl Ledger {
    /// `complete_generation_job`.
    pub fn complete(
        &mut self,
        now: Duration,
        lease: &Lease,
        asset: &StoredAsset,
        asked: &Asked,
    ) -> Completed {
        let mut completed = self.complete_job(now, lease, asset);
        if let Completed::Held(completion) = &mut completed {
            completion.due = self.confirm_all(now, &asked.confirmed);
            completion.claims = self.claim_along(now, lease.kind, asked);
        }
        completed
    }

    /// `claim_along`.
    fn claim_along(&mut self, now: Duration, kind: Kind, asked: &Asked) -> Option<Vec<Claim>> {
        let (lease, quantity, worker) = asked.next.as_ref()?;
        let before = self.claimed_before(now, kind, Some(worker), asked.claim_id);
        if before.is_empty() && (self.troubled() || self.workers.get(&kind) != Some(worker)) {
            return None;
        }
        let claims = self.claim(now, kind, *lease, *quantity, Some(worker), asked.claim_id);
        Some(claims.into_iter().map(|(_, claim)| claim).collect())
    }

    /// `confirm_publications`.
    fn confirm_all(&mut self, now: Duration, confirmed: &[Copied]) -> Vec<Unpublished> {
        let mut again = Vec::new();
        for Copied { job_id, publications } in confirmed {
            if !self.confirm(now, job_id, publications).is_empty() {
                again.extend(self.find(job_id).map(|job| self.due(job)));
            }
        }
        again
    }

    /// `maintain_generation_queue`.
    pub fn maintain(&mut self, now: Duration, kind: Kind, asked: &Maintenance) -> Overdue {
        let mut unpublished = self.confirm_all(now, &asked.confirmed);
        let left = self.unpublished(now, kind, asked.unpublished);
        unpublished.extend(left.into_iter().map(|job| self.due(job)));
        let cancelled = self.cancelled(now, kind, asked.told.as_ref(), asked.cancels);
        Overdue { unpublished, cancelled }
    }

    /// `is_contended`.
    pub fn is_contended(&self, job: Job) -> bool {
        let slots = self.slots(job);
        let other = |other: &Job| {
            let row = &self.rows[*other];
            row.kind == self.rows[job].kind
                && row.status == Status::Running
                && self.slots(*other).iter().any(|slot| slots.contains(slot))
        };
        (job + 1..self.rows.len()).any(|job| other(&job))
    }

    /// `complete_job`.
    fn complete_job(&mut self, now: Duration, lease: &Lease, asset: &StoredAsset) -> Completed {
        let locked = self.lock(lease);
        let Some(job) = locked.job else { return Completed::NotHeld };
        if self.rows[job].status == Status::Succeeded {
            return Completed::Held(self.completion(job));
        }
        if !locked.held {
            return Completed::NotHeld;
        }
        let entities = match self.link(job, &asset.url) {
            Ok(entities) => entities,
            Err(key) => return Completed::LinkingFailed(key),
        };
        let row = &mut self.rows[job];
        row.status = Status::Succeeded;
        row.model.clone_from(&asset.model);
        row.object_path = Some(asset.path.clone());
        row.asset_url = Some(asset.url.clone());
        row.content_type = Some(asset.format.content_type());
        if !entities.is_empty() {
            row.hand_out_copies(now);
        }
        row.entities = entities;
        row.error_code = None;
        (row.finished_at, row.updated_at) = (Some(now), now);
        self.archive(job);
        if let Some(model) = &asset.model {
            self.model_served(now, job, model, true);
        }
        Completed::Held(self.completion(job))
    }

    /// `link_entities`, in the order of their keys. If one cannot be linked its key is the error, and
    /// nothing changes.
    pub(super) fn link(
        &mut self,
        job: Job,
        url: &str,
    ) -> Result<Vec<(Slot, String, LinkOutcome)>, String> {
        let kind = self.rows[job].kind;
        let mut entities = Vec::new();
        for (slot, key) in self.slots(job).into_iter().rev() {
            let newest = self.newest(kind, &key);
            let outcome = if newest.is_some_and(|newest| self.order(newest) > self.order(job)) {
                LinkOutcome::Superseded
            } else {
                match self.entities.get(&key) {
                    None => LinkOutcome::NotFound,
                    Some(entity) if entity.broken => return Err(key),
                    Some(_) => LinkOutcome::Linked,
                }
            };
            entities.push((slot, key, outcome));
        }
        for (_, key, outcome) in &entities {
            if *outcome == LinkOutcome::Linked
                && let Some(entity) = self.entities.get_mut(key)
            {
                match kind {
                    Kind::Image => entity.image = Some(url.to_owned()),
                    Kind::Video => entity.video = Some(url.to_owned()),
                }
            }
        }
        Ok(entities)
    }

    fn completion(&self, job: Job) -> Completion {
        let entities = self.rows[job].entities.iter();
        let linked =
            entities.map(|(_, key, outcome)| LinkedEntity { key: key.clone(), outcome: *outcome });
        Completion {
            entities: linked.collect(),
            publications: self.publications(job),
            contended: self.is_contended(job),
            ..Completion::default()
        }
    }

    /// `defer_generation_job`.
    pub fn defer(&mut self, now: Duration, lease: &Lease, defer: &Deferral) -> bool {
        let locked = self.lock(lease);
        let Some(job) = locked.job else { return false };
        if !locked.held {
            return matches!(self.rows[job].status, Status::Queued | Status::Waiting)
                && locked.message_read_ct == Some(lease.token);
        }
        if defer.reset_submission {
            self.forget_submission(job);
        }
        let awaited = defer.waits_for.clone().unwrap_or_default();
        let rests = self.models.get(&awaited).is_some_and(|stands| stands.trouble.is_some());
        let row = &mut self.rows[job];
        let at_once = !awaited.is_empty() && !rests && row.own_trouble != row.lease_token;
        let delay = if at_once { Duration::ZERO } else { defer.delay };
        row.waits_for = if rests { awaited } else { String::new() };
        row.status = if row.operation.is_none() { Status::Queued } else { Status::Waiting };
        row.attempts = if defer.counted { row.attempts } else { row.attempts.saturating_sub(1) };
        row.error_code = defer.reason.as_ref().map(|(code, _)| *code).or(row.error_code);
        row.updated_at = now;
        if let Some(message) = &mut row.queued {
            message.visible_at = now + delay;
        }
        true
    }

    /// `fail_generation_job`.
    pub fn fail(&mut self, now: Duration, lease: &Lease, end: &Ending) -> bool {
        let locked = self.lock(lease);
        let Some(job) = locked.job else { return false };
        if !locked.held {
            return self.rows[job].status == Status::Failed;
        }
        if end.reset_submission {
            self.forget_submission(job);
        }
        let row = &mut self.rows[job];
        row.status = Status::Failed;
        row.error_code = Some(end.code);
        (row.finished_at, row.updated_at) = (Some(now), now);
        self.archive(job);
        true
    }

    /// `confirm_generation_publication`.
    pub fn confirm(&mut self, now: Duration, id: &JobId, made: &[Publication]) -> Vec<Publication> {
        let succeeded = |job: &Job| self.rows[*job].status == Status::Succeeded;
        let Some(job) = self.find(id).filter(succeeded) else { return Vec::new() };
        let expected = self.publications(job);
        let copied = |wanted: &Publication| {
            made.iter().any(|copy| copy.slot == wanted.slot && copy.path == wanted.path)
        };
        let row = &mut self.rows[job];
        if row.made_under_last_choice(made) {
            if expected.iter().all(copied) {
                row.publication = None;
                return Vec::new();
            }
        } else if row.publication.as_ref().is_none_or(|left| left.choice == row.choices) {
            return Vec::new();
        }
        row.hand_out_copies(now);
        expected
    }

    fn find(&self, id: &JobId) -> Option<Job> {
        (0..self.rows.len()).find(|job| self.rows[*job].job_id == *id)
    }

    /// `cancelled_generation_operations` for one job, or none.
    pub fn cancelled(
        &mut self,
        now: Duration,
        kind: Kind,
        told: Option<&JobId>,
        wanted: bool,
    ) -> Option<(JobId, Operation)> {
        const PAUSE: Duration = Duration::from_secs(300);
        const TRIES: u32 = 3;
        for row in &mut self.rows {
            row.cancellation_pending &= row.kind != kind || Some(&row.job_id) != told;
        }
        if !wanted {
            return None;
        }
        let due = self.rows.iter_mut().filter(|row| {
            row.kind == kind
                && row.cancellation_pending
                && (row.cancellation_tries == 0 || row.updated_at + PAUSE < now)
        });
        let row = due.min_by_key(|row| row.updated_at)?;
        row.cancellation_tries += 1;
        row.cancellation_pending = row.cancellation_tries < TRIES;
        row.updated_at = now;
        Some((row.job_id.clone(), row.operation.clone()?))
    }

    /// `unpublished_generation_jobs`.
    pub fn unpublished(&mut self, now: Duration, kind: Kind, quantity: u32) -> Vec<Job> {
        let due = |job: Job| {
            let row = &self.rows[job];
            let left =
                row.publication.as_ref().filter(|left| row.kind == kind && left.due_at <= now);
            left.map(|left| (left.due_at, job))
        };
        let mut left: Vec<_> = (0..self.rows.len()).filter_map(due).collect();
        left.sort_unstable();
        left.truncate(quantity as usize);
        let handed_out = left.into_iter().map(|(_, job)| {
            self.rows[job].hand_out_copies(now);
            job
        });
        handed_out.collect()
    }
}
