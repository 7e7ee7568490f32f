//! Which call comes next: from workers whose leases are held, lost or made up, from senders and
//! operators, and from time.

use std::time::Duration;

use generation_queue::failure::{Code, Standing};
use generation_queue::job::{Format, JobId, Kind, Slot};
use generation_queue::port::{
    Copied, Deferral, Ending, Lease, Operation, Publication, StoredAsset, Trouble,
};
use serde_json::{Value, json};

use super::answer::answer;
use super::call::{Becomes, Call, Which};
use super::state::{STEP, state};
use super::support::ledger::settle::{Asked, Maintenance};
use super::support::ledger::standing::Worker;
use super::support::ledger::{Job, Ledger, Row, Status};
use super::support::random::Random;

const KEYS: [&str; 3] = ["scene:sb:s0", "scene:sb:s1", "character:sb:c0"];
const MODELS: [&str; 2] = ["m0", "m1"];
const CODES: [Code; 3] =
    [Code::ProviderUnavailable, Code::StorageFailed, Code::SubmissionUncertain];

/// Plays the sequence of a seed on the model: each call with its answer and the state afterwards.
pub fn play(seed: u64) -> Vec<Value> {
    let random = Random::new(seed);
    let mut sequence = Sequence {
        most_live: random.one_of(&[1, 2, 4, 6]),
        videos: random.one_of(&[0.0, 0.5, 0.5, 1.0]),
        idle: random.one_of(&[2, 5, 10]),
        copied: random.one_of(&[0, 3, 6]),
        chosen: random.one_of(&[0, 0, 3, 8]),
        troubled: random.one_of(&[0, 6, 20]),
        fortune: random.one_of(&[(4, 20), (12, 12), (20, 4)]),
        random,
        ledger: Ledger::default(),
        now: Duration::ZERO,
        leases: Vec::new(),
        copies: Vec::new(),
        last_worker: None,
        last_claim: None,
        last: None,
    };
    let random = &sequence.random;
    let there = KEYS.into_iter().filter(|_| random.happens(0.7));
    let mut steps: Vec<_> =
        there.map(|key| Call::Entity { key, becomes: Becomes::Present }).collect();
    steps.push(sequence.send());
    let mut steps: Vec<_> = steps.into_iter().map(|call| sequence.make(call)).collect();
    let length = 30 + sequence.random.below(60);
    while steps.len() < length {
        let call = sequence.next();
        steps.push(sequence.make(call));
    }
    steps
}

type Choice = fn(&Sequence) -> Option<Call>;

struct Sequence {
    random: Random,
    ledger: Ledger,
    now: Duration,
    most_live: usize,
    /// How likely a job is for a video.
    videos: f64,
    /// How often time goes by.
    idle: usize,
    /// How often a worker confirms its copies.
    copied: usize,
    /// How often an operator chooses a result.
    chosen: usize,
    /// How often models have trouble.
    troubled: usize,
    /// How often jobs fail, and how often they succeed.
    fortune: (usize, usize),
    /// Every lease that was ever given.
    leases: Vec<Lease>,
    /// Every list of publications that was ever answered.
    copies: Vec<(JobId, Vec<Publication>)>,
    /// What a worker said of itself last.
    last_worker: Option<Worker>,
    last_claim: Option<Call>,
    last: Option<Call>,
}

impl Sequence {
    /// Makes a call; returns it with its answer and the state afterwards.
    fn make(&mut self, call: Call) -> Value {
        if let Call::TimeGoesBy { by } = call {
            self.now += by;
        }
        // No two calls happen at the same time.
        self.now += Duration::from_millis(1);
        let answer = answer(&mut self.ledger, self.now, &call);
        self.remember(&call, &answer);
        let with = call.with(|job| self.ledger.rows[job].job_id.clone());
        let step = json!({
            "does": call.does(), "with": with, "answer": answer,
            "state": state(&self.ledger, self.now),
        });
        self.last = Some(call);
        step
    }

    fn remember(&mut self, call: &Call, answer: &Value) {
        match call {
            Call::Claim { kind, worker, .. } => {
                self.last_claim = Some(call.clone());
                self.last_worker = worker.clone().or(self.last_worker.take());
                self.remember_leases(*kind, answer);
            }
            Call::Complete { .. }
            | Call::Maintain { .. }
            | Call::Choose { .. }
            | Call::Confirm { .. }
            | Call::Unpublished { .. } => {
                if let Call::Complete { lease, .. } = call {
                    self.remember_leases(lease.kind, &answer["claims"]);
                }
                for job in self.succeeded() {
                    let copies =
                        (self.ledger.rows[job].job_id.clone(), self.ledger.publications(job));
                    if !self.copies.contains(&copies) {
                        self.copies.push(copies);
                    }
                }
            }
            _ => {}
        }
    }

