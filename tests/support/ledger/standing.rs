//! How models stand: trouble lets jobs wait for them, and one job at a time probes.

use std::cmp::Reverse;
use std::time::Duration;

use generation_queue::failure::{Code, Failure, Next, Standing};
use generation_queue::job::Kind;
use generation_queue::port::{ClaimRequest, Lease, Trouble, Unavailable};

use super::{Job, Ledger, Row, Status};

/// What a worker says of itself in a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Worker {
    pub models: Vec<String>,
    pub fallback_after: Option<Duration>,
    pub job_deadline: Duration,
}

impl From<ClaimRequest<'_>> for Worker {
    fn from(request: ClaimRequest<'_>) -> Self {
        let ClaimRequest { models, fallback_after, job_deadline, .. } = request;
        Self { models: models.to_vec(), fallback_after, job_deadline }
    }
}

/// A row of `generation_models`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stands {
    /// None: ok.
    pub trouble: Option<Rest>,
    pub code: Option<Code>,
    pub reason: Option<String>,
    pub since: Option<Duration>,
    pub troubles: u32,
    /// When trouble with it was last taken for a job's own.
    pub doubted_at: Option<Duration>,
    pub updated_at: Duration,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Rest {
    pub standing: Standing,
    pub until: Duration,
    pub delay_named: bool,
    /// The job that probes, and its lease.
    pub probe: Option<(Job, i32)>,
}

/// The model that a job asks for.
pub fn requested_model(row: &Row) -> String {
    row.message["model"]
        .as_str()
        .map(|name| name.strip_prefix("models/").unwrap_or(name))
        .unwrap_or("")
        .into()
}

/// `choose_model`.
#[derive(Default)]
pub struct Choice {
    pub taken_by: Option<String>,
    pub probes: bool,
    /// Whether the last one of its line probes.
    pub from_end: bool,
}

impl Ledger {
    fn rest(&self, model: &str) -> Option<(&Stands, &Rest)> {
        let stands = self.models.get(model)?;
        Some((stands, stands.trouble.as_ref()?))
    }

    /// Whether any model is in trouble.
    pub fn troubled(&self) -> bool {
        self.models.values().any(|stands| stands.trouble.is_some())
    }

    /// `is_probed`.
    pub fn is_probed(&self, now: Duration, rest: &Rest) -> bool {
        let Some((job, lease)) = rest.probe else { return false };
        let row = &self.rows[job];
        let held = |message: &super::Message| message.read_ct == lease && message.visible_at > now;
        row.status == Status::Running
            && row.lease_token == Some(lease)
            && row.queued.as_ref().is_some_and(held)
    }

    fn is_passed_over(
        &self,
        now: Duration,
        stands: &Stands,
        requested: &str,
        worker: &Worker,
    ) -> bool {
        let retired =
            stands.trouble.as_ref().is_some_and(|rest| rest.standing == Standing::Retired);
        let long = worker
            .fallback_after
            .zip(stands.since)
            .is_some_and(|(after, since)| since + after <= now);
        requested.is_empty() && (retired || long)
    }

    /// `choose_model`.
    pub fn choose_model(&self, now: Duration, worker: &Worker, row: &Row) -> Choice {
        let requested = requested_model(row);
        let mut candidates: Vec<&str> = worker.models.iter().map(String::as_str).collect();
        if !requested.is_empty() && !worker.models.contains(&requested) {
            return Choice { taken_by: Some(requested), ..Choice::default() };
        } else if !requested.is_empty() {
            candidates = vec![&requested];
        } else if worker.models.contains(&row.waits_for) {
            candidates.insert(0, &row.waits_for);
        }
        for model in candidates {
            let Some((stands, rest)) = self.rest(model) else {
                return Choice { taken_by: Some(model.into()), ..Choice::default() };
            };
            if rest.until <= now && !self.is_probed(now, rest) {
                let from_end = !stands.troubles.is_multiple_of(2);
                return Choice { taken_by: Some(model.into()), probes: true, from_end };
            }
            if !self.is_passed_over(now, stands, &requested, worker) {
                break;
            }
        }
        Choice::default()
    }

