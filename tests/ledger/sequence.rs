//! What is called next: by workers that hold leases, held them once or make them up, by people,
//! and by time.

use std::time::Duration;

use generation_queue::job::{Format, JobId, Kind, Slot};
use generation_queue::port::{Operation, Publication, StoredAsset};
use serde_json::{Value, json};

use super::answer::answer;
use super::call::{Becomes, Call};
use super::ledger::{Job, Ledger, Named, Status};
use super::random::Random;
use super::state::{STEP, state};

const KEYS: [&str; 3] = ["scene:sb:s0", "scene:sb:s1", "character:sb:c0"];
const CODES: [&str; 3] = ["provider_unavailable", "storage_failed", "submission_uncertain"];

/// Plays the sequence of a seed on the model: each call with its answer and what it leaves behind.
pub fn play(seed: u64) -> Vec<Value> {
    let random = Random::new(seed);
    let mut sequence = Sequence {
        most_jobs: random.one_of(&[1, 2, 3, 5, 8]),
        videos: random.one_of(&[0.0, 0.5, 0.5, 1.0]),
        idle: random.one_of(&[2, 5, 10]),
        copied: random.one_of(&[0, 6, 10]),
        random,
        ledger: Ledger::default(),
        now: Duration::ZERO,
        leases: Vec::new(),
        copies: Vec::new(),
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
    most_jobs: usize,
    /// How likely a job is for a video.
    videos: f64,
    /// How often time goes by.
    idle: usize,
    /// How often somebody says what was copied.
    copied: usize,
    /// Every lease that was ever given.
    leases: Vec<Named>,
    /// Every list of copies that was ever answered.
    copies: Vec<(JobId, Vec<Publication>)>,
    last: Option<Call>,
}

impl Sequence {
    /// Makes a call; what it is, is answered and leaves behind.
    fn make(&mut self, call: Call) -> Value {
        if let Call::TimeGoesBy { by } = call {
            self.now += by;
        }
        // No two calls happen at once.
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
            Call::Claim { kind, .. } => {
                for claim in answer.as_array().into_iter().flatten() {
                    let number = |field: &str| claim[field].as_i64().expect("a number");
                    let token = number("lease_token").try_into().expect("a small number");
                    self.leases.push(Named { kind: *kind, msg_id: number("msg_id"), token });
                }
            }
            Call::Complete { .. } | Call::Confirm { .. } | Call::Unpublished { .. } => {
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

    fn next(&self) -> Call {
        // Its answer was lost.
        if self.random.happens(0.15)
            && let Some(last) = &self.last
            && !matches!(last, Call::Send { .. } | Call::TimeGoesBy { .. } | Call::Entity { .. })
        {
            return last.clone();
        }
        let choices: [(usize, Choice); 15] = [
            (8, |it| (it.ledger.rows.len() < it.most_jobs).then(|| it.send())),
            (16, |it| Some(it.claim())),
            (4, |it| Some(Call::Extend { lease: it.lease()?, by: it.hidden() })),
            (8, |it| Some(Call::BeginSubmission { lease: it.lease()? })),
            (8, |it| Some(Call::RecordOperation { lease: it.lease()?, operation: it.operation() })),
            (12, |it| it.complete()),
            (12, |it| it.defer()),
            (9, |it| it.fail()),
            (self.copied, |it| it.confirm()),
            (6, |it| Some(it.unpublished())),
            (2, |it| Some(Call::Cancel { job: it.job() })),
            (6, |it| Some(it.redrive())),
            (3, |it| Some(it.read_by_hand())),
            (self.idle, |it| Some(it.time_goes_by())),
            (3, |it| Some(it.entity())),
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

    fn send(&self) -> Call {
        let random = &self.random;
        let mut message = json!({
            "storyboardId": "sb", "prompt": format!("job {}", self.ledger.rows.len()),
        });
        if random.happens(0.7) {
            message["sceneId"] = json!(random.one_of(&["s0", "s0", "s1"]));
        }
        if random.happens(0.4) {
            message["characterId"] = json!("c0");
        }
        // What is no id counts as none.
        if random.happens(0.1) {
            let field = random.one_of(&["storyboardId", "sceneId", "characterId"]);
            message[field] = random.one_of(&[json!(""), json!(7), Value::Null]);
        }
        let delay = if random.happens(0.2) { self.hidden() } else { Duration::ZERO };
        Call::Send { kind: self.kind(), message, delay, enqueued: random.happens(0.5) }
    }

    fn claim(&self) -> Call {
        let quantity = self.random.one_of(&[0, 1, 1, 1, 2, 3, 100]);
        Call::Claim { kind: self.kind(), lease: self.hidden(), quantity }
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
        let (model, usage, cost_usd) = (Some("m".to_owned()), None, Some(0.25));
        Some(Call::Complete {
            lease,
            asset: StoredAsset { path, url, format, model, usage, cost_usd },
        })
    }

    fn defer(&self) -> Option<Call> {
        let random = &self.random;
        Some(Call::Defer {
            lease: self.lease()?,
            delay: if random.happens(0.4) { Duration::ZERO } else { self.hidden() },
            counted: random.happens(0.5),
            code: random.happens(0.5).then(|| random.one_of(&CODES)),
            reset: random.happens(0.25),
        })
    }

    fn fail(&self) -> Option<Call> {
        let random = &self.random;
        let (code, reset) = (random.one_of(&CODES), random.happens(0.25));
        Some(Call::Fail { lease: self.lease()?, code, reset })
    }

    /// Mostly what was due once; sometimes less than that, or something else.
    fn confirm(&self) -> Option<Call> {
        let random = &self.random;
        if self.copies.is_empty() || random.happens(0.05) {
            let nobody = JobId::new("ffffffff-ffff-4fff-8fff-ffffffffffff").expect("a UUID");
            let job = self.ledger.rows.get(self.job()).map(|row| row.job_id.clone());
            let job = if random.happens(0.5) { nobody } else { job? };
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

    /// Not so few that it matters which of two come first that are equally old.
    fn unpublished(&self) -> Call {
        let (kind, quantity) = (self.kind(), self.random.one_of(&[0_u32, 1, 2, 100]));
        let mut ages: Vec<_> = self
            .succeeded()
            .into_iter()
            .map(|job| &self.ledger.rows[job])
            .filter(|row| row.kind == kind && row.publication_pending)
            .map(|row| row.updated_at)
            .collect();
        ages.sort_unstable();
        let last = quantity.saturating_sub(1) as usize;
        let close = matches!(ages.get(last..), Some([last, next, ..]) if *next - *last < step(1));
        let quantity = if quantity > 0 && close { 100 } else { quantity };
        Call::Unpublished { kind, quantity }
    }

    fn redrive(&self) -> Call {
        let random = &self.random;
        let mut jobs = Vec::new();
        for job in 0..self.ledger.rows.len() {
            if random.happens(0.7) {
                jobs.push(job);
            }
        }
        let given = 1 + random.below(7);
        Call::Redrive {
            jobs: (given & 1 != 0).then_some(jobs),
            code: (given & 2 != 0).then(|| random.one_of(&CODES)),
            kind: (given & 4 != 0).then(|| self.kind()),
            forget: random.happens(0.4),
        }
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

    /// A lease: mostly one that is held, often one that was given once, sometimes another.
    fn lease(&self) -> Option<Named> {
        let random = &self.random;
        let held: Vec<_> =
            self.leases.iter().filter(|lease| self.is_held(lease)).copied().collect();
        let mut lease = match held.is_empty() || random.happens(0.25) {
            true if self.leases.is_empty() => return None,
            true => random.one_of(&self.leases),
            false => random.one_of(&held),
        };
        if random.happens(0.1) {
            match random.below(3) {
                0 => lease.kind = random.one_of(&[Kind::Image, Kind::Video]),
                1 => lease.token = random.one_of(&[0, lease.token - 1, lease.token + 1]),
                _ => lease.msg_id = random.one_of(&[-1, 0, lease.msg_id - 1, lease.msg_id + 1]),
            }
        }
        Some(lease)
    }

    fn is_held(&self, lease: &Named) -> bool {
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

    /// How long a message is hidden.
    fn hidden(&self) -> Duration {
        step(self.random.one_of(&[1, 1, 3, 5]))
    }
}

fn step(times: u64) -> Duration {
    Duration::from_secs(times * STEP)
}