    fn remember_leases(&mut self, kind: Kind, claims: &Value) {
        for claim in claims.as_array().into_iter().flatten() {
            let number = |field: &str| claim[field].as_i64().expect("a number");
            let token = number("lease_token").try_into().expect("a small number");
            self.leases.push(Lease { kind, msg_id: number("msg_id"), token });
        }
    }

    fn next(&self) -> Call {
        // As if its answer had been lost.
        if self.random.happens(0.15)
            && let Some(last) = &self.last
            && !matches!(last, Call::Send { .. } | Call::TimeGoesBy { .. } | Call::Entity { .. })
        {
            return last.clone();
        }
        let choices: [(usize, Choice); 21] = [
            (8, |it| it.may_send().then(|| it.send())),
            (16, |it| it.sensible(Sequence::is_visible).then(|| it.claim())),
            (2, |it| it.last_claim.clone()),
            (4, |it| {
                let alone = it.random.happens(0.5);
                Some(Call::Extend { lease: it.lease()?, by: it.hidden(), alone })
            }),
            (8, |it| Some(Call::BeginSubmission { lease: it.lease()?, model: it.model() })),
            (self.troubled, |it| it.report_trouble()),
            (usize::from(self.troubled > 0), |it| Some(it.reset_models())),
            (8, |it| Some(Call::RecordOperation { lease: it.lease()?, operation: it.operation() })),
            (self.fortune.1, |it| it.complete()),
            (12, |it| it.defer()),
            (self.fortune.0, |it| it.fail()),
            (self.copied, |it| it.confirm()),
            (8, |it| it.sensible(Sequence::is_unpublished).then(|| it.unpublished())),
            (2, |it| Some(it.cancel())),
            (self.chosen, |it| Some(it.choose())),
            (6, |it| {
                let kind = it.kind_with(Sequence::is_cancelled);
                it.sensible(Sequence::is_cancelled).then(|| it.cancelled_operation(kind))?
            }),
            (4, |it| it.maintain()),
            (8, |it| it.sensible(Sequence::has_failed).then(|| it.redrive())),
            (3, |it| Some(it.read_by_hand())),
            (self.idle, |it| Some(it.time_goes_by())),
            (2, |it| Some(it.entity())),
        ];
        let total: usize = choices.iter().map(|(weight, _)| weight).sum();
        loop {
            let mut left = self.random.below(total);
            let chosen = choices.iter().find(|(weight, _)| {
                let here = left < *weight;
                left = left.saturating_sub(*weight);
                here
            });
            if let Some(call) = chosen.and_then(|(_, choose)| choose(self)) {
                return call;
            }
        }
    }

    /// Whether a job makes the call worthwhile; now and then it is made anyway.
    fn sensible(&self, job: impl Fn(&Self, &Row) -> bool) -> bool {
        self.random.happens(0.08) || self.ledger.rows.iter().any(|row| job(self, row))
    }

    fn is_visible(&self, row: &Row) -> bool {
        row.queued.as_ref().is_some_and(|message| message.visible_at <= self.now)
    }

    fn has_failed(&self, row: &Row) -> bool {
        row.status == Status::Failed
    }

    fn is_unpublished(&self, row: &Row) -> bool {
        row.publication.as_ref().is_some_and(|left| left.due_at <= self.now)
    }

    fn is_cancelled(&self, row: &Row) -> bool {
        row.cancellation_pending
    }

    fn may_send(&self) -> bool {
        let rows = &self.ledger.rows;
        let live = rows.iter().filter(|row| row.status.is_live()).count();
        live < self.most_live && rows.len() < 10
    }

