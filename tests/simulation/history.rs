//! One history: some minutes of faults, then rest, then the verdict.

use std::rc::Rc;
use std::time::Duration;

use generation_queue::failure::{Code, Standing};
use generation_queue::flow::Settings;
use generation_queue::job::Kind;
use generation_queue::policy::budget::LIFETIME;
use generation_queue::policy::polling::DEADLINE;

use super::models::Outage;
use super::sim::{FaultRates, Sim};
use super::support::ledger::Status;
use super::{people, rests, verdict, worker};

/// The result of a history.
pub struct Outcome {
    /// The invariant that was violated, if one was.
    pub violation: Option<String>,
    /// Every event, if the history was traced.
    pub trace: String,
    /// How each job ended: its status, or why it has failed.
    pub ends: Vec<&'static str>,
    /// How often a model in trouble was asked.
    pub probes: u32,
}

/// More steps than any history takes that ends.
const MOST_STEPS: u64 = 400_000;

/// In seconds.
const DAY: u64 = 24 * 3600;

/// No worker lives longer: the platform ends it.
const LONGEST_LIFE: Duration = Duration::from_secs(400);

/// Plays the history of a seed.
pub fn play(seed: u64, traced: bool) -> Outcome {
    let sim = Sim::new(seed, traced);
    run_with_faults(&sim);
    run_to_rest(&sim);
    if sim.random.happens(0.5) {
        people::redrive_all(&sim, sim.random.happens(0.3));
        run_to_rest(&sim);
    }
    if sim.violation().is_none() {
        verdict::check(&sim);
    }
    sim.schedule.clear();
    let ledger = sim.ledger.borrow();
    let ends = ledger.rows.iter().map(|row| match row.status {
        Status::Succeeded => "succeeded",
        Status::Cancelled => "cancelled",
        _ => row.error_code.map_or("live", Code::as_str),
    });
    let ends = ends.collect();
    let probes = sim.rests.borrow().probes;
    Outcome { violation: sim.violation(), trace: sim.trace(), ends, probes }
}

/// Runs workers, senders and operators while faults occur.
fn run_with_faults(sim: &Rc<Sim>) {
    let random = &sim.random;
    let length = random.seconds(20.0, random.one_of(&[60.0, 200.0, 500.0, 1500.0]));
    sim.fault_rates.set(FaultRates {
        call: random.one_of(&[0.0, 0.02, 0.1, 0.3]),
        slow: random.one_of(&[0.0, 0.0, 0.05, 0.2]),
        kill: random.one_of(&[0.0, 0.005, 0.03, 0.1]),
        suspend: random.one_of(&[0.0, 0.0, 0.01, 0.05]),
        refusal: random.one_of(&[0.0, 0.05, 0.2, 0.5]),
    });
    sim.endless.set(random.happens(0.1));
    let deadline = random.one_of(&[DAY, DAY, DAY, 3600, 300]);
    // Jobs that meet trouble for a whole day would be most of a history.
    let longest = if sim.has_poisoned_jobs() { 3600 } else { DAY };
    sim.job_deadline.set(Duration::from_secs(deadline.min(longest)));
    for _ in 0..random.one_of(&[0, 0, 1, 2]) {
        sim.outages.borrow_mut().push(outage(sim, length));
    }
    let videos = random.one_of(&[0.0, 0.3, 0.5, 1.0]);
    people::schedule(sim, length, videos);
    let kind = move |sim: &Sim| people::kind(sim, videos);
    for _ in 0..=random.below(8) {
        let at = random.seconds(0.0, length.as_secs_f64() * 0.5);
        sim.after(at, move |sim| start_worker(sim, kind(sim)));
    }
    // The schedule starts workers, too.
    for minute in 0..length.as_secs() / 60 {
        sim.after(Duration::from_secs(minute * 60), move |sim| start_worker(sim, kind(sim)));
    }
    run_until(sim, length);
    sim.fault_rates.set(FaultRates::default());
    rests::begin(sim, length + LONGEST_LIFE);
    sim.note(|| "from here on there are no faults".to_owned());
}

/// An outage, a refusal or a retirement, of seconds or hours.
fn outage(sim: &Sim, length: Duration) -> Outage {
    let random = &sim.random;
    let from = random.seconds(0.0, length.as_secs_f64());
    let until = from + random.seconds(1.0, random.one_of(&[60.0, 900.0, 4.0 * 3600.0]));
    let model = random.one_of(&[
        None,
        Some("image-model"),
        Some("older-image-model"),
        Some("video-model"),
        Some("older-video-model"),
    ]);
    let standing = random.one_of(&[
        Standing::Resting,
        Standing::Resting,
        Standing::Refused,
        Standing::Retired,
    ]);
    let code = code_of(standing, from);
    sim.note(|| format!("{model:?} is {standing:?} ({code:?}) from {from:?} to {until:?}"));
    Outage { model, standing, code, from, until }
}