    /// `next_messages` while a model is in trouble: the jobs to claim next.
    pub fn pick(&self, now: Duration, kind: Kind, worker: &Worker, quantity: usize) -> Vec<Job> {
        let mut picked: Vec<(Job, Choice)> = Vec::new();
        for (job, row) in self.rows.iter().enumerate() {
            let visible = row.queued.as_ref().is_some_and(|message| message.visible_at <= now);
            if row.kind != kind || !visible || !row.status.is_live() {
                continue;
            }
            if row.operation.is_some() || row.submission.is_some() {
                picked.push((job, Choice::default()));
                continue;
            }
            let choice = self.choose_model(now, worker, row);
            let overdue =
                row.status == Status::Queued && row.pending_since + worker.job_deadline <= now;
            if choice.taken_by.is_some() || overdue {
                picked.push((job, choice));
            }
        }
        picked.sort_by_key(|(job, choice)| {
            let row = &self.rows[*job];
            let troubles = if choice.probes { row.troubles + row.own_troubles } else { 0 };
            // As `nulls last` sorts.
            let last = if choice.from_end { (0, Reverse(*job)) } else { (1, Reverse(0)) };
            (troubles, last, -self.priority(*job))
        });
        let mut probed = Vec::new();
        picked.retain(|(_, choice)| {
            let taken = choice.taken_by.is_some() && probed.contains(&choice.taken_by);
            probed.push(choice.taken_by.clone());
            !(choice.probes && taken)
        });
        picked.into_iter().map(|(job, _)| job).take(quantity).collect()
    }

    /// What a claim tells of the models in trouble.
    pub fn unavailable(&self, now: Duration, worker: &Worker, job: Job) -> Vec<Unavailable> {
        let row = &self.rows[job];
        let requested = requested_model(row);
        let told = |(model, stands): (&String, &Stands)| {
            let rest = stands.trouble.as_ref()?;
            if !worker.models.contains(model) && *model != requested {
                return None;
            }
            let left = rest.until.saturating_sub(now).as_secs_f64().ceil() as u64;
            let seconds = match left {
                0 if self.is_probed(now, rest) => 15,
                left => left.max(1),
            };
            let after = Some(Duration::from_secs(seconds));
            let next = Next::Rest { standing: rest.standing, after };
            let reason = stands.reason.clone().unwrap_or_default();
            let failure = Failure::new(stands.code.expect("a code"), reason, next);
            Some(Unavailable {
                model: model.clone(),
                probe: rest.probe.is_some() && rest.probe == row.lease_token.map(|it| (job, it)),
                passed_over: rest.standing == Standing::Retired
                    || self.is_passed_over(now, stands, &requested, worker),
                failure,
            })
        };
        self.models.iter().filter_map(told).collect()
    }

    /// `report_generation_trouble`; `chance`, from 0 to 1, is the jitter.
    pub fn report_trouble(
        &mut self,
        now: Duration,
        lease: &Lease,
        met: Trouble<'_>,
        chance: f64,
    ) -> Option<Duration> {
        let locked = self.lock(lease);
        let job = locked.job.filter(|_| locked.held)?;
        let handed_over_after = self.handed_over_after(job);
        let fresh = || Stands { updated_at: now, ..Stands::default() };
        self.models.entry(met.model.to_owned()).or_insert_with(fresh);
        let is_known = self.rows[job].own_trouble == Some(lease.token);
        if is_known || self.is_own_trouble(now, job, met) {
            let row = &mut self.rows[job];
            if !is_known {
                row.own_troubles += 1;
                row.own_trouble = Some(lease.token);
                self.models.get_mut(met.model)?.doubted_at = Some(now);
            }
            return Some(rest(met.standing, row.own_troubles, met.after, chance));
        }
        let stands = self.models.get_mut(met.model)?;
        let probe = stands.trouble.as_ref().map(|rest| rest.probe);
        if probe.is_none_or(|probe| probe == Some((job, lease.token))) {
            self.rows[job].troubles += 1;
            stands.begin_rest(now, met, chance);
        }
        let stands = self.models.get(met.model)?;
        let until = stands.trouble.as_ref()?.until;
        let until = match handed_over_after.zip(stands.since) {
            Some((after, since)) if since + after > now => until.min(since + after),
            _ => until,
        };
        let left = until.saturating_sub(now).as_secs_f64().ceil().max(1.0);
        Some(Duration::from_secs_f64(left))
    }