    fn send(&self) -> Call {
        let random = &self.random;
        let mut message = json!({
            "storyboardId": "sb", "prompt": format!("job {}", self.ledger.rows.len()),
        });
        if random.happens(0.8) {
            message["sceneId"] = json!(random.one_of(&["s0", "s0", "s0", "s1"]));
        }
        if random.happens(0.4) {
            message["characterId"] = json!("c0");
        }
        // A value that is no id counts as missing where a message is sent by `pgmq.send`.
        let is_odd = random.happens(0.1);
        if is_odd {
            let field = random.one_of(&["storyboardId", "sceneId", "characterId"]);
            message[field] = random.one_of(&[json!(""), json!(7), Value::Null]);
        }
        if self.troubled > 0 && random.happens(0.3) {
            message["model"] = json!(random.one_of(&["m0", "m1", "models/m1", "m7"]));
        }
        let delay = if random.happens(0.2) { self.hidden() } else { Duration::ZERO };
        let enqueued = !is_odd && random.happens(0.5);
        Call::Send { kind: self.kind(), message, delay, enqueued }
    }

    fn claim(&self) -> Call {
        let quantity = self.random.one_of(&[0, 1, 1, 1, 1, 2, 2, 3, 100]);
        let worker = (self.troubled > 0 && self.random.happens(0.9)).then(|| self.worker());
        let (kind, lease) = (self.kind_with(Sequence::is_visible), self.hidden());
        Call::Claim { kind, lease, quantity, worker, claim_id: self.claim_id() }
    }

    /// The number of a claim, mostly: no other has that of this moment.
    fn claim_id(&self) -> Option<i64> {
        let now = self.now.as_millis().try_into().expect("a moment");
        self.random.happens(0.9).then_some(now)
    }

    fn worker(&self) -> Worker {
        let random = &self.random;
        let models: &[&str] = match random.below(6) {
            0 => &MODELS[..1],
            1 => &["m1", "m0"],
            _ => &MODELS,
        };
        Worker {
            models: models.iter().map(|model| (*model).to_owned()).collect(),
            fallback_after: random.happens(0.7).then(|| step(random.one_of(&[1, 3, 9]))),
            job_deadline: step(random.one_of(&[9, 31, 721])),
        }
    }

    fn report_trouble(&self) -> Option<Call> {
        let random = &self.random;
        let standing = random.one_of(&[
            Standing::Resting,
            Standing::Resting,
            Standing::Refused,
            Standing::Retired,
        ]);
        let met = Trouble {
            model: self.model(),
            standing,
            code: random.one_of(&[Code::ProviderUnavailable, Code::QuotaExhausted]),
            reason: random.one_of(&["why", "because"]),
            after: random
                .happens(0.2)
                .then(|| Duration::from_secs(random.one_of(&[0, 100, 300, 3600]))),
        };
        Some(Call::ReportTrouble { lease: self.lease()?, met })
    }

    fn reset_models(&self) -> Call {
        Call::ResetModels { model: self.random.happens(0.5).then(|| self.model()) }
    }

