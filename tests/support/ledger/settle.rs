//! What workers call to settle a job, and for maintenance: completion, deferral, failure,
//! publication, cancelled operations.

use std::time::Duration;

use generation_queue::failure::{Code, Failure};
use generation_queue::job::{JobId, Kind, Slot};
use generation_queue::port::{
    Completion, Deferral, Ending, Lease, LinkOutcome, LinkedEntity, Operation, Publication,
    StoredAsset, WriteError,
};

use super::{Job, Ledger, Status};

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
    pub fn complete(&mut self, now: Duration, lease: &Lease, asset: &StoredAsset) -> Completed {
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
        row.object_path = Some(asset.path.clone());
        row.asset_url = Some(asset.url.clone());
        row.content_type = Some(asset.format.content_type());
        row.publication_pending = !entities.is_empty();
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
        Completion { entities: linked.collect(), publications: self.publications(job) }
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
        let at_once = !awaited.is_empty() && !rests && !row.has_own_trouble();
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
        let job = (0..self.rows.len()).find(|job| self.rows[*job].job_id == *id);
        let Some(job) = job.filter(succeeded) else { return Vec::new() };
        let expected = self.publications(job);
        let copied = |wanted: &Publication| {
            made.iter().any(|copy| copy.slot == wanted.slot && copy.path == wanted.path)
        };
        let is_current = expected.iter().all(copied);
        let row = &mut self.rows[job];
        if row.publication_pending == is_current {
            row.publication_pending = !is_current;
            row.updated_at = now;
        }
        if is_current { Vec::new() } else { expected }
    }

    /// `cancelled_generation_operations` for one job.
    pub fn cancelled(
        &mut self,
        now: Duration,
        kind: Kind,
        told: Option<&JobId>,
    ) -> Option<(JobId, Operation)> {
        const PAUSE: Duration = Duration::from_secs(300);
        const TRIES: u32 = 3;
        for row in &mut self.rows {
            row.cancellation_pending &= row.kind != kind || Some(&row.job_id) != told;
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
        const LIFE: Duration = Duration::from_secs(600);
        let mut left: Vec<Job> = (0..self.rows.len())
            .filter(|job| {
                let row = &self.rows[*job];
                row.kind == kind
                    && row.publication_pending
                    && row.status == Status::Succeeded
                    && (row.updated_at + LIFE < now || row.is_chosen_just_now())
            })
            .collect();
        left.sort_by_key(|job| self.rows[*job].updated_at);
        left.truncate(quantity as usize);
        for job in &left {
            self.rows[*job].updated_at = now;
        }
        left
    }
}