    /// `is_own_trouble`.
    fn is_own_trouble(&self, now: Duration, job: Job, met: Trouble<'_>) -> bool {
        let (row, stands) = (&self.rows[job], &self.models[met.model]);
        if stands.trouble.is_some() || row.troubles >= 2 {
            return stands.trouble.is_none();
        }
        let is_new = row.own_troubles == 0;
        let recently = now.saturating_sub(Duration::from_secs(if is_new { 60 } else { 600 }));
        let doubted_at = stands.doubted_at.filter(|at| is_new && *at <= row.updated_at);
        let since = row.updated_at.min(doubted_at.unwrap_or_default().max(recently));
        met.standing == Standing::Resting
            && met.code != Code::QuotaExhausted
            && met.after.is_none()
            && !row.submission_pending()
            && self.has_served_since(met.model, since)
    }

    /// `has_served_since`.
    fn has_served_since(&self, model: &str, since: Duration) -> bool {
        self.rows.iter().any(|row| {
            row.status == Status::Succeeded
                && row.model.as_deref() == Some(model)
                && row.finished_at.is_some_and(|at| at > since)
        })
    }

    /// After how long another model of its worker takes a job; none if it never does.
    fn handed_over_after(&self, job: Job) -> Option<Duration> {
        let row = &self.rows[job];
        let worker = self.workers.get(&row.kind).filter(|worker| worker.models.len() > 1)?;
        worker.fallback_after.filter(|_| requested_model(row).is_empty() && row.operation.is_none())
    }

    /// `end_rest`.
    fn end_rest(&mut self, now: Duration, model: &str, forget: bool) {
        let Some(stands) = self.models.get_mut(model) else { return };
        stands.trouble = None;
        stands.updated_at = now;
        if forget {
            let doubted_at = stands.doubted_at;
            *stands = Stands { updated_at: now, doubted_at, ..Stands::default() };
        }
        for row in &mut self.rows {
            let Some(message) = &mut row.queued else { continue };
            let waits = matches!(row.status, Status::Queued | Status::Waiting);
            if waits && row.waits_for == model && Some(message.read_ct) == row.lease_token {
                message.visible_at = message.visible_at.min(now);
            }
        }
    }

    /// `reset_generation_models`; returns those that rested.
    pub fn reset_models(&mut self, now: Duration, model: Option<&str>) -> Vec<String> {
        let meant = |(name, stands): &(&String, &Stands)| {
            stands.trouble.is_some() && model.is_none_or(|model| model == *name)
        };
        let models: Vec<_> =
            self.models.iter().filter(meant).map(|(name, _)| name.clone()).collect();
        for model in &models {
            self.end_rest(now, model, true);
        }
        models
    }

    /// `model_served`.
    pub fn model_served(&mut self, now: Duration, job: Job, model: &str, finished: bool) {
        let Some(stands) = self.models.get(model) else { return };
        let by_probe_alone = match &stands.trouble {
            None if !finished || stands.troubles == 0 => return,
            None => None,
            Some(rest) if rest.standing == Standing::Resting && !rest.delay_named => None,
            Some(rest) => Some(rest.probe),
        };
        let own = self.rows[job].lease_token.map(|token| (job, token));
        if by_probe_alone.is_none_or(|probe| probe.is_some() && probe == own) {
            self.end_rest(now, model, finished);
        }
    }
}

impl Stands {
    /// `begin_rest`.
    fn begin_rest(&mut self, now: Duration, met: Trouble<'_>, chance: f64) {
        const CONTINUES: Duration = Duration::from_secs(3600);
        if self.trouble.is_none() && self.updated_at + CONTINUES < now {
            (self.since, self.troubles) = (None, 0);
        } else if self.trouble.as_ref().is_some_and(|rest| rest.standing != met.standing) {
            self.troubles = 0;
        }
        self.troubles += 1;
        self.trouble = Some(Rest {
            standing: met.standing,
            until: now + rest(met.standing, self.troubles, met.after, chance),
            delay_named: met.after.is_some(),
            probe: None,
        });
        (self.code, self.reason) = (Some(met.code), Some(met.reason.to_owned()));
        self.since = self.since.or(Some(now));
        self.updated_at = now;
    }
}

/// `rest_seconds`.
fn rest(standing: Standing, troubles: u32, named: Option<Duration>, chance: f64) -> Duration {
    let (shortest, longest) = match standing {
        Standing::Resting => (15.0, 300.0),
        Standing::Refused => (60.0, 900.0),
        Standing::Retired => (21_600.0, 86_400.0),
    };
    let usual = f64::min(shortest * 2_f64.powi(troubles.saturating_sub(1).min(20) as i32), longest);
    let seconds = usual.max(named.unwrap_or_default().as_secs_f64());
    Duration::from_secs_f64((seconds * (1.01 + 0.24 * chance)).ceil())
}