    fn model(&self) -> &'static str {
        self.random.one_of(&["m0", "m0", "m1"])
    }

    fn complete(&self) -> Option<Call> {
        let lease = self.lease()?;
        let random = &self.random;
        let format = match lease.kind {
            Kind::Image => random.one_of(&[Format::Png, Format::Jpeg, Format::Webp]),
            Kind::Video => Format::Mp4,
        };
        let path = format!("sb/{}-{}.{}", lease.msg_id, random.below(3), format.extension());
        let url = format!("https://store.invalid/{path}");
        let model = random.happens(0.9).then(|| self.model().to_owned());
        let (usage, cost_usd, passed_over) = (None, Some(0.25), None);
        Some(Call::Complete {
            lease,
            asked: self.asked(),
            asset: StoredAsset {
                path,
                url,
                format,
                model,
                usage,
                cost_usd,
                passed_over,
                took: None,
            },
        })
    }

    /// What is asked along with a completion: mostly nothing.
    fn asked(&self) -> Asked {
        if self.random.happens(0.5) {
            return Asked::default();
        }
        let next = self.random.happens(0.7).then(|| {
            let worker = self.last_worker.clone().filter(|_| self.random.happens(0.9));
            let worker = worker.unwrap_or_else(|| self.worker());
            (self.hidden(), self.random.one_of(&[0, 1, 1, 2, 100]), worker)
        });
        Asked { confirmed: self.confirmed(), next, claim_id: self.claim_id() }
    }

    /// Copies of several jobs.
    fn confirmed(&self) -> Vec<Copied> {
        let mut confirmed: Vec<Copied> = Vec::new();
        for (job_id, publications) in &self.copies {
            let known = confirmed.iter().any(|other| other.job_id == *job_id);
            if !known && self.random.happens(0.4) {
                let (job_id, publications) = (job_id.clone(), publications.clone());
                confirmed.push(Copied { job_id, publications });
            }
        }
        confirmed
    }

    fn maintain(&self) -> Option<Call> {
        let Call::Unpublished { kind, quantity } = self.unpublished() else { return None };
        let cancelled = self.cancelled_operation(kind);
        let told = match &cancelled {
            Some(Call::CancelledOperation { told, .. }) => told.clone(),
            _ => None,
        };
        let (confirmed, cancels) = (self.confirmed(), cancelled.is_some());
        let unpublished = if quantity == 0 { 0 } else { 100 };
        Some(Call::Maintain { kind, asked: Maintenance { confirmed, told, unpublished, cancels } })
    }

    fn defer(&self) -> Option<Call> {
        let random = &self.random;
        let lease = self.lease()?;
        let defer = Deferral {
            delay: if random.happens(0.4) { Duration::ZERO } else { self.hidden() },
            counted: random.happens(0.5),
            reason: random.happens(0.5).then(|| (random.one_of(&CODES), "why".to_owned())),
            reset_submission: random.happens(0.25),
            waits_for: random.happens(0.4).then(|| self.model().to_owned()),
            spent_usd: None,
        };
        Some(Call::Defer { lease, defer })
    }

    fn fail(&self) -> Option<Call> {
        let random = &self.random;
        let (code, reset_submission) = (random.one_of(&CODES), random.happens(0.25));
        let end = Ending { code, message: "why".to_owned(), reset_submission, spent_usd: None };
        Some(Call::Fail { lease: self.lease()?, end })
    }

    /// Mostly publications that were due once; sometimes fewer, or others.
    fn confirm(&self) -> Option<Call> {
        let random = &self.random;
        if self.copies.is_empty() || random.happens(0.05) {
            let unknown = JobId::new("ffffffff-ffff-4fff-8fff-ffffffffffff").expect("a UUID");
            let job = self.ledger.rows.get(self.job()).map(|row| row.job_id.clone());
            let job = if random.happens(0.5) { unknown } else { job? };
            return Some(Call::Confirm { job, made: Vec::new() });
        }
        let (job, mut made) = random.one_of(&self.copies);
        if random.happens(0.2) {
            made.pop();
        }
        if random.happens(0.2) {
            made.reverse();
        }
        if random.happens(0.1)
            && let Some(copy) = made.first_mut()
        {
            match random.below(3) {
                0 => copy.path.push('x'),
                1 => copy.slot = random.one_of(&[Slot::Scene, Slot::Character]),
                _ => copy.content_type.clear(),
            }
        }
        Some(Call::Confirm { job, made })
    }

    /// Enough that it does not matter which of two equally old jobs comes first.
    fn unpublished(&self) -> Call {
        let kind = self.kind_with(Sequence::is_unpublished);
        let quantity = self.random.one_of(&[0_u32, 1, 2, 100]);
        let mut ages: Vec<_> = self
            .succeeded()
            .into_iter()
            .map(|job| &self.ledger.rows[job])
            .filter(|row| row.kind == kind)
            .filter_map(|row| Some(row.publication.as_ref()?.due_at))
            .collect();
        ages.sort_unstable();
        let last = quantity.saturating_sub(1) as usize;
        let close = matches!(ages.get(last..), Some([last, next, ..]) if *next - *last < step(1));
        let quantity = if quantity > 0 && close { 100 } else { quantity };
        Call::Unpublished { kind, quantity }
    }

    /// Mostly a live job.
    fn cancel(&self) -> Call {
        let rows = self.ledger.rows.iter().enumerate();
        let live: Vec<_> = rows.filter(|(_, row)| row.status.is_live()).collect();
        let job = match live.is_empty() || self.random.happens(0.3) {
            true => self.job(),
            false => self.random.one_of(&live).0,
        };
        Call::Cancel { job }
    }

    /// Mostly a job that has succeeded.
    fn choose(&self) -> Call {
        let succeeded = self.succeeded();
        let job = match succeeded.is_empty() || self.random.happens(0.15) {
            true => self.job(),
            false => self.random.one_of(&succeeded),
        };
        Call::Choose { job }
    }

    /// None while two are about equally old, since either may come first.
    fn cancelled_operation(&self, kind: Kind) -> Option<Call> {
        let due =
            self.ledger.rows.iter().filter(|row| row.kind == kind && row.cancellation_pending);
        let mut ages: Vec<_> = due.map(|row| row.updated_at).collect();
        ages.sort_unstable();
        if matches!(ages.as_slice(), [first, next, ..] if *next - *first < step(1)) {
            return None;
        }
        let handed_out = self.ledger.rows.iter().filter(|row| row.cancellation_tries > 0);
        let ids: Vec<_> = handed_out.map(|row| row.job_id.clone()).collect();
        let told = self.random.happens(0.4) && !ids.is_empty();
        Some(Call::CancelledOperation { kind, told: told.then(|| self.random.one_of(&ids)) })
    }

    fn redrive(&self) -> Call {
        let random = &self.random;
        let jobs = (0..self.ledger.rows.len()).filter(|_| random.happens(0.7)).collect();
        let given = random.one_of(&[1, 1, 2, 4, 4, 3, 5, 6, 7]);
        let which = Which {
            jobs: (given & 1 != 0).then_some(jobs),
            code: (given & 2 != 0).then(|| random.one_of(&CODES)),
            kind: (given & 4 != 0).then(|| self.kind()),
        };
        Call::Redrive { which, forget: random.happens(0.4) }
    }

    fn read_by_hand(&self) -> Call {
        let job = self.job();
        Call::ReadByHand { kind: self.ledger.rows[job].kind, job, hidden: self.hidden() }
    }

    fn time_goes_by(&self) -> Call {
        Call::TimeGoesBy { by: step(self.random.one_of(&[2, 4, 6, 30])) }
    }

    fn entity(&self) -> Call {
        let random = &self.random;
        let key = random.one_of(&KEYS);
        let becomes = match self.ledger.entities.get(key) {
            None => Becomes::Present,
            Some(entity) if entity.broken => Becomes::Whole,
            Some(_) => Becomes::Broken,
        };
        Call::Entity { key, becomes }
    }

    /// A lease: mostly one that is held, often an old one, sometimes one that is made up.
    fn lease(&self) -> Option<Lease> {
        let random = &self.random;
        let held: Vec<_> =
            self.leases.iter().filter(|lease| self.is_held(lease)).copied().collect();
        let any = random.happens(0.2);
        let choices = if any { &self.leases } else { &held };
        if choices.is_empty() {
            return None;
        }
        let mut lease = random.one_of(choices);
        if random.happens(0.1) {
            match random.below(3) {
                0 => lease.kind = random.one_of(&[Kind::Image, Kind::Video]),
                1 => lease.token = random.one_of(&[0, lease.token - 1, lease.token + 1]),
                _ => lease.msg_id = random.one_of(&[-1, 0, lease.msg_id - 1, lease.msg_id + 1]),
            }
        }
        Some(lease)
    }

    fn is_held(&self, lease: &Lease) -> bool {
        let row = &self.ledger.rows[usize::try_from(lease.msg_id - 1).expect("a message")];
        row.status == Status::Running
            && row.lease_token == Some(lease.token)
            && row.queued.as_ref().is_some_and(|message| message.read_ct == lease.token)
    }

    fn operation(&self) -> Operation {
        let name = self.random.one_of(&["a", "a", "b"]);
        Operation { model: "veo".to_owned(), name: format!("operations/{name}") }
    }

    fn succeeded(&self) -> Vec<Job> {
        let rows = self.ledger.rows.iter().enumerate();
        rows.filter(|(_, row)| row.status == Status::Succeeded).map(|(job, _)| job).collect()
    }

    fn job(&self) -> Job {
        self.random.below(self.ledger.rows.len())
    }

    fn kind(&self) -> Kind {
        if self.random.happens(self.videos) { Kind::Video } else { Kind::Image }
    }

    /// Mostly the kind of a job that fits.
    fn kind_with(&self, job: impl Fn(&Self, &Row) -> bool) -> Kind {
        let rows: Vec<_> = self.ledger.rows.iter().filter(|row| job(self, row)).collect();
        match rows.is_empty() || self.random.happens(0.2) {
            true => self.kind(),
            false => self.random.one_of(&rows).kind,
        }
    }

    /// How long a message is hidden.
    fn hidden(&self) -> Duration {
        step(self.random.one_of(&[1, 1, 3, 5]))
    }
}

fn step(times: u64) -> Duration {
    Duration::from_secs(times * STEP)
}