/// The error code in an outage. An account is refused for one of several reasons.
fn code_of(standing: Standing, from: Duration) -> Code {
    match standing {
        Standing::Resting => Code::ProviderUnavailable,
        Standing::Retired => Code::ModelUnavailable,
        Standing::Refused => match from.as_millis() % 4 {
            0 => Code::BillingRefused,
            1 => Code::LocationRefused,
            2 => Code::AccountRefused,
            _ => Code::ApiKeyInvalid,
        },
    }
}

/// Starts a worker, unless eight are running.
fn start_worker(sim: &Rc<Sim>, kind: Kind) {
    let random = &sim.random;
    if sim.schedule.living() >= 8 {
        return;
    }
    let settings = Settings {
        models: models(kind),
        concurrency: 1 + random.below(5) as u32,
        budget: random.seconds(5.0, 150.0),
        worker_lifetime: random.seconds(60.0, 400.0),
        worker_age: random.seconds(0.0, 60.0),
        operation_deadline: DEADLINE,
        max_attempts: 1 + random.below(5) as u32,
        job_deadline: sim.job_deadline.get(),
        fallback_after: random.happens(0.7).then(|| random.seconds(1.0, 3600.0)),
        left_out: Vec::new(),
        max_jobs: random.happens(0.3).then(|| 1 + random.below(3) as u32),
    };
    let stop = random.happens(0.2).then(|| sim.now() + random.seconds(0.0, 120.0));
    let worker = worker::start(sim, kind, settings, stop);
    // A worker that is told to stop has a few seconds left.
    let told = stop.map(|stop| stop + random.seconds(0.0, 20.0));
    let end = told.or_else(|| (!sim.endless.get()).then(|| sim.now() + LONGEST_LIFE));
    if let Some(end) = end {
        sim.schedule.at(random, end, move |sim| sim.end(worker));
    }
}

fn models(kind: Kind) -> Vec<String> {
    let names = match kind {
        Kind::Image => ["image-model", "older-image-model"],
        Kind::Video => ["video-model", "older-video-model"],
    };
    names.map(str::to_owned).into()
}

/// Starts workers until there is nothing left to do.
fn run_to_rest(sim: &Rc<Sim>) {
    const ROUNDS: u32 = 1_000;
    for _ in 0..ROUNDS {
        for kind in [Kind::Image, Kind::Video] {
            let settings = Settings {
                models: models(kind),
                concurrency: 5,
                budget: Duration::from_secs(120),
                worker_lifetime: LIFETIME,
                worker_age: Duration::ZERO,
                operation_deadline: DEADLINE,
                max_attempts: 5,
                job_deadline: sim.job_deadline.get(),
                fallback_after: Some(Duration::from_secs(600)),
                left_out: Vec::new(),
                max_jobs: None,
            };
            worker::start(sim, kind, settings, None);
        }
        while sim.schedule.living() > 0 && step(sim) {}
        if sim.violation().is_some() || at_rest(sim) {
            return;
        }
        let next = next_event(sim);
        run_until(sim, next);
    }
    sim.violated(|| "it does not come to rest".to_owned());
}

fn at_rest(sim: &Sim) -> bool {
    let ledger = sim.ledger.borrow();
    let left = |row: &super::support::ledger::Row| {
        row.queued.is_some() || row.publication.is_some() || row.cancellation_pending
    };
    sim.schedule.outstanding() == 0 && !ledger.rows.iter().any(left)
}

/// When there is work again: a message becomes visible, a rest is over, or copies or cancellations
/// are overdue.
fn next_event(sim: &Sim) -> Duration {
    let ledger = sim.ledger.borrow();
    let now = sim.now();
    let messages = ledger.rows.iter().filter_map(|row| Some(row.queued.as_ref()?.visible_at));
    let rests = ledger.models.values().filter_map(|stands| Some(stands.trouble.as_ref()?.until));
    let next = messages.chain(rests).filter(|at| *at > now).min();
    let overdue = now + Duration::from_secs(601);
    next.map_or(overdue, |at| at.min(overdue))
}

fn run_until(sim: &Rc<Sim>, time: Duration) {
    sim.schedule.at(&sim.random, time, |_| {});
    while sim.now() < time && step(sim) {}
}

fn step(sim: &Rc<Sim>) -> bool {
    if sim.schedule.steps() > MOST_STEPS {
        sim.violated(|| "it goes on and on".to_owned());
    }
    sim.violation().is_none() && sim.schedule.step(sim)
}
